package fhir

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/fault"
	r4 "yilian.example/exchange/fhir"
	"yilian.example/exchange/intake"
	"yilian.example/gateway/internal/charset"
)

// search serves POST Patient/_search with the parameter identifier, in the form body only.
func (f *Server) search(c *gin.Context) {
	caller, ok := f.caller(c)
	if !ok {
		return
	}
	if c.Param("type") != "Patient" || c.Param("id") != "_search" {
		f.notAllowed("GET, PUT")(c)
		return
	}
	if err := charset.Check(c.Request); err != nil {
		f.Failures.Outcome(c, err)
		return
	}
	body, ok := f.body(c, "application/x-www-form-urlencoded")
	if !ok {
		return
	}
	form, err := url.ParseQuery(string(body))
	criteria, good := r4.ParseCriteria("identifier=" + url.QueryEscape(form.Get("identifier")))
	if err != nil || !good || len(form) != 1 || len(form["identifier"]) != 1 || len(c.Request.URL.Query()) > 0 {
		f.Failures.Outcome(
			c,
			fault.New(
				fault.Malformed, CodeSearch,
				"Send identifier=system|value in the body, and nothing else: no other parameter is served, and identifiers "+
					"do not belong into addresses.",
			),
		)
		return
	}
	found, err := f.find(c, caller, criteria)
	if err != nil {
		f.Failures.Outcome(c, err)
		return
	}
	c.Data(http.StatusOK, mediaType, f.searchset(found))
}

// find reads the Patients that carry an identifier, each under its own decision. What is not for the caller is not
// found, so that nobody learns who is known here.
func (f *Server) find(c *gin.Context, caller intake.Caller, criteria r4.Identifier) ([]exchange.Version, error) {
	if err := f.Lookups.Asked(caller.Actor); err != nil {
		return nil, err
	}
	ctx := c.Request.Context()
	token := f.Ingest.Token(criteria)
	is := func(id r4.Identifier) bool { return f.Ingest.Token(id) == token }
	ids, err := f.Finder.Find(ctx, "Patient", []exchange.Token{token})
	if err != nil {
		return nil, err
	}
	var found []exchange.Version
	var held int64
	for _, id := range ids {
		v, err := f.Records.Read(
			ctx, caller.Actor, caller.Purpose, exchange.RecordRef{Org: f.Org, Type: "Patient", ID: id}, 0,
		)
		switch {
		case err == nil && r4.Carries(v.Content, is):
			if held += int64(len(v.Content)); held > f.MaxBody && len(found) > 0 {
				v.Content, v.Omitted = nil, true // an answer is no larger than a request may be
			}
			found = append(found, v)
		case err == nil: // found by what it does not say, or does not say any more
		case fault.Is(err, fault.NotFound) || fault.Is(err, fault.Gone) || fault.Is(err, fault.Forbidden):
		default:
			return nil, err
		}
	}
	return found, nil
}

// omitted says of a match that it is not in the answer.
func omitted() []byte {
	return r4.Outcome(r4.Issues{{
		Severity: r4.SeverityWarning, Code: r4.CodeTooLong, Reason: string(CodeTooLarge),
		Diagnostics: "A match is too large to be shown beside the others. " +
			"Read it by itself, at the address of the entry's link.",
	}})
}

func (f *Server) searchset(found []exchange.Version) []byte {
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"Bundle","type":"searchset","total":` + strconv.Itoa(len(found)))
	for i, v := range found {
		b.WriteString(map[bool]string{true: `,"entry":[`, false: `,`}[i == 0])
		address := quote(f.base() + v.Ref.Type + "/" + v.Ref.ID)
		if v.Omitted {
			b.WriteString(`{"link":[{"relation":"self","url":` + address + `}],"resource":`)
			b.Write(omitted())
			b.WriteString(`,"search":{"mode":"outcome"}}`)
			continue
		}
		b.WriteString(`{"fullUrl":` + address + `,"resource":`)
		b.Write(v.Content)
		b.WriteString(`,"search":{"mode":"match"}}`)
	}
	if len(found) > 0 {
		b.WriteByte(']')
	}
	b.WriteByte('}')
	return b.Bytes()
}
