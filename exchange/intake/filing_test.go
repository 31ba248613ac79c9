package intake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/intake"
)

const (
	mrn     = "urn:example:mrn" // record numbers of the hospital, which are given out again
	numberA = "990000195803120260"
	numberB = "99000019921105048X"
	urnA    = "urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"
	urnB    = "urn:uuid:2b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"
)

// person is a Patient with a national number, a record number and an old national number; each may be absent.
func person(id, national, record, old string) string {
	var ids []string
	add := func(system, value, use string) {
		if value != "" {
			ids = append(ids, fmt.Sprintf(`{"use":%q,"system":%q,"value":%q}`, use, system, value))
		}
	}
	add(idCard, national, "official")
	add(mrn, record, "usual")
	add(idCard, old, "old")
	return fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[%s]}`, id, strings.Join(ids, ","))
}

// unless makes an entry's creation conditional.
func unless(system, value, entry string) string {
	return strings.Replace(entry, `"method"`, `"ifNoneExist":"identifier=`+system+`|`+value+`","method"`, 1)
}

// ward is a door behind which A and B are stored as Patients a and b, each with an encounter. A has the record number
// MRN-1, which the hospital may have given out again, and had another national number before.
func ward(t testing.TB) *door {
	d := newDoor()
	for id, body := range map[string]string{
		"a": person("a", numberA, "MRN-1", "990000190001010008"),
		"b": person("b", numberB, "MRN-2", ""),
	} {
		if _, err := d.Update(t.Context(), system, "Patient", id, []byte(body), intake.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	for id, subject := range map[string]string{"enc-a": "Patient/a", "enc-b": "Patient/b"} {
		body := `{"resourceType":"Encounter","id":"` + id + `","identifier":[{"system":"urn:example:visit","value":"` + id +
			`"}],"status":"finished","class":{"code":"AMB"},"subject":{"reference":"` + subject + `"}}`
		if _, err := d.Update(t.Context(), system, "Encounter", id, []byte(body), intake.Conditions{}); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// inEncounter puts a result into A's encounter, by its visit number.
func inEncounter(observation string) string {
	const encounter = `"encounter":{"reference":"Encounter?identifier=urn:example:visit|enc-a"},`
	return strings.Replace(observation, `"status"`, encounter+`"status"`, 1)
}

// about is a Condition of a subject.
func about(subject string) string { return `{"resourceType":"Condition","subject":{` + subject + `}}` }

// tricks are bodies that say one person and would be filed, or read later, under another.
var tricks = []struct {
	name string
	do   func(t *testing.T, d *door) error
	code fault.Code
}{
	{
		"B on a record number that matches A",
		create("Patient", person("x", numberB, "MRN-1", ""), mrn, "MRN-1"),
		intake.CodeIdentityMismatch,
	},
	{
		"nobody on a record number that matches A",
		create("Patient", person("x", "", "MRN-1", ""), mrn, "MRN-1"),
		intake.CodeIdentityMismatch,
	},
	{
		"B on a record number that matches A, and B's result",
		transaction(
			unless(mrn, "MRN-1", entry(urnB, "POST", "Patient", person("x", numberB, "MRN-1", ""))),
			entry(urnA, "POST", "Observation", observation(urnB)),
		),
		intake.CodeIdentityMismatch,
	},
	{
		"B's encounter on a visit number that matches A's",
		create(
			"Encounter",
			`{"resourceType":"Encounter","identifier":[{"system":"urn:example:visit","value":"enc-a"}],"status":"finished",`+
				`"class":{"code":"AMB"},"subject":{"reference":"Patient/b"}}`,
			"urn:example:visit", "enc-a",
		),
		intake.CodeIdentityMismatch,
	},
	{
		"B's result in A's encounter, found by its visit number",
		transaction(entry(urnB, "POST", "Observation", inEncounter(observation("Patient/b")))),
		intake.CodeIdentityMismatch,
	},
	{
		"a reference to A with B's number beside it",
		create("Condition", about(
			`"reference":"Patient/a","identifier":{"system":"`+idCard+`","value":"`+numberB+`"}`,
		), "", ""),
		intake.CodeIdentityMismatch,
	},
	{
		"a conditional reference by an old number",
		transaction(entry(urnB, "POST", "Observation", observation("Patient?identifier="+idCard+"|990000190001010008"))),
		intake.CodeReferenceUnresolved,
	},
	{
		"a subject by an old number",
		create("Condition", about(
			`"identifier":{"use":"old","system":"`+idCard+`","value":"`+numberA+`"}`,
		), "", ""),
		intake.CodeNoPatient,
	},
	{
		"our own address of A beside an entry for B whose fullUrl ends in A's id",
		transaction(
			entry("http://his.example/fhir/Patient/a", "POST", "Patient", person("x", "990000196507280133", "", "")),
			entry(urnB, "POST", "Observation", observation("https://donghu.example/fhir/Patient/a")),
		),
		intake.CodeReferenceAmbiguous,
	},
	{
		"a relative reference beside an entry for B whose fullUrl ends in A's id",
		transaction(
			entry("http://his.example/fhir/Patient/a", "POST", "Patient", person("x", "990000196507280133", "", "")),
			entry(urnB, "POST", "Observation", observation("Patient/a")),
		),
		intake.CodeReferenceAmbiguous,
	},
	{
		"a version of A beside an entry for B whose fullUrl ends in A's id",
		transaction(
			entry("http://his.example/fhir/Patient/a", "POST", "Patient", person("x", "990000196507280133", "", "")),
			entry(urnB, "POST", "Observation", observation("Patient/a/_history/1")),
		),
		intake.CodeReferenceAmbiguous,
	},
	{
		"A's own address as the fullUrl of an entry for B",
		transaction(
			entry("https://donghu.example/fhir/Patient/a", "POST", "Patient", person("x", "990000196507280133", "", "")),
			entry(urnB, "POST", "Observation", observation("https://donghu.example/fhir/Patient/a")),
		),
		intake.CodeReferenceAmbiguous,
	},
	{
		"a relative reference to entries of two servers",
		transaction(
			entry("http://his.example/fhir/Patient/7", "POST", "Patient", person("x", "990000196507280133", "", "")),
			entry("http://lis.example/fhir/Patient/7", "POST", "Patient", person("x", "990000199001011239", "", "")),
			entry(urnB, "POST", "Observation", observation("Patient/7")),
		),
		intake.CodeReferenceAmbiguous,
	},
	{
		"a urn behind our own address",
		transaction(
			entry(urnB, "POST", "Patient", person("x", numberB, "", "")),
			entry(urnA, "POST", "Observation", observation("https://donghu.example/fhir/"+urnB)),
		),
		intake.CodeNoPatient,
	},
	{
		"a condition behind our own address",
		transaction(
			entry(urnB, "POST", "Observation", observation("Patient?identifier="+mrn+"|MRN-2")),
			entry(urnA, "POST", "Observation", observation("https://donghu.example/fhir/Patient?identifier="+mrn+"|MRN-2")),
		),
		intake.CodeNoPatient,
	},
}

func create(typ, body, system_, value string) func(*testing.T, *door) error {
	return func(t *testing.T, d *door) error {
		condition := ""
		if value != "" {
			condition = "identifier=" + system_ + "|" + value
		}
		_, err := d.Create(t.Context(), system, typ, []byte(body), condition)
		return err
	}
}

func transaction(entries ...string) func(*testing.T, *door) error {
	return func(t *testing.T, d *door) error {
		_, err := d.Bundle(t.Context(), system, bundleOf("transaction", entries...))
		return err
	}
}

func TestNothingIsFiledUnderAnotherThanItNames(t *testing.T) {
	for _, c := range tricks {
		t.Run(c.name, func(t *testing.T) {
			d := ward(t)
			before := len(d.shelf.kept)
			if err := c.do(t, d); fault.Of(err).Code != c.code {
				t.Errorf("got %v, want %s", err, c.code)
			}
			if len(d.shelf.kept) != before {
				t.Error("something was stored")
			}
		})
	}
}

// TestAnOldNumberFindsNobody creates a Patient on a number that another has as an old one: a person of its own.
func TestAnOldNumberFindsNobody(t *testing.T) {
	d := ward(t)
	const old = "990000190001010008"
	taken, err := d.Create(t.Context(), system, "Patient", []byte(person("x", old, "", "")), "identifier="+idCard+"|"+old)
	if err != nil || !taken.Created {
		t.Fatalf("got %+v, %v", taken, err)
	}
	if p := d.shelf.kept[taken.Ref]; p.Patient != index.Ref(idCard, old) {
		t.Errorf("kept under %v", p.Patient)
	}
}

// TestWhatAnIdentifierFindsIsCompared lets the database say that A's Patient has B's record number.
func TestWhatAnIdentifierFindsIsCompared(t *testing.T) {
	d := ward(t)
	a := exchange.RecordRef{Org: "donghu", Type: "Patient", ID: "a"}
	put := d.shelf.kept[a]
	put.Tokens = []exchange.Token{{Param: "identifier", System: mrn, Value: "MRN-3"}}
	put.Version++
	if _, err := d.shelf.keep(t.Context(), []exchange.Put{put}); err != nil {
		t.Fatal(err)
	}
	_, err := d.Bundle(t.Context(), system, bundleOf(
		"transaction", entry(urnB, "POST", "Observation", observation("Patient?identifier="+mrn+"|MRN-3")),
	))
	if fault.Of(err).Code != intake.CodeReferenceUnresolved {
		t.Errorf("got %v", err)
	}
}

// TestReferencesThatMeanOneStay takes in what looks like the tricks and means one person only.
func TestReferencesThatMeanOneStay(t *testing.T) {
	for name, c := range map[string]struct {
		entries []string
		subject string // of the last entry, as stored
	}{
		"an entry that updates A": {
			[]string{
				entry("http://his.example/fhir/Patient/a", "PUT", "Patient/a", person("a", numberA, "MRN-1", "")),
				entry(urnB, "POST", "Observation", observation("Patient/a")),
			},
			"Patient/a",
		},
		"our own address of an entry that updates A": {
			[]string{
				entry("http://his.example/fhir/Patient/a", "PUT", "Patient/a", person("a", numberA, "MRN-1", "")),
				entry(urnB, "POST", "Observation", observation("https://donghu.example/fhir/Patient/a")),
			},
			"https://donghu.example/fhir/Patient/a",
		},
		"a condition that finds A": {
			[]string{
				unless(mrn, "MRN-1", entry(
					"http://his.example/fhir/Patient/a", "POST", "Patient", person("x", numberA, "MRN-1", ""),
				)),
				entry(urnB, "POST", "Observation", observation("http://his.example/fhir/Patient/a")),
			},
			"Patient/a",
		},
		"A's result in A's encounter": {
			[]string{entry(urnB, "POST", "Observation", inEncounter(observation("Patient/a")))},
			"Patient/a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := ward(t)
			out, err := d.Bundle(t.Context(), system, bundleOf("transaction", c.entries...))
			if err != nil {
				t.Fatal(err)
			}
			put := d.shelf.kept[out.Entries[len(out.Entries)-1].Ref]
			says := []byte(`"reference":"` + c.subject + `"`)
			if put.Patient != index.Ref(idCard, numberA) || !bytes.Contains(put.Content, says) {
				t.Errorf("kept under %v: %s", put.Patient, put.Content)
			}
		})
	}
}

// TestWhatIsStoredSaysWhoseItIs sends random bundles about two people, with shared record numbers, old numbers and all
// forms of references. Whatever of it is taken in, the bytes of each record lead to the person under whom it stands.
func TestWhatIsStoredSaysWhoseItIs(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := ward(t)
		for range rapid.IntRange(1, 3).Draw(r, "bundles") {
			var entries []string
			for i := range rapid.IntRange(1, 4).Draw(r, "entries") {
				entries = append(entries, anyEntry(r, i))
			}
			_, _ = d.Bundle(t.Context(), system, bundleOf("transaction", entries...)) // many are refused, and may be
			for ref, put := range d.shelf.kept {
				if says := whoseBytes(d, put.Content); says != put.Patient {
					r.Fatalf("%s/%s stands under %v and says %v: %s", ref.Type, ref.ID, put.Patient, says, put.Content)
				}
			}
		}
	})
}

