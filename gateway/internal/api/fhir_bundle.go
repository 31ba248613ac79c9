package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
	"yilian.example/exchange/intake"
)

// bundle stores a transaction or batch.
func (f *FHIR) bundle(c *gin.Context) {
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
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, fhirJSON, f.bundleResponse(taken, preferred(c.Request)))
}

// bundleResponse writes the transaction-response or batch-response. It is written by hand so that stored resources
// stand in it byte for byte.
func (f *FHIR) bundleResponse(taken intake.TakenBundle, prefer string) []byte {
	var b bytes.Buffer
	kind := "batch-response"
	if taken.Transaction {
		kind = "transaction-response"
	}
	b.WriteString(`{"resourceType":"Bundle","type":"` + kind + `"`)
	for i, t := range taken.Entries {
		b.WriteString(map[bool]string{true: `,"entry":[`, false: `,`}[i == 0])
		if t.Err != nil {
			status := Status(t.Err)
			b.WriteString(`{"response":{"status":` + quote(statusLine(status)) + `,"outcome":`)
			b.Write(fhir.Outcome(issuesOf(t.Err)))
			b.WriteString(`}}`)
			if status >= http.StatusInternalServerError {
				f.Failures.Log.Error("batch entry failed", "entry", i, "status", status, "error", t.Err)
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

func (f *FHIR) entry(b *bytes.Buffer, t intake.Taken, prefer string) {
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
		b.WriteString(`,"lastModified":"` + fhir.Instant(t.Recorded) + `"`)
	}
	if prefer == "OperationOutcome" || len(t.Remarks) > 0 {
		b.WriteString(`,"outcome":`)
		b.Write(fhir.Outcome(t.Remarks))
	}
	b.WriteString(`}}`)
}

func statusLine(status int) string { return strconv.Itoa(status) + " " + http.StatusText(status) }

func quote(s string) string {
	out, _ := json.Marshal(s) // a string always encodes
	return string(out)
}

// search serves POST Patient/_search with the parameter identifier, in the form body only.
func (f *FHIR) search(c *gin.Context) {
	caller, ok := f.caller(c)
	if !ok {
		return
	}
	if c.Param("type") != "Patient" || c.Param("id") != "_search" {
		f.notAllowed("GET, PUT")(c)
		return
	}
	body, ok := f.body(c, "application/x-www-form-urlencoded")
	if !ok {
		return
	}
	form, err := url.ParseQuery(string(body))
	criteria, good := fhir.ParseCriteria("identifier=" + url.QueryEscape(form.Get("identifier")))
	if err != nil || !good || len(form) != 1 || len(form["identifier"]) != 1 || len(c.Request.URL.Query()) > 0 {
		f.Failures.Outcome(
			c,
			fault.New(
				fault.Invalid, "SEARCH",
				"Send identifier=system|value in the body, and nothing else: no other parameter is served, and identifiers do not belong into addresses.",
			),
		)
		return
	}
	found, err := f.find(c, caller, criteria)
	if err != nil {
		f.Failures.Outcome(c, err)
		return
	}
	c.Header("Cache-Control", "no-store")
	c.Data(http.StatusOK, fhirJSON, f.searchset(found))
}

// find reads the Patients that carry an identifier, each under its own decision. A refusal is the answer, but for
// patients: to them, other people's records do not exist.
func (f *FHIR) find(c *gin.Context, caller intake.Caller, criteria fhir.Identifier) ([]exchange.Version, error) {
	ctx := c.Request.Context()
	ids, err := f.Finder.Find(
		ctx, "Patient", []exchange.Token{{Param: "identifier", System: criteria.System, Value: criteria.Value}},
	)
	if err != nil {
		return nil, err
	}
	var found []exchange.Version
	for _, id := range ids {
		v, err := f.Records.Read(
			ctx, caller.Actor, caller.Purpose, exchange.RecordRef{Org: f.Org, Type: "Patient", ID: id}, 0,
		)
		switch {
		case err == nil:
			found = append(found, v)
		case fault.Is(err, fault.NotFound) || fault.Is(err, fault.Gone):
		case fault.Is(err, fault.Forbidden) && caller.Actor.Role == consortium.RolePatient:
		default:
			return nil, err
		}
	}
	return found, nil
}

func (f *FHIR) searchset(found []exchange.Version) []byte {
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"Bundle","type":"searchset","total":` + strconv.Itoa(len(found)))
	for i, v := range found {
		b.WriteString(map[bool]string{true: `,"entry":[`, false: `,`}[i == 0])
		b.WriteString(`{"fullUrl":` + quote(f.base()+v.Ref.Type+"/"+v.Ref.ID) + `,"resource":`)
		b.Write(v.Content)
		b.WriteString(`,"search":{"mode":"match"}}`)
	}
	if len(found) > 0 {
		b.WriteByte(']')
	}
	b.WriteByte('}')
	return b.Bytes()
}
