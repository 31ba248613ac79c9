package fhir

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	r4 "yilian.example/exchange/fhir"
	"yilian.example/exchange/intake"
)

func (f *Server) create(c *gin.Context) {
	caller, ok := f.caller(c)
	if !ok || !f.known(c) {
		return
	}
	body, ok := f.body(c, "application/fhir+json", "application/json")
	if !ok {
		return
	}
	taken, err := f.Ingest.Create(c.Request.Context(), caller, c.Param("type"), body, c.GetHeader("If-None-Exist"))
	if err != nil {
		f.Failures.Outcome(c, err)
		return
	}
	f.stored(c, taken)
}

func (f *Server) update(c *gin.Context) {
	caller, ok := f.caller(c)
	if !ok || !f.known(c) {
		return
	}
	body, ok := f.body(c, "application/fhir+json", "application/json")
	if !ok {
		return
	}
	taken, err := f.Ingest.Update(
		c.Request.Context(), caller, c.Param("type"), c.Param("id"), body, c.GetHeader("If-Match"),
	)
	if err != nil {
		f.Failures.Outcome(c, err)
		return
	}
	f.stored(c, taken)
}

// stored answers a create or update as the Prefer header asks; the default is the resource itself.
func (f *Server) stored(c *gin.Context, t intake.Taken) {
	status := http.StatusOK
	if t.Created {
		status = http.StatusCreated
	}
	c.Header("Location", f.base()+location(t.Ref, t.Number))
	c.Header("ETag", etag(t.Number))
	if !t.Recorded.IsZero() {
		c.Header("Last-Modified", t.Recorded.UTC().Format(http.TimeFormat))
	}
	switch prefer := preferred(c.Request); {
	case prefer == "OperationOutcome":
		c.Data(status, mediaType, r4.Outcome(t.Remarks))
	case prefer == "minimal" || t.Content == nil:
		c.Status(status)
	default:
		c.Data(status, mediaType, t.Content)
	}
}

// preferred returns the return preference of RFC 7240: minimal, representation, OperationOutcome or "".
func preferred(r *http.Request) string {
	stated := strings.Join(r.Header.Values("Prefer"), ",")
	between := func(c rune) bool { return c == ',' || c == ';' }
	for _, part := range strings.FieldsFunc(stated, between) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(part), "return="); ok {
			return strings.Trim(value, `"`)
		}
	}
	return ""
}
