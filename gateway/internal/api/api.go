// Package api is what programs ask of a gateway in JSON, a file per resource, beside the public log and operators'
// endpoints. FHIR and other members' gateways have packages below it. Handlers turn requests into calls of the domains
// and errors into problem documents; they decide nothing.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/api/problem"
	"yilian.example/gateway/internal/auth"
	"yilian.example/gateway/internal/charset"
)

// ActorFrom returns the caller whom authentication has found.
type ActorFrom func(context.Context) (consortium.Actor, bool)

// JSON is the JSON API. Each resource adds its operations with register.
type JSON struct {
	api       huma.API
	actorFrom ActorFrom
	failures  problem.Failures
}

// New adds the JSON API to a group of the engine, and its description, OpenAPI 3.1, at /api/openapi.json.
func New(
	engine *gin.Engine, group *gin.RouterGroup, publicURL string, actorFrom ActorFrom, failures problem.Failures,
) JSON {
	conf := huma.DefaultConfig("Yilian gateway", "1")
	conf.OpenAPIPath = "/api/openapi"
	conf.DocsPath = ""    // its page would load scripts from elsewhere
	conf.SchemasPath = "" // no links to schemas in answers
	conf.CreateHooks = nil
	conf.Servers = []*huma.Server{{URL: publicURL}}
	conf.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer": {
			Type:         "http",
			Scheme:       "bearer",
			BearerFormat: "JWT",
			Description:  "Access token of the organisation's OpenID provider",
		},
	}
	conf.Security = []map[string][]string{{"bearer": {}}}
	j := JSON{api: humagin.NewWithGroup(engine, group, conf), actorFrom: actorFrom, failures: failures}
	j.api.UseMiddleware(j.admit)
	return j
}

// requestID is where the request's id stands in an operation's context.
type requestID struct{}

// admit lets callers pass who are known. It comes before a request's form is looked at: strangers are not told about
// it.
func (j JSON) admit(ctx huma.Context, next func(huma.Context)) {
	c := humagin.Unwrap(ctx)
	if _, ok := j.actorFrom(ctx.Context()); !ok {
		j.failures.Problem(
			c,
			fault.New(
				fault.Unauthorized, auth.CodeSignIn, "Sign in, or send a bearer token of your organisation's identity provider.",
			),
		)
		return
	}
	if err := charset.Check(c.Request); err != nil {
		j.failures.Problem(c, err)
		return
	}
	next(huma.WithValue(ctx, requestID{}, c.Writer.Header().Get("X-Request-Id")))
}

// register adds one operation. Errors become problem documents.
func register[I, O any](j JSON, op huma.Operation, handle func(context.Context, consortium.Actor, *I) (*O, error)) {
	huma.Register(j.api, op, func(ctx context.Context, in *I) (*O, error) {
		actor, ok := j.actorFrom(ctx)
		if !ok {
			return nil, j.fail(ctx, op, errors.New("operation reached without a caller"))
		}
		out, err := handle(ctx, actor, in)
		if err != nil {
			return nil, j.fail(ctx, op, err)
		}
		return out, nil
	})
}

func (j JSON) fail(ctx context.Context, op huma.Operation, err error) error {
	status := problem.Status(err)
	id, _ := ctx.Value(requestID{}).(string)
	j.failures.Report(ctx, status, err, "route", op.Path, "method", op.Method, "request_id", id)
	return &humaProblem{err: err, status: status}
}

// humaProblem is an error as huma renders it.
type humaProblem struct {
	err    error
	status int
}

var (
	_ huma.StatusError  = (*humaProblem)(nil)
	_ huma.HeadersError = (*humaProblem)(nil)
)

// Error returns the text for logs.
func (p *humaProblem) Error() string { return p.err.Error() }

// Unwrap returns the classified error.
func (p *humaProblem) Unwrap() error { return p.err }

// GetStatus is the HTTP status.
func (p *humaProblem) GetStatus() int { return p.status }

// GetHeaders says when to try again, where that helps.
func (p *humaProblem) GetHeaders() http.Header {
	h := http.Header{}
	if wait := problem.RetryAfter(p.err); wait != "" {
		h.Set("Retry-After", wait)
	}
	return h
}

// ContentType is that of RFC 9457.
func (p *humaProblem) ContentType(string) string { return "application/problem+json" }

// MarshalJSON returns the problem document.
func (p *humaProblem) MarshalJSON() ([]byte, error) {
	return json.Marshal(problem.DocumentOf(p.err, p.status))
}

// schemaProblem is what huma's own validation of a request finds; it repeats no value.
func schemaProblem(status int, _ string, errs ...error) huma.StatusError {
	text := "The request is not of the documented form: see /api/openapi.json."
	for _, err := range errs {
		if detail, ok := err.(*huma.ErrorDetail); ok {
			text = "The request is not of the documented form (" + detail.Location + "): see /api/openapi.json."
			break
		}
	}
	kind, code := fault.Invalid, CodeNotAsDocumented
	switch status {
	case http.StatusBadRequest:
		kind, code = fault.Malformed, CodeMalformed
	case http.StatusRequestEntityTooLarge:
		kind, code, text = fault.TooLarge, problem.CodeTooLarge, "The request is too large."
	case http.StatusUnsupportedMediaType:
		kind, code, text = fault.Unsupported, problem.CodeMediaType, "Send application/json."
	case http.StatusNotAcceptable:
		kind, code, text = fault.Unsupported, problem.CodeNotAcceptable, "Only application/json is served."
	}
	err := fault.New(kind, code, text)
	return &humaProblem{err: err, status: problem.Status(err)}
}

func init() { huma.NewError = schemaProblem }
