package fhir

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	r4 "yilian.example/exchange/fhir"
	"yilian.example/exchange/intake"
	"yilian.example/gateway/internal/api/problem"
)

// bundle stores a transaction or batch.
func (f *Server) bundle(c *gin.Context) {
	caller, ok := f.caller(c)
	if !ok {
		return
	}
	body, ok := f.body(c, "application/fhir+json", "application/json")
	if !ok {
		return
	}
	taken, err := f.Ingest.Bundle(c.Request.Context(), caller, body)
	if err != nil {
		f.Failures.Outcome(c, err)
		return
	}
	c.Data(http.StatusOK, mediaType, f.bundleResponse(c.Request.Context(), taken, preferred(c.Request)))
}

// bundleResponse writes the transaction-response or batch-response. It is written by hand so that stored resources
// stand in it byte for byte.
func (f *Server) bundleResponse(ctx context.Context, taken intake.TakenBundle, prefer string) []byte {
	var b bytes.Buffer
	kind := "batch-response"
	if taken.Transaction {
		kind = "transaction-response"
	}
	b.WriteString(`{"resourceType":"Bundle","type":"` + kind + `"`)
	for i, t := range taken.Entries {
		b.WriteString(map[bool]string{true: `,"entry":[`, false: `,`}[i == 0])
		if t.Err != nil {
			status := problem.Status(t.Err)
			b.WriteString(`{"response":{"status":` + quote(statusLine(status)) + `,"outcome":`)
			b.Write(r4.Outcome(problem.Issues(t.Err)))
			b.WriteString(`}}`)
			if status >= http.StatusInternalServerError {
				f.Failures.Logger.ErrorContext(ctx, "batch entry failed", "entry", i, "status", status, "error", t.Err)
			}
			continue
		}
		f.entry(&b, t, prefer)
	}
	if len(taken.Entries) > 0 {
		b.WriteByte(']')
	}
	b.WriteByte('}')
	return b.Bytes()
}

func (f *Server) entry(b *bytes.Buffer, t intake.Taken, prefer string) {
	status := http.StatusOK
	if t.Created {
		status = http.StatusCreated
	}
	b.WriteString(`{"fullUrl":` + quote(f.base()+t.Ref.Type+"/"+t.Ref.ID))
	if prefer == "representation" && t.Content != nil {
		b.WriteString(`,"resource":`)
		b.Write(t.Content)
	}
	b.WriteString(`,"response":{"status":` + quote(statusLine(status)))
	b.WriteString(`,"location":` + quote(location(t.Ref, t.Number)))
	b.WriteString(`,"etag":` + quote(etag(t.Number)))
	if !t.Recorded.IsZero() {
		b.WriteString(`,"lastModified":"` + r4.Instant(t.Recorded) + `"`)
	}
	if prefer == "OperationOutcome" || len(t.Remarks) > 0 {
		b.WriteString(`,"outcome":`)
		b.Write(r4.Outcome(t.Remarks))
	}
	b.WriteString(`}}`)
}

func statusLine(status int) string { return strconv.Itoa(status) + " " + http.StatusText(status) }

func quote(s string) string {
	out, _ := json.Marshal(s) // a string always encodes
	return string(out)
}
