// Package problem renders errors for programs: problem documents (RFC 9457) for the JSON API, the public log and other
// members, OperationOutcomes for FHIR.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
	"yilian.example/exchange/intake"
)

// kinds is the one table from error kinds to HTTP status and FHIR issue type (http://hl7.org/fhir/issue-type).
var kinds = map[fault.Kind]struct {
	status int
	issue  string
}{
	fault.Internal:     {http.StatusInternalServerError, "exception"},
	fault.Unavailable:  {http.StatusServiceUnavailable, "transient"},
	fault.Invalid:      {http.StatusBadRequest, "invalid"},
	fault.Unauthorized: {http.StatusUnauthorized, "login"},
	fault.Forbidden:    {http.StatusForbidden, "forbidden"},
	fault.NotFound:     {http.StatusNotFound, "not-found"},
	fault.Gone:         {http.StatusGone, "deleted"},
	fault.Conflict:     {http.StatusConflict, "conflict"},
	fault.TooLarge:     {http.StatusRequestEntityTooLarge, "too-long"},
	fault.Unsupported:  {http.StatusNotFound, "not-supported"},
	fault.TooMany:      {http.StatusTooManyRequests, "throttled"},
}

// codes are the few codes for which HTTP has a more exact status than their kind's.
var codes = map[fault.Code]int{
	"MEDIA_TYPE":       http.StatusUnsupportedMediaType,
	"NOT_ACCEPTABLE":   http.StatusNotAcceptable,
	"METHOD":           http.StatusMethodNotAllowed,
	"VERSION_CONFLICT": http.StatusPreconditionFailed, // If-Match
	"MULTIPLE_MATCHES": http.StatusPreconditionFailed, // If-None-Exist
}

// Status gives the HTTP status of an error.
func Status(err error) int {
	f := fault.Of(err)
	if status, ok := codes[f.Code]; ok {
		return status
	}
	var rejected *intake.Rejected
	if f.Kind == fault.Invalid && f.Code != "MALFORMED" && errors.As(err, &rejected) {
		return http.StatusUnprocessableEntity // JSON, but against the rules
	}
	return kinds[f.Kind].status
}

// Failures renders errors. The caller sees the kind, a code and a safe sentence; the log sees the chain, and only of
// what is not the caller's doing.
type Failures struct {
	Log *slog.Logger
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
		err := fault.New(fault.NotFound, "NO_SUCH_ADDRESS", "Nothing is served at this address.")
		if c.Writer.Header().Get("Allow") != "" { // set by the engine: the address is known, the method is not
			err = fault.New(fault.Unsupported, "METHOD", "This address does not serve this method; see the header Allow.")
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
	switch status {
	case http.StatusUnauthorized:
		if h.Get("WWW-Authenticate") == "" {
			h.Set("WWW-Authenticate", "Bearer")
		}
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h.Set("Retry-After", "5")
	}
	f.Report(
		c.Request.Context(), status, err, "route", c.FullPath(), "method", c.Request.Method, "request_id",
		h.Get("X-Request-Id"),
	)
	return status
}

// Report logs what is not the caller's doing. A caller who hung up is no failure.
func (f Failures) Report(ctx context.Context, status int, err error, attributes ...any) {
	if status < http.StatusInternalServerError || errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	f.Log.ErrorContext(ctx, "request failed", append(attributes, "status", status, "error", err)...)
}

// reasons gives the grounds of a refusal. An error that hides one behind another kind (not found) has none.
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
		Code:        kinds[classified.Kind].issue,
		Diagnostics: classified.Public,
		Reason:      string(classified.Code),
	}
	grounds := reasons(err)
	if len(grounds) == 0 {
		return fhir.Issues{issue}
	}
	issues := make(fhir.Issues, 0, len(grounds))
	for _, r := range grounds {
		issue.Reason = r.Code
		issue.Diagnostics = "The policy does not allow this: " + r.Code + ", which rests on " + r.Article + "."
		issues = append(issues, issue)
	}
	return issues
}
