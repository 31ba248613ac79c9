package intake

import (
	"strings"
	"testing"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
	"yilian.example/exchange/identity"
	"yilian.example/exchange/intake/intaketest"
)

// TestFinalBytesAreReadOnceMore makes the plan err, one way at a time, between deciding whose a record is and writing
// it.
func TestFinalBytesAreReadOnceMore(t *testing.T) {
	const body = `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`
	r, issues := fhir.Decode([]byte(body))
	if issues.Failed() {
		t.Fatal(issues)
	}
	in := &Intake{
		Org: "donghu", Index: intaketest.Index{Org: "donghu"},
		Matching: identity.NewMatching(identity.Systems{National: []string{"urn:id"}}),
	}
	p := plan{in: in, stored: map[exchange.RecordRef]exchange.Current{
		{Org: "donghu", Type: "Patient", ID: "a"}: {Number: 1, Patient: "pA"},
		{Org: "donghu", Type: "Patient", ID: "b"}: {Number: 1, Patient: "pB"},
	}}
	d := &draft{resource: r, place: "Observation", id: "o", version: 1, patient: "pA"}
	put := p.put(d, time.Unix(0, 0))
	if err := p.verify(d, put); err != nil {
		t.Fatalf("what is right is refused: %v", err)
	}
	for name, change := range map[string]func(*exchange.Put){
		"another patient": func(put *exchange.Put) { put.Patient = "pB" },
		"no patient":      func(put *exchange.Put) { put.Patient = "" },
		"another reference": func(put *exchange.Put) {
			put.Content = []byte(strings.Replace(string(put.Content), "Patient/a", "Patient/b", 1))
		},
		"a urn left over": func(put *exchange.Put) {
			const urn = "urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"
			put.Content = []byte(strings.Replace(string(put.Content), "Patient/a", urn, 1))
		},
		"another id":  func(put *exchange.Put) { put.ID = "q" },
		"broken JSON": func(put *exchange.Put) { put.Content = put.Content[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			wrong := put
			change(&wrong)
			if err := p.verify(d, wrong); fault.Of(err).Code != CodePatientMismatch {
				t.Errorf("got %v", err)
			}
		})
	}
}