func anyEntry(r *rapid.T, i int) string {
	pick := func(of ...string) string { return rapid.SampledFrom(of).Draw(r, fmt.Sprint("choice of ", i)) }
	if pick("Patient", "Observation") == "Patient" {
		id := pick("a", "b", "c")
		body := person(
			id, pick(numberA, numberB, ""), pick("MRN-1", "MRN-2", "MRN-3", ""), pick("", "990000190001010008", numberA),
		)
		url := pick(
			"http://his.example/fhir/Patient/a", "http://lis.example/fhir/Patient/a", "https://donghu.example/fhir/Patient/"+id,
			urnA, urnB,
		)
		switch pick("post", "put", "unless") {
		case "put":
			return entry(url, "PUT", "Patient/"+id, body)
		case "unless":
			return unless(mrn, pick("MRN-1", "MRN-2", "MRN-3"), entry(url, "POST", "Patient", body))
		}
		return entry(url, "POST", "Patient", body)
	}
	subject := pick(
		"Patient/a", "Patient/b", "Patient/c", "Patient/a/_history/1", urnA, urnB,
		"http://his.example/fhir/Patient/a", "http://lis.example/fhir/Patient/a",
		"https://donghu.example/fhir/Patient/a", "https://donghu.example/fhir/Patient/b", "https://donghu.example/fhir/"+urnA,
		"Patient?identifier="+mrn+"|MRN-1", "Patient?identifier="+mrn+"|MRN-2",
		"Patient?identifier="+idCard+"|990000190001010008",
		"https://donghu.example/fhir/Patient?identifier="+mrn+"|MRN-1",
	)
	return entry(fmt.Sprintf("urn:uuid:%08d-2c4e-4a6e-9d8e-1f1d3c5b7a90", i), "POST", "Observation", observation(subject))
}

// whoseBytes reads a record as a stranger would, with nothing but what is stored.
func whoseBytes(d *door, content []byte) consortium.PatientRef {
	var r struct {
		ResourceType string
		ID           string
		Identifier   []struct{ Use, System, Value string }
		Subject      struct{ Reference string }
	}
	if json.Unmarshal(content, &r) != nil {
		return "unreadable"
	}
	if r.ResourceType == "Patient" {
		for _, id := range r.Identifier {
			if id.System == idCard && id.Use != "old" {
				return index.Ref(id.System, id.Value)
			}
		}
		return index.Local(r.ID)
	}
	path := strings.TrimPrefix(r.Subject.Reference, "https://donghu.example/fhir/")
	path, _, _ = strings.Cut(path, "/_history/")
	id, ok := strings.CutPrefix(path, "Patient/")
	if !ok {
		return "nobody"
	}
	return d.shelf.kept[exchange.RecordRef{Org: "donghu", Type: "Patient", ID: id}].Patient
}
