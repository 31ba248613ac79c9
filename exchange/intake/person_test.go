package intake_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
	"yilian.example/exchange/identity"
	"yilian.example/exchange/intake"
)

// patientWith is a Patient with one identifier, as senders write it.
func patientWith(system, value string) string {
	return fmt.Sprintf(`{"resourceType":"Patient","identifier":[{"system":%q,"value":%q}]}`, system, value)
}

// Two strangers who were registered with the same placeholder stay two, and whoever sent them is told.
func TestPlaceholderJoinsNobody(t *testing.T) {
	for _, value := range []string{"不详", "000000000000000000", "99000019580312026", "990000195803120261"} {
		d := newDoor()
		var people []consortium.PatientRef
		for range 2 {
			taken, err := d.Create(t.Context(), system, "Patient", []byte(patientWith(idCard, value)), "")
			if err != nil {
				t.Fatal(err)
			}
			people = append(people, d.shelf.kept[taken.Ref].Patient)
			if !slices.ContainsFunc(taken.Remarks, func(i fhir.Issue) bool {
				return i.Severity == fhir.SeverityWarning && i.Reason == string(identity.CodeNumber)
			}) {
				t.Errorf("%s: no warning among %+v", value, taken.Remarks)
			}
			if !strings.Contains(string(taken.Content), value) {
				t.Errorf("%s is not kept as it was written", value)
			}
		}
		if people[0] == people[1] {
			t.Errorf("%s: two people share %s", value, people[0])
		}
	}
}

// Nor does a condition on a placeholder find a stranger, in a create, within a transaction or in a reference.
func TestConditionOnPlaceholderFindsNobody(t *testing.T) {
	for _, id := range []string{idCard + "|不详", idCard + "|000000000000000000", mrn + "|无"} {
		d := newDoor()
		of, value, _ := strings.Cut(id, "|")
		body := patientWith(of, value)
		first, err := d.Create(t.Context(), system, "Patient", []byte(body), "identifier="+id)
		if err != nil || !first.Created {
			t.Fatalf("%s: %+v, %v", id, first, err)
		}
		taken, err := d.Bundle(t.Context(), system, []byte(bundleOf(
			"transaction", conditional(uuidA, "identifier="+id, body), conditional(uuidB, "identifier="+id, body),
			entry(uuidC, "POST", "Observation", observation(uuidA)),
		)))
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		people := map[consortium.PatientRef]bool{d.shelf.kept[first.Ref].Patient: true}
		for _, e := range taken.Entries[:2] {
			people[d.shelf.kept[e.Ref].Patient] = true
		}
		if len(people) != 3 {
			t.Errorf("%s: three strangers are %d people", id, len(people))
		}
		if o := taken.Entries[2]; d.shelf.kept[o.Ref].Patient != d.shelf.kept[taken.Entries[0].Ref].Patient {
			t.Errorf("%s: a result is filed under another", id)
		}
		_, err = d.Bundle(t.Context(), system, []byte(bundleOf(
			"transaction", entry(uuidC, "POST", "Observation", observation("Patient?identifier="+id)),
		)))
		if code(err) != "REFERENCE_UNRESOLVED" {
			t.Errorf("%s: a reference finds somebody: %v", id, err)
		}
	}
}

// However the number was written, it is the same person, and a conditional create finds them.
func TestOnePersonWhateverTheWriting(t *testing.T) {
	const number = "99000019921105048X"
	for _, c := range []struct{ system, value string }{
		{idCard, "99000019921105048x"}, {idCard, "９９００００１９９２１１０５０４８Ｘ"}, {idCard, "990000 19921105 048X"},
		{"2.16.156.10011.1.3", number}, {idCard, "9900\u200b0019921105048X"}, {idCard, "990000921105048"},
	} {
		d := newDoor()
		first, err := d.Create(t.Context(), system, "Patient", []byte(patientWith(idCard, number)), "")
		if err != nil {
			t.Fatal(err)
		}
		again, err := d.Create(t.Context(), system, "Patient", []byte(patientWith(c.system, c.value)), "")
		if err != nil {
			t.Fatal(err)
		}
		if a, b := d.shelf.kept[first.Ref].Patient, d.shelf.kept[again.Ref].Patient; a != b {
			t.Errorf("%q %q: another person", c.system, c.value)
		}
		if len(c.value) == 15 {
			continue // the same person, and another identifier
		}
		d = newDoor()
		if first, err = d.Create(t.Context(), system, "Patient", []byte(patientWith(idCard, number)), ""); err != nil {
			t.Fatal(err)
		}
		found, err := d.Create(
			t.Context(), system, "Patient", []byte(patientWith(c.system, c.value)), "identifier="+c.system+"|"+c.value,
		)
		if err != nil || !found.Matched || found.Ref != first.Ref {
			t.Errorf("%q %q: not found again: %+v, %v", c.system, c.value, found, err)
		}
	}
}

