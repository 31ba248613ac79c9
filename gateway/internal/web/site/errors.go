package site

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/status"
)

// errorPage says what happened and what to do next, in plain words.
type errorPage struct {
	Base
	Status  int
	Code    string
	What    string
	Next    string
	SignIn  bool // offer to sign in
	Reasons []consortium.Reason
}

// Fail renders an error as a page. It is the only place that does, and fits auth.Fail, so that sign-in shows its errors
// here too.
func (s *Site) Fail(c *gin.Context, err error) {
	known := fault.Of(err)
	code := status.OfKind(known.Kind)
	s.logError(c, code, err)
	if c.Writer.Header().Get("Content-Security-Policy") == "" {
		s.headers(c) // sign-in's routes do not pass through ours
	}
	if code == http.StatusServiceUnavailable {
		c.Header("Retry-After", "5")
	}
	lang := LangOf(c)
	page := errorPage{
		Base: s.shell.Base(c, "error.title."+kindName(known.Kind), ""), Status: code, Code: string(known.Code),
		What: s.shell.ErrorText(lang, known), Next: s.shell.errorNext(lang, known), SignIn: known.Kind == fault.Unauthorized,
	}
	var refused *exchange.Refused
	if errors.As(err, &refused) {
		page.What, page.Reasons = s.shell.Text(lang, "refused.intro"), refused.Decision.Reasons
	}
	if renderErr := s.shell.Render(c, code, "error", page); renderErr != nil {
		s.Logger.ErrorContext(c.Request.Context(), "render error page", "error", renderErr)
		c.String(http.StatusInternalServerError, known.Public)
	}
	c.Abort()
}

// logError keeps the chain for those who mend it. A refusal is no fault of the program and is logged, as a decision,
// elsewhere.
func (s *Site) logError(c *gin.Context, code int, err error) {
	args := []any{"status", code, "code", fault.Of(err).Code, "route", c.FullPath(), "request_id", s.RequestID(c)}
	if code < 500 {
		s.Logger.DebugContext(c.Request.Context(), "page refused", args...)
		return
	}
	s.Logger.ErrorContext(c.Request.Context(), "page failed", append(args, "error", err)...)
}

// ErrorText prefers words of ours for the code, then, in English, the error's own public text, then words for its kind.
func (p *Pages) ErrorText(lang Lang, err *fault.Error) string {
	if key := "error." + string(err.Code); p.HasText(key) {
		return p.Text(lang, key)
	}
	if lang == English && err.Public != "" {
		return err.Public
	}
	return p.Text(lang, "error.kind."+kindName(err.Kind))
}

func (p *Pages) errorNext(lang Lang, err *fault.Error) string {
	if key := "error." + string(err.Code) + ".next"; p.HasText(key) {
		return p.Text(lang, key)
	}
	return p.Text(lang, "error.next."+kindName(err.Kind))
}

// kindNames select the words of a kind. A malformed input is an invalid one to whoever filled in a form.
var kindNames = map[fault.Kind]string{
	fault.Internal:     "internal",
	fault.Unavailable:  "unavailable",
	fault.Malformed:    "invalid",
	fault.Invalid:      "invalid",
	fault.Unauthorized: "unauthorized",
	fault.Forbidden:    "forbidden",
	fault.NotFound:     "notfound",
	fault.Unsupported:  "notfound",
	fault.Gone:         "gone",
	fault.Conflict:     "conflict",
	fault.TooLarge:     "toolarge",
	fault.TooMany:      "toomany",
}

func kindName(k fault.Kind) string { return kindNames[k] }
