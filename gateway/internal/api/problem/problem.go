// Package problem renders errors for programs: problem documents (RFC 9457) for the JSON API, the public log and other
// members, OperationOutcomes for FHIR.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
	"yilian.example/exchange/intake"
	"yilian.example/gateway/internal/status"
)

// issues has FHIR's issue type (http://hl7.org/fhir/issue-type) for each kind of error; status.OfKind has the status.
var issues = map[fault.Kind]string{
	fault.Internal:     "exception",
	fault.Unavailable:  "transient",
	fault.Malformed:    "structure",
	fault.Invalid:      "invalid",
	fault.Unauthorized: "login",
	fault.Forbidden:    "forbidden",
	fault.NotFound:     "not-found",
	fault.Gone:         "deleted",
	fault.Conflict:     "conflict",
	fault.TooLarge:     "too-long",
	fault.Unsupported:  "not-supported",
	fault.TooMany:      "throttled",
}

// codes are the few codes for which HTTP has a more exact status than their kind's.
var codes = map[fault.Code]int{
	CodeMediaType:      http.StatusUnsupportedMediaType,
	CodeNotAcceptable:  http.StatusNotAcceptable,
	CodeMethod:         http.StatusMethodNotAllowed,
	"VERSION_CONFLICT": http.StatusPreconditionFailed, // If-Match
	"MULTIPLE_MATCHES": http.StatusPreconditionFailed, // If-None-Exist
}

// Status returns the HTTP status of an error.
func Status(err error) int {
	f := fault.Of(err)
	if exact, ok := codes[f.Code]; ok {
		return exact
	}
	return status.OfKind(f.Kind)
}

// Failures renders errors. The caller sees the kind, a code and a safe sentence; the log sees the chain, and only of
// what is not the caller's doing.
type Failures struct {
	Logger *slog.Logger
}

// Document is an RFC 9457 problem document with two members of our own.
type Document struct {
	Type    string              `json:"type"`
	Title   string              `json:"title"`
	Status  int                 `json:"status"`
	Detail  string              `json:"detail"`
	Code    string              `json:"code"`
	Reasons []consortium.Reason `json:"reasons,omitempty"`
}

// Problem answers with a problem document. It is for everything but FHIR and pages.
func (f Failures) Problem(c *gin.Context, err error) {
	status := f.begin(c, err)
	body, _ := json.Marshal(DocumentOf(err, status)) // strings and numbers always encode
	c.Data(status, "application/problem+json", body)
	c.Abort()
}

// DocumentOf returns the problem document of an error.
func DocumentOf(err error, status int) Document {
	classified := fault.Of(err)
	return Document{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: classified.Public, Code: string(classified.Code), Reasons: reasons(err),
	}
}

// Outcome answers with an OperationOutcome. It is for FHIR.
func (f Failures) Outcome(c *gin.Context, err error) {
	status := f.begin(c, err)
	c.Data(status, "application/fhir+json; charset=utf-8", fhir.Outcome(Issues(err)))
	c.Abort()
}

// Unrouted answers addresses and methods that no route serves, in the manner of the surface that they look like; page
// is for those of people. The engine calls it through NoRoute and NoMethod.
func (f Failures) Unrouted(page func(*gin.Context, error)) gin.HandlerFunc {
	surfaces := []struct {
		root string
		fail func(*gin.Context, error)
	}{{"/fhir", f.Outcome}, {"/api", f.Problem}, {"/log", f.Problem}, {"/exchange", f.Problem}}
	return func(c *gin.Context) {
		err := fault.New(fault.NotFound, CodeNoSuchAddress, "Nothing is served at this address.")
		if c.Writer.Header().Get("Allow") != "" { // set by the engine: the address is known, the method is not
			err = fault.New(fault.Unsupported, CodeMethod, "This address does not serve this method; see the header Allow.")
		}
		for _, s := range surfaces {
			if path := c.Request.URL.Path; path == s.root || strings.HasPrefix(path, s.root+"/") {
				s.fail(c, err)
				return
			}
		}
		page(c, err)
	}
}

// begin sets what every failure's answer carries, logs it, and gives its status.
func (f Failures) begin(c *gin.Context, err error) int {
	status := Status(err)
	h := c.Writer.Header()
	h.Set("Cache-Control", "no-store")
	if status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", "Bearer")
	}
	if wait := RetryAfter(err); wait != "" {
		h.Set("Retry-After", wait)
	}
	f.Report(
		c.Request.Context(), status, err, "route", c.FullPath(), "method", c.Request.Method, "request_id",
		h.Get("X-Request-Id"),
	)
	return status
}

// pause is how many seconds a caller should wait who is not told better.
const pause = 5

// RetryAfter returns the header of an error that may pass by itself, in seconds, rounded up; else nothing.
func RetryAfter(err error) string {
	switch Status(err) {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
	default:
		return ""
	}
	var told interface{ RetryAfter() time.Duration }
	if errors.As(err, &told) {
		return strconv.Itoa(max(1, int(math.Ceil(told.RetryAfter().Seconds()))))
	}
	return strconv.Itoa(pause)
}

// Report logs what is not the caller's doing. A caller who hung up is no failure.
func (f Failures) Report(ctx context.Context, status int, err error, attributes ...any) {
	if status < http.StatusInternalServerError || errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	f.Logger.ErrorContext(ctx, "request failed", append(attributes, "status", status, "error", err)...)
}

// reasons returns the grounds of a refusal. An error that hides one behind another kind (not found) has none.
func reasons(err error) []consortium.Reason {
	var refused *exchange.Refused
	if fault.Is(err, fault.Forbidden) && errors.As(err, &refused) {
		return refused.Decision.Reasons
	}
	return nil
}

// Issues says an error in FHIR's terms: all issues of a rejected resource, all reasons of a refusal, or the error's
// own sentence.
func Issues(err error) fhir.Issues {
	var rejected *intake.Rejected
	if errors.As(err, &rejected) {
		return rejected.Issues
	}
	classified := fault.Of(err)
	issue := fhir.Issue{
		Severity:    fhir.SeverityError,
		Code:        issues[classified.Kind],
		Diagnostics: classified.Public,
		Reason:      string(classified.Code),
	}
	grounds := reasons(err)
	if len(grounds) == 0 {
		return fhir.Issues{issue}
	}
	out := make(fhir.Issues, 0, len(grounds))
	for _, r := range grounds {
		issue.Reason = r.Code
		issue.Diagnostics = "The policy does not allow this: " + r.Code + ", which rests on " + r.Article + "."
		out = append(out, issue)
	}
	return out
}
