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

	Term     Term                 // what the title's code is called, where the record has a code
	Results  []exchange.RecordRef // a report's results that are records of their own, until they are found
	Attached []string             // media types of what a report carries and cannot be shown here
	Empty    bool                 // a report that says nothing at all
	// Of an allergy: it says that there is none; it is over, refuted or void, and must not alarm.
	NoAllergy, Past bool
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
	Kind consortium.Kind
	// Allergies have a section of their own, the first, though their kind is that of diagnoses: nobody may have to look
	// for them.
	Allergies bool
	Count     int // of records shown
	Total     int // of records that there are; more than Count where this is a page of them
	First     Part
	Rest      Part
}

// ID is the section's name in addresses.
func (s Section) ID() string {
	if s.Allergies {
		return "allergies"
	}
	return string(s.Kind)
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

// Sections groups what was listed by kind, allergies first, then in the order in which people read them, newest first.
// Kinds without records are left out.
func Sections(listed exchange.Listing) []Section {
	by := map[consortium.Kind][]Record{}
	var allergies []Record
	for _, v := range listed.Versions {
		switch {
		case v.Deleted:
		case v.Ref.Type == allergyType:
			allergies = append(allergies, Of(v))
		default:
			by[v.Kind] = append(by[v.Kind], Of(v))
		}
	}
	Resolve(by[consortium.Reports], listed.Versions)
	var out []Section
	if len(allergies) > 0 {
		s := section(consortium.Diagnoses, allergies)
		s.Allergies = true
		s.First, s.Rest = part(nil, append(s.First.Records, s.Rest.Records...)), Part{} // never folded
		out = append(out, s)
	}
	for _, kind := range consortium.PatientKinds() {
		if len(by[kind]) == 0 {
			continue
		}
		s := section(kind, by[kind])
		if kind != consortium.Diagnoses { // which is never cut, and whose total counts the allergies
			s.Total = max(s.Total, listed.Totals[kind])
		}
		out = append(out, s)
	}
	return out
}

// section orders and folds the records of one kind.
func section(kind consortium.Kind, records []Record) Section {
	slices.SortStableFunc(records, func(a, b Record) int {
		return cmp.Or(b.at().Compare(a.at()), cmp.Compare(a.Title, b.Title), cmp.Compare(a.Ref.ID, b.Ref.ID))
	})
	s := Section{Kind: kind, Count: len(records), Total: len(records)}
	var days []Panel
	if kind == consortium.Observations {
		days, records = panels(records)
	}
	if slices.Contains(safetyKinds, kind) {
		s.First = part(nil, records) // never folded
		return s
	}
	s.First = part(days[:min(firstPanels, len(days))], records[:min(firstRecords, len(records))])
	s.Rest = part(days[len(s.First.Panels):], records[len(s.First.Records):])
	return s
}

// Whole returns the sections with nothing folded.
func Whole(sections []Section) []Section {
	for i := range sections {
		s := &sections[i]
		s.First = part(append(s.First.Panels, s.Rest.Panels...), append(s.First.Records, s.Rest.Records...))
		s.Rest, s.Total = Part{}, s.Count // the pager says how much of the kind this is
	}
	return sections
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
			v.Ref, v.At = r.Ref, r.When
			last.Values = append(last.Values, v)
		}
	}
	for i := range out {
		out[i].settle()
	}
	return out, rest
}

// settle puts what is out of range first, and the time of day where it belongs: to the panel where all values have the
// same, else to each value.
func (p *Panel) settle() {
	abnormalFirst(p.Values)
	at := p.Values[0].At
	for _, v := range p.Values {
		if v.At.Raw != at.Raw {
			return
		}
	}
	p.When = at
	for i := range p.Values {
		p.Values[i].At = Date{}
	}
}
