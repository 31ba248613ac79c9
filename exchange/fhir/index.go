package fhir

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"yilian.example/exchange/consortium"
)

// Class says how a type of resource is kept: which kind of data it is, and which element names the patient it is about.
type Class struct {
	Kind     consortium.Kind
	Subject  string // "" for a Patient, which is its own subject, and for directory data
	Optional bool   // without a subject the resource is directory data
}

// classes are the types that are kept. A type that is not about one patient and is no directory data has no place:
// nobody could decide who may read it. Where FHIR is finer than our kinds, the nearest is taken: what belongs to the
// course and the bill of care is "encounters", what judges the patient's state "diagnoses", what is done or ordered
// "procedures".
var classes = map[string]Class{
	"Patient":       {Kind: consortium.Demographics},
	"RelatedPerson": {Kind: consortium.Demographics, Subject: "patient"},
	"Coverage":      {Kind: consortium.Demographics, Subject: "beneficiary"},

	"Encounter":            {Kind: consortium.Encounters, Subject: "subject"},
	"EpisodeOfCare":        {Kind: consortium.Encounters, Subject: "patient"},
	"CarePlan":             {Kind: consortium.Encounters, Subject: "subject"},
	"CareTeam":             {Kind: consortium.Encounters, Subject: "subject"},
	"Communication":        {Kind: consortium.Encounters, Subject: "subject"},
	"Claim":                {Kind: consortium.Encounters, Subject: "patient"},
	"ClaimResponse":        {Kind: consortium.Encounters, Subject: "patient"},
	"ExplanationOfBenefit": {Kind: consortium.Encounters, Subject: "patient"},

	"Condition":           {Kind: consortium.Diagnoses, Subject: "subject"},
	"AllergyIntolerance":  {Kind: consortium.Diagnoses, Subject: "patient"},
	"Goal":                {Kind: consortium.Diagnoses, Subject: "subject"},
	"ClinicalImpression":  {Kind: consortium.Diagnoses, Subject: "subject"},
	"DetectedIssue":       {Kind: consortium.Diagnoses, Subject: "patient"},
	"RiskAssessment":      {Kind: consortium.Diagnoses, Subject: "subject"},
	"AdverseEvent":        {Kind: consortium.Diagnoses, Subject: "subject"},
	"FamilyMemberHistory": {Kind: consortium.Diagnoses, Subject: "patient"},
	"Flag":                {Kind: consortium.Diagnoses, Subject: "subject"},

	"Observation":           {Kind: consortium.Observations, Subject: "subject"},
	"QuestionnaireResponse": {Kind: consortium.Observations, Subject: "subject"},
	"Specimen":              {Kind: consortium.Observations, Subject: "subject"},

	"DiagnosticReport":  {Kind: consortium.Reports, Subject: "subject"},
	"ImagingStudy":      {Kind: consortium.Reports, Subject: "subject"},
	"DocumentReference": {Kind: consortium.Reports, Subject: "subject"},
	"Composition":       {Kind: consortium.Reports, Subject: "subject"},
	"Media":             {Kind: consortium.Reports, Subject: "subject"},

	"MedicationRequest":        {Kind: consortium.Medications, Subject: "subject"},
	"MedicationStatement":      {Kind: consortium.Medications, Subject: "subject"},
	"MedicationDispense":       {Kind: consortium.Medications, Subject: "subject"},
	"MedicationAdministration": {Kind: consortium.Medications, Subject: "subject"},

	"Procedure":          {Kind: consortium.Procedures, Subject: "subject"},
	"ServiceRequest":     {Kind: consortium.Procedures, Subject: "subject"},
	"DeviceRequest":      {Kind: consortium.Procedures, Subject: "subject"},
	"DeviceUseStatement": {Kind: consortium.Procedures, Subject: "subject"},
	"NutritionOrder":     {Kind: consortium.Procedures, Subject: "patient"},
	"BodyStructure":      {Kind: consortium.Procedures, Subject: "patient"},
	"VisionPrescription": {Kind: consortium.Procedures, Subject: "patient"},
	"Device":             {Kind: consortium.Procedures, Subject: "patient", Optional: true},

	"Immunization":               {Kind: consortium.Immunizations, Subject: "patient"},
	"ImmunizationEvaluation":     {Kind: consortium.Immunizations, Subject: "patient"},
	"ImmunizationRecommendation": {Kind: consortium.Immunizations, Subject: "patient"},

	"Practitioner":      {Kind: consortium.Directory},
	"PractitionerRole":  {Kind: consortium.Directory},
	"Organization":      {Kind: consortium.Directory},
	"Location":          {Kind: consortium.Directory},
	"HealthcareService": {Kind: consortium.Directory},
	"Medication":        {Kind: consortium.Directory},
}

