// Package fhir serves the RESTful interface of FHIR R4 for one organisation: it turns requests into calls of the
// domains and errors into OperationOutcomes. It decides nothing.
package fhir

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	r4 "yilian.example/exchange/fhir"
	"yilian.example/exchange/intake"
	"yilian.example/gateway/internal/api/limit"
	"yilian.example/gateway/internal/api/problem"
	"yilian.example/gateway/internal/api/purpose"
	"yilian.example/gateway/internal/auth"
)

// mediaType is the media type of every FHIR answer.
const mediaType = "application/fhir+json; charset=utf-8"

// Taker stores what comes in; *intake.Intake is one.
type Taker interface {
	Create(
		ctx context.Context, caller intake.Caller, typ string, body []byte, ifNoneExist string,
	) (intake.Taken, error)
	Update(
		ctx context.Context, caller intake.Caller, typ, id string, body []byte, ifMatch string,
	) (intake.Taken, error)
	Bundle(ctx context.Context, caller intake.Caller, body []byte) (intake.TakenBundle, error)
}

// Reader shows one record under a logged decision; *records.Reading is one.
type Reader interface {
	Read(
		ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, ref exchange.RecordRef, number int,
	) (exchange.Version, error)
}

// Finder finds records by search values; *records.Keeper is one.
type Finder interface {
	Find(ctx context.Context, typ string, tokens []exchange.Token) ([]string, error)
}

// Server serves the RESTful interface of FHIR R4 for one organisation.
type Server struct {
	Org       consortium.OrgID
	PublicURL string // without a slash at the end; the interface is at PublicURL/fhir
	MaxBody   int64  // bytes of one request
	Started   time.Time
	Ingest    Taker
	Records   Reader
	Finder    Finder
	Lookups   limit.Lookups // of people
	// ActorFrom returns the caller whom authentication has found.
	ActorFrom func(context.Context) (consortium.Actor, bool)
	Failures  problem.Failures
}

// Register adds the interface at /fhir. Authentication must come before it.
func (f *Server) Register(r gin.IRouter) {
	g := r.Group("/fhir")
	g.GET("/metadata", f.metadata)
	g.POST("", f.bundle)
	g.POST("/", f.bundle)
	g.POST("/:type", f.create)
	g.POST("/:type/:id", f.search)
	g.PUT("/:type/:id", f.update)
	g.GET("/:type/:id", f.read)
	g.GET("/:type/:id/_history/:version", f.vread)
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodDelete, http.MethodPatch} {
		g.Handle(method, "", f.notAllowed("POST"))
		g.Handle(method, "/:type", f.notAllowed("POST"))
	}
	for _, method := range []string{http.MethodDelete, http.MethodPatch} {
		g.Handle(method, "/:type/:id", f.notAllowed("GET, PUT"))
	}
}

// notAllowed answers interactions of FHIR that are not served. A search by GET is one: search values are identifiers,
// and addresses are written to logs all along the way.
func (f *Server) notAllowed(allow string) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Allow", allow)
		f.Failures.Outcome(
			c,
			fault.New(
				fault.Unsupported, problem.CodeMethod,
				"This interaction is not served; the CapabilityStatement at /fhir/metadata lists those that are. "+
					"Searches are sent by POST to Patient/_search.",
			),
		)
	}
}

// caller returns who calls and why, or answers and reports false.
func (f *Server) caller(c *gin.Context) (intake.Caller, bool) {
	if !acceptsFHIR(c.Request) {
		f.Failures.Outcome(
			c,
			fault.New(
				fault.Unsupported, problem.CodeNotAcceptable,
				"Only application/fhir+json is served, in UTF-8 and FHIR version 4.0.",
			),
		)
		return intake.Caller{}, false
	}
	actor, ok := f.ActorFrom(c.Request.Context())
	if !ok {
		f.Failures.Outcome(
			c, fault.New(fault.Unauthorized, auth.CodeSignIn, "Send a bearer token of your organisation's identity provider."),
		)
		return intake.Caller{}, false
	}
	what, err := purpose.Of(c.Request)
	if err != nil {
		f.Failures.Outcome(c, err)
		return intake.Caller{}, false
	}
	return intake.Caller{Actor: actor, Purpose: what}, true
}

// body reads a FHIR body, or answers and reports false.
func (f *Server) body(c *gin.Context, types ...string) ([]byte, bool) {
	mt, params, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	charset, version := strings.ToLower(params["charset"]), params["fhirversion"]
	good := false
	for _, t := range types {
		good = good || mt == t
	}
	if err != nil || !good || charset != "" && charset != "utf-8" || version != "" && version != "4.0" ||
		c.GetHeader("Content-Encoding") != "" {
		f.Failures.Outcome(
			c, fault.New(fault.Unsupported, problem.CodeMediaType, "Send "+types[0]+" in UTF-8, not compressed."),
		)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, f.MaxBody))
	if err == nil {
		return body, true
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = fault.Wrap(
			err, fault.TooLarge, problem.CodeTooLarge,
			"The body may have "+strconv.FormatInt(f.MaxBody, 10)+" bytes at most. Send several requests.",
		)
	} else {
		err = fault.Wrap(err, fault.Malformed, problem.CodeCut, "The body ended before it was complete.")
	}
	f.Failures.Outcome(c, err)
	return nil, false
}

// known answers requests for types that are not kept.
func (f *Server) known(c *gin.Context) bool {
	if _, ok := r4.ClassOf(c.Param("type")); ok {
		return true
	}
	f.Failures.Outcome(
		c,
		fault.New(
			fault.Unsupported, CodeTypeNotKept,
			"Resources of this type are not kept here; the CapabilityStatement at /fhir/metadata lists those that are.",
		),
	)
	return false
}

// acceptsFHIR reports whether the caller takes our one format.
func acceptsFHIR(r *http.Request) bool {
	if format := r.URL.Query().Get("_format"); format != "" {
		return format == "json" || strings.HasSuffix(format, "/json") ||
			strings.HasSuffix(strings.ReplaceAll(format, " ", "+"), "fhir+json")
	}
	accept := r.Header.Values("Accept")
	if len(accept) == 0 {
		return true
	}
	for _, part := range strings.Split(strings.Join(accept, ","), ",") {
		switch mt, _, err := mime.ParseMediaType(part); {
		case err != nil:
		case mt == "application/fhir+json", mt == "application/json", mt == "*/*", mt == "application/*":
			return true
		}
	}
	return false
}

func (f *Server) base() string { return f.PublicURL + "/fhir/" }

// location is the address of a version.
func location(ref exchange.RecordRef, number int) string {
	return ref.Type + "/" + ref.ID + "/_history/" + strconv.Itoa(number)
}

func etag(number int) string { return `W/"` + strconv.Itoa(number) + `"` }
