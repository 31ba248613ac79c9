package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/scripts/demo/people"
	"yilian.example/scripts/journey"
)

// TestPatientWithThousandsOfResultsIsReleased: what one message cannot carry comes in parts, with what is missing said.
func TestPatientWithThousandsOfResultsIsReleased(t *testing.T) {
	const results = 2300
	ctx := within(t, 3*time.Minute)
	stored := storeResults(t, results)
	visitQingshan(t)
	doctor := as(t, qingshan, consortium.RoleClinician, "")
	found, err := doctor.FindPatient(ctx, people.IDCardSystem, people.ChenYuID)
	if err != nil {
		t.Fatal(err)
	}
	person := as(t, donghu, consortium.RolePatient, chenYu)
	kinds := []consortium.Kind{consortium.Observations}
	granted, err := person.Grant(ctx, journey.Choice{
		Recipient: qingshan, Purpose: consortium.Treatment, Kinds: kinds, Until: time.Now().Add(time.Hour), Lang: "zh",
	})
	if err != nil {
		t.Fatal(err)
	}
	parts, err := doctor.WholeRelease(ctx, journey.Ask{
		Patient: found.Patient, Custodian: donghu, Purpose: consortium.Treatment, Kinds: kinds,
	})
	if err != nil {
		t.Fatal(err)
	}
	came := map[string]bool{}
	for _, part := range parts {
		for _, r := range part.Records {
			came[r.Type+"/"+r.ID] = true
		}
	}
	for _, name := range stored {
		if !came[name] {
			t.Errorf("%s did not come", name)
			break
		}
	}
	if len(parts) < 2 || !parts[0].More || parts[0].Held < results || parts[len(parts)-1].More {
		t.Errorf("%d parts, the first of %d says that %d are held", len(parts), len(parts[0].Records), parts[0].Held)
	}
	if _, err := person.Withdraw(ctx, granted.ID); err != nil {
		t.Fatal(err)
	}
}

// storeResults stores many results of the patient at Donghu and returns their names.
func storeResults(t *testing.T, n int) []string {
	t.Helper()
	const who = "urn:uuid:0e64a1c3-6a39-4a8a-8f13-2d4d5b2c0002"
	var b strings.Builder
	fmt.Fprintf(&b, `{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":%q,"request":{"method":"POST",`+
		`"url":"Patient"},"resource":{"resourceType":"Patient","birthDate":"1992-11-05",`+
		`"identifier":[{"system":%q,"value":%q}]}}`,
		who, people.IDCardSystem, people.ChenYuID)
	for i := range n {
		fmt.Fprintf(&b, `,{"request":{"method":"POST","url":"Observation"},"resource":{"resourceType":"Observation",`+
			`"status":"final","code":{"text":"Pulse"},"subject":{"reference":%q},"effectiveDateTime":"2026-01-01",`+
			`"valueQuantity":{"value":%d,"unit":"/min"}}}`, who, 40+i%100)
	}
	b.WriteString("]}")
	stored, err := as(t, donghu, consortium.RoleSystem, "").Bundle(within(t, time.Minute), []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range stored {
		if s.Type == "Observation" {
			names = append(names, s.Type+"/"+s.ID)
		}
	}
	return names
}