// ClassOf returns the class of a type; false when resources of the type are not kept.
func ClassOf(resourceType string) (Class, bool) {
	c, ok := classes[resourceType]
	return c, ok
}

// Kept lists the types that are kept, sorted.
func Kept() []string {
	names := make([]string, 0, len(classes))
	for name := range classes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Identifier is one business identifier.
type Identifier struct{ System, Value, Use string }

// Current reports whether the identifier is still in use. An old one names nobody any more: numbers are given out anew.
func (id Identifier) Current() bool { return id.Use != "old" }

// Identifiers returns the resource's own identifiers that have both a system and a value, in order.
func (r *Resource) Identifiers() []Identifier {
	list := r.doc.member(r.node, "identifier")
	if list == 0 {
		return nil
	}
	first := list
	if r.doc.nodes[list].kind == kindArray {
		first = r.doc.nodes[list].child
	}
	var ids []Identifier
	for i := first; i != 0; i = r.doc.nodes[i].next {
		if id, ok := r.identifier(i); ok {
			ids = append(ids, id)
		}
		if first == list {
			break // a single Identifier, as in Composition
		}
	}
	return ids
}

// Carries reports whether a resource, as it is stored, has an identifier that is the one meant and not an old one.
func Carries(stored []byte, is func(Identifier) bool) bool {
	r, ok := Reread(stored)
	return ok && slices.ContainsFunc(r.Identifiers(), func(id Identifier) bool { return id.Current() && is(id) })
}

func (r *Resource) identifier(i int32) (Identifier, bool) {
	id := Identifier{r.doc.str(i, "system"), r.doc.str(i, "value"), r.doc.str(i, "use")}
	return id, id.System != "" && id.Value != ""
}

// VersionID returns meta.versionId; "" when absent.
func (r *Resource) VersionID() string {
	meta := r.doc.member(r.node, "meta")
	if meta == 0 {
		return ""
	}
	return r.doc.str(meta, "versionId")
}

// Subject is whom a resource is about.
type Subject struct {
	Literal    string     // the literal reference; "" when none
	Identifier Identifier // the logical one; zero when none
}

// Subject returns whom the resource is about by the element that its class names; false when it names nobody.
func (r *Resource) Subject() (Subject, bool) {
	class, ok := classes[r.Type]
	if !ok || class.Subject == "" {
		return Subject{}, false
	}
	i := r.doc.member(r.node, class.Subject)
	if i == 0 {
		return Subject{}, false
	}
	s := Subject{Literal: r.doc.str(i, "reference")}
	if c := r.doc.member(i, "identifier"); c != 0 {
		s.Identifier, _ = r.identifier(c)
	}
	return s, s.Literal != "" || s.Identifier.Value != ""
}

// References returns the texts of all literal references.
func (r *Resource) References() []string {
	refs := make([]string, 0, len(r.refs))
	for _, i := range r.refs {
		refs = append(refs, string(r.doc.text(i)))
	}
	return refs
}

// CareTime returns the time of an Encounter in which the patient is or was in care. It reports false when there is
// none: for other types, and for encounters that are planned, cancelled or entered in error. An encounter that lasts
// has no end; one that is finished without saying when ends when it began. Start is zero when the encounter does not
// say.
func (r *Resource) CareTime() (start, end time.Time, ok bool) {
	if r.Type != "Encounter" {
		return start, end, false
	}
	status := r.doc.str(r.node, "status")
	if !slices.Contains([]string{"arrived", "triaged", "in-progress", "onleave", "finished"}, status) {
		return start, end, false
	}
	if period := r.doc.member(r.node, "period"); period != 0 {
		start, _, _ = span(r.doc.str(period, "start"))
		_, end, _ = span(r.doc.str(period, "end"))
	}
	if status == "finished" && end.IsZero() {
		end = start
	}
	return start, end, status != "finished" || !end.IsZero()
}

// ParseCriteria reads the criteria of a conditional create or reference: identifier=system|value, and nothing else.
func ParseCriteria(query string) (Identifier, bool) {
	query = strings.TrimPrefix(query, "?")
	value, ok := strings.CutPrefix(query, "identifier=")
	if !ok || strings.ContainsAny(value, "&,") {
		return Identifier{}, false
	}
	value, ok = unquote(value)
	if !ok {
		return Identifier{}, false
	}
	system, id, ok := strings.Cut(value, "|")
	return Identifier{System: system, Value: id}, ok && system != "" && id != ""
}

// unquote undoes percent-encoding and plus signs of a query value.
func unquote(s string) (string, bool) {
	out, err := url.QueryUnescape(s)
	return out, err == nil
}