func TestUnknownIdentitySystemIsWarnedOf(t *testing.T) {
	d := newDoor()
	for system, want := range map[string]bool{"urn:example:nobody-knows": true, mrn: false} {
		taken, err := d.Create(t.Context(), caller(), "Patient", []byte(patientWith(system, "4711")), "")
		if err != nil {
			t.Fatal(err)
		}
		if got := len(taken.Remarks) > 0; got != want {
			t.Errorf("%s: %+v", system, taken.Remarks)
		}
	}
}

func caller() intake.Caller { return system }

// conditional is an entry that creates under a condition.
func conditional(url, condition, resource string) string {
	typ, _, _ := strings.Cut(resource[len(`{"resourceType":"`):], `"`)
	return fmt.Sprintf(
		`{"fullUrl":%q,"resource":%s,"request":{"method":"POST","url":%q,"ifNoneExist":%q}}`, url, resource, typ, condition,
	)
}

const (
	uuidA = "urn:uuid:00000000-0000-4000-8000-0000000000a1"
	uuidB = "urn:uuid:00000000-0000-4000-8000-0000000000b2"
)

// The same condition twice in one transaction makes one resource, and what refers to either refers to it.
func TestSameConditionTwiceMakesOneResource(t *testing.T) {
	d := newDoor()
	body := patientWith(mrn, "4711")
	taken, err := d.Bundle(t.Context(), system, []byte(bundleOf(
		"transaction",
		conditional(uuidA, "identifier="+mrn+"|4711", body), conditional(uuidB, "identifier="+mrn+"|4711", body),
		entry(uuidC, "POST", "Observation", observation(uuidA)), entry(uuidD, "POST", "Observation", observation(uuidB)),
	)))
	if err != nil {
		t.Fatal(err)
	}
	one := taken.Entries[0]
	if two := taken.Entries[1]; !one.Created || two.Created || !two.Matched || two.Ref != one.Ref || two.Number != 1 {
		t.Errorf("%+v and %+v", one, two)
	}
	if len(d.shelf.kept) != 3 {
		t.Errorf("%d resources, not a Patient and two Observations", len(d.shelf.kept))
	}
	for _, i := range []int{2, 3} {
		if !strings.Contains(string(taken.Entries[i].Content), one.Ref.Type+"/"+one.Ref.ID) {
			t.Errorf("entry %d refers elsewhere: %s", i, taken.Entries[i].Content)
		}
		if d.shelf.kept[taken.Entries[i].Ref].Patient != d.shelf.kept[one.Ref].Patient {
			t.Errorf("entry %d is about somebody else", i)
		}
	}
}

const (
	uuidC = "urn:uuid:00000000-0000-4000-8000-0000000000c3"
	uuidD = "urn:uuid:00000000-0000-4000-8000-0000000000d4"
)

// Two people under one condition: neither is filed under the other.
func TestSameConditionOfTwoPeopleIsRefused(t *testing.T) {
	d := newDoor()
	both := func(number string) string {
		return fmt.Sprintf(
			`{"resourceType":"Patient","identifier":[{"system":%q,"value":"4711"},{"system":%q,"value":%q}]}`, mrn, idCard, number,
		)
	}
	_, err := d.Bundle(t.Context(), system, []byte(bundleOf(
		"transaction", conditional(uuidA, "identifier="+mrn+"|4711", both("990000195803120260")),
		conditional(uuidB, "identifier="+mrn+"|4711", both("99000019921105048X")),
	)))
	if code(err) != "IDENTITY_MISMATCH" || len(d.shelf.kept) > 0 {
		t.Errorf("%v, %d stored", err, len(d.shelf.kept))
	}
}

func TestBodyMustMeetItsOwnCondition(t *testing.T) {
	d := newDoor()
	_, err := d.Create(t.Context(), system, "Patient", []byte(patientWith(mrn, "B")), "identifier="+mrn+"|A")
	if code(err) != "CONDITION_UNMET" || !fault.Is(err, fault.Invalid) || len(d.shelf.kept) > 0 {
		t.Errorf("%v, %d stored", err, len(d.shelf.kept))
	}
}

