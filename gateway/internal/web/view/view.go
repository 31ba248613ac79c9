// Package view turns FHIR R4 records into what a person reads: a title, a time, values with their reference range, and
// facts. It is pure: no I/O, no clock, no language. Words that come from the record are shown as they are; words of
// ours are keys that the pages translate.
//
// It never fails: a record that cannot be understood is still listed, marked as unreadable, since a patient must see
// that it is there.
package view

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
)

// Record is one record for people.
type Record struct {
	Ref      exchange.RecordRef
	Number   int
	Kind     consortium.Kind
	Recorded time.Time // when this organisation received it
	Entry    string    // id of its log entry

	Title      string // from the record; empty: the page names the type
	TitleCode  string // where the title is a word of ours: a key ("code.<TitleCode>")
	When       Date   // when it happened
	Status     string // FHIR code, lower case; empty where it says nothing that a reader needs
	Wrong      bool   // entered in error: shown struck through, never as a fact
	Values     []Value
	Facts      []Fact
	Text       []string // paragraphs
	Unreadable bool
	Omitted    bool // too large to be shown in a list: it has to be opened by itself
}

// Fact is a labelled line. Label is a key ("fact.<Label>"). Text is shown as it is; where Code is set it is a key
// ("code.<Code>") instead.
type Fact struct {
	Label string
	Text  string
	Code  string
	When  Date
}

// Of makes the record of a version.
func Of(v exchange.Version) Record {
	r := Record{Ref: v.Ref, Number: v.Number, Kind: v.Kind, Recorded: v.Recorded, Entry: v.Entry}
	if v.Omitted {
		r.Omitted = true
		return r
	}
	fill, known := fillers[v.Ref.Type]
	if !known {
		fill = fillOther
	}
	if err := fill(&r, v.Content); err != nil {
		r = Record{Ref: v.Ref, Number: v.Number, Kind: v.Kind, Recorded: v.Recorded, Entry: v.Entry, Unreadable: true}
	}
	r.Title = strings.TrimSpace(r.Title)
	return r
}

var fillers = map[string]func(*Record, []byte) error{
	"Patient":            fillPatient,
	"Encounter":          fillEncounter,
	"Condition":          fillCondition,
	"Observation":        fillObservation,
	"DiagnosticReport":   fillReport,
	"MedicationRequest":  fillMedication,
	"Procedure":          fillProcedure,
	"Immunization":       fillImmunization,
	"ImagingStudy":       fillImaging,
	"AllergyIntolerance": fillAllergy,
}

// decode reads content into the parts of T.
func decode[T any](content []byte) (T, error) {
	var t T
	err := json.Unmarshal(content, &t)
	return t, err
}

// at is the time by which records are ordered.
func (r Record) at() time.Time {
	if t := r.When.Time; !t.IsZero() {
		return t
	}
	return r.Recorded
}

// Section is the records of one kind, newest first. What does not fit at once is in Rest, to be shown when asked for.
type Section struct {
	Kind  consortium.Kind
	Count int
	First Part
	Rest  Part
}

// Part is some of a section's records. Observations of one day stand together in Panels, as people get them from the
// laboratory.
type Part struct {
	Count   int // of entries: panels and records
	Panels  []Panel
	Records []Record
}

// Panel is measured values of one day.
type Panel struct {
	When   Date
	Values []Value
}

// How many entries of a kind are shown at once.
const (
	firstPanels  = 3
	firstRecords = 6
)

// Sections groups versions by kind, in the order in which people read them, newest first. Kinds without records are
// left out.
func Sections(versions []exchange.Version) []Section {
	by := map[consortium.Kind][]Record{}
	for _, v := range versions {
		if !v.Deleted {
			by[v.Kind] = append(by[v.Kind], Of(v))
		}
	}
	var out []Section
	for _, kind := range consortium.PatientKinds() {
		records := by[kind]
		if len(records) == 0 {
			continue
		}
		slices.SortStableFunc(records, func(a, b Record) int {
			return cmp.Or(b.at().Compare(a.at()), cmp.Compare(a.Title, b.Title), cmp.Compare(a.Ref.ID, b.Ref.ID))
		})
		s := Section{Kind: kind, Count: len(records)}
		var days []Panel
		if kind == consortium.Observations {
			days, records = panels(records)
		}
		s.First = part(days[:min(firstPanels, len(days))], records[:min(firstRecords, len(records))])
		s.Rest = part(days[len(s.First.Panels):], records[len(s.First.Records):])
		out = append(out, s)
	}
	return out
}

func part(panels []Panel, records []Record) Part {
	return Part{Count: len(panels) + len(records), Panels: panels, Records: records}
}

// panels gathers the values of observations by day; those without any value, or wrong ones, stay records of their own.
func panels(records []Record) (out []Panel, rest []Record) {
	for _, r := range records {
		if len(r.Values) == 0 || r.Wrong || r.Unreadable || r.Omitted {
			rest = append(rest, r)
			continue
		}
		day := r.When.Day()
		if len(out) == 0 || out[len(out)-1].When.Raw != day.Raw {
			out = append(out, Panel{When: day})
		}
		last := &out[len(out)-1]
		for _, v := range r.Values {
			v.Ref = r.Ref
			last.Values = append(last.Values, v)
		}
	}
	return out, rest
}
