package fhir

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"testing"
	"time"
	"unicode/utf8"
)

var seeds = []string{
	`{"resourceType":"Patient","id":"a","meta":{"versionId":"1"},"name":[{"given":["秀",null],"_given":[null,{"id":"x"}]}],"birthDate":"1958-03-12"}`,
	`{"resourceType":"Observation","status":"final","code":{"text":"\ud83d\ude00"},"subject":{"reference":"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"},"valueQuantity":{"value":1.00e-2}}`,
	`{"resourceType":"Patient","text":{"status":"generated","div":"` + div + `<a href=\"urn:x\">x</a></div>"},"contained":[{"resourceType":"Organization","id":"o","name":"x"}],"managingOrganization":{"reference":"#o"}}`,
	`{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90","resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}}]}`,
	`[`, `{"a":`, `"\u`, `-`, "\xff",
}

// FuzzDecode holds what our reader takes for JSON against the standard library's, and a spliced resource against the
// rules again.
func FuzzDecode(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := parseJSON(body); err == nil && !json.Valid(body) {
			t.Fatal("taken for JSON, but it is not")
		}
		r, issues := Decode(body)
		Outcome(issues)
		if r == nil || issues.Failed() {
			return
		}
		r.Identifiers()
		r.Subject()
		r.References()
		r.CareTime()
		edit := Edit{
			ID:      "x",
			Version: 2,
			Updated: time.Unix(1, 0),
			Link:    func(s string) (string, bool) { return "Patient/x", s == "urn:x" },
		}
		once := r.Splice(edit)
		again, issues := Decode(once)
		if issues.Failed() || again.ID != "x" {
			t.Fatalf("splicing broke it: %v", issues)
		}
		reread, ok := Reread(once)
		subject, named := again.Subject()
		if got, also := reread.Subject(); !ok || reread.Type != again.Type || reread.ID != "x" || got != subject ||
			also != named || !slices.Equal(reread.Identifiers(), again.Identifiers()) {
			t.Fatal("what is stored says another thing when it is read again")
		}
		if twice := again.Splice(edit); string(twice) != string(once) {
			t.Fatal("splicing the same twice changed it")
		}
	})
}

// FuzzBundle reads anything as a bundle.
func FuzzBundle(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b, issues := DecodeBundle(body)
		if b == nil && !issues.Failed() {
			t.Fatal("no bundle and no error")
		}
		if b == nil {
			return
		}
		for _, e := range b.Entries {
			if e.Resource == nil && e.Present && !e.Issues.Failed() {
				t.Fatal("an unusable resource without an error")
			}
			if e.Resource != nil && !e.Issues.Failed() {
				if _, issues := Decode(e.Resource.Splice(Edit{ID: "x"})); issues.Failed() {
					t.Fatalf("an entry is valid inside the bundle only: %v", issues)
				}
			}
		}
	})
}

// FuzzNarrative holds a narrative that is accepted against the standard library's XML reader, by way of its strictness
// about nesting.
func FuzzNarrative(f *testing.F) {
	f.Add([]byte(`<div xmlns="http://www.w3.org/1999/xhtml"><p title="a">x &amp; y<br/></p></div>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if utf8.Valid(text) && validNarrative(text) { // a document is UTF-8 before narratives are looked at
			wellFormed(t, text)
		}
	})
}

func wellFormed(t *testing.T, text []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Strict = true
	d.Entity = xml.HTMLEntity
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("accepted, but not well-formed: %v", err)
		}
	}
}