func TestIfNoneMatchNeverOverwrites(t *testing.T) {
	d := newDoor()
	body := []byte(patientBody("p1", "990000195803120260"))
	none := intake.Conditions{NoneMatch: "*"}
	if taken, err := d.Update(t.Context(), system, "Patient", "p1", body, none); err != nil || !taken.Created {
		t.Fatalf("the first: %+v, %v", taken, err)
	}
	if _, err := d.Update(t.Context(), system, "Patient", "p1", body, none); code(err) != "RESOURCE_EXISTS" ||
		!fault.Is(err, fault.Conflict) {
		t.Errorf("the second: %v", err)
	}
	put := `{"resource":` + string(body) + `,"request":{"method":"PUT","url":"Patient/p1","ifNoneMatch":"*"}}`
	if _, err := d.Bundle(t.Context(), system, []byte(bundleOf("transaction", put))); code(err) != "RESOURCE_EXISTS" {
		t.Errorf("in a transaction: %v", err)
	}
	if _, err := d.Update(t.Context(), system, "Patient", "p1", body, intake.Conditions{NoneMatch: `W/"1"`}); code(err) !=
		"CONDITION" {
		t.Errorf("another condition: %v", err)
	}
	if n := d.shelf.kept[exchange.RecordRef{Org: "donghu", Type: "Patient", ID: "p1"}].Version; n != 1 {
		t.Errorf("version %d stands", n)
	}
}

// Whoever sent a thousand entries is told which one fails.
func TestFailingEntryIsNamed(t *testing.T) {
	d := newDoor()
	provenance := `{"resourceType":"Provenance","target":[{"reference":"` + uuidA +
		`"}],"recorded":"2026-11-25T10:00:00+08:00","agent":[{"who":{"display":"HIS"}}]}`
	_, err := d.Bundle(t.Context(), system, []byte(bundleOf(
		"transaction", entry(uuidA, "POST", "Patient", patientWith(mrn, "1")), entry(uuidB, "POST", "Provenance", provenance),
	)))
	var rejected *intake.Rejected
	if !errors.As(err, &rejected) || rejected.Issues[0].Expression != "Bundle.entry[1].resource" ||
		!fault.Is(err, fault.Unsupported) || code(err) != "TYPE_NOT_KEPT" {
		t.Errorf("%v", err)
	}
}

// A reference that leads nowhere for ever is not stored: a urn outside a transaction, a version that nobody made.
func TestDanglingReferencesAreNotStored(t *testing.T) {
	d := newDoor()
	if _, err := d.Update(
		t.Context(), system, "Patient", "p1", []byte(patientBody("p1", "990000195803120260")), intake.Conditions{},
	); err != nil {
		t.Fatal(err)
	}
	performed := func(ref string) string {
		return strings.Replace(
			observation("Patient/p1"), `"status"`, `"performer":[{"reference":"`+ref+`"}],"status"`, 1,
		)
	}
	before := len(d.shelf.kept)
	batch := bundleOf("batch", entry(uuidB, "POST", "Observation", performed(uuidA)))
	taken, err := d.Bundle(t.Context(), system, []byte(batch))
	if err != nil || code(taken.Entries[0].Err) != "REFERENCE_UNRESOLVED" {
		t.Errorf("in a batch: %+v, %v", taken, err)
	}
	for _, ref := range []string{uuidA, "Organization/lab1/_history/1", "Patient/p1/_history/2"} {
		if _, err := d.Create(t.Context(), system, "Observation", []byte(performed(ref)), ""); code(err) !=
			"REFERENCE_UNRESOLVED" {
			t.Errorf("%s: %v", ref, err)
		}
	}
	if len(d.shelf.kept) != before {
		t.Error("something was stored")
	}
}

// A version of an entry of the same transaction is the one that the transaction makes.
func TestVersionedReferenceFollowsItsEntry(t *testing.T) {
	d := newDoor()
	lab := `{"resourceType":"Organization","name":"检验科"}`
	result := strings.Replace(
		observation(uuidA), `"status"`, `"performer":[{"reference":"Organization/lab1/_history/1"}],"status"`, 1,
	)
	taken, err := d.Bundle(t.Context(), system, []byte(bundleOf(
		"transaction", entry(uuidA, "POST", "Patient", patientWith(mrn, "1")),
		entry("http://lis.example/fhir/Organization/lab1", "POST", "Organization", lab),
		entry(uuidB, "POST", "Observation", result),
	)))
	if err != nil {
		t.Fatal(err)
	}
	want := `"Organization/` + taken.Entries[1].Ref.ID + `/_history/1"`
	if !strings.Contains(string(taken.Entries[2].Content), want) {
		t.Errorf("refers to %s, not %s", taken.Entries[2].Content, want)
	}
}
