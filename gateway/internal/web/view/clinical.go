package view

import (
	"encoding/json"
	"strconv"
	"strings"
)

const enteredInError = "entered-in-error"

type encounter struct {
	Status string    `json:"status"`
	Class  coding    `json:"class"`
	Type   []concept `json:"type"`
	Period period    `json:"period"`
	Reason []concept `json:"reasonCode"`

	ServiceType     concept   `json:"serviceType"`
	ServiceProvider reference `json:"serviceProvider"`
	Participant     []struct {
		Individual reference `json:"individual"`
	} `json:"participant"`
	Location []struct {
		Location reference `json:"location"`
	} `json:"location"`
}

func fillEncounter(r *Record, content []byte) error {
	e, err := decode[encounter](content)
	if err != nil {
		return err
	}
	r.Title = names(e.Type)
	if r.Title == "" {
		r.Title = e.ServiceType.name()
	}
	r.Wrong = e.Status == enteredInError
	r.Status = known("encounter", e.Status, "planned", "arrived", "in-progress", "cancelled")
	r.When = first(e.Period.Start)
	class := known("class", e.Class.Code, "AMB", "EMER", "IMP", "ACUTE", "HH", "VR", "OBSENC")
	if r.Title == "" {
		r.TitleCode = class
	} else {
		r.addCode("class", class)
	}
	if end := first(e.Period.End); end.Raw != "" && end.Day().Raw != r.When.Day().Raw {
		r.addDate("until", end.Day())
	}
	r.add("reason", names(e.Reason))
	r.add("department", e.ServiceType.name())
	for _, l := range e.Location {
		r.add("place", l.Location.Display)
	}
	for _, p := range e.Participant {
		r.add("doctor", p.Individual.Display)
	}
	r.add("provider", e.ServiceProvider.Display)
	return nil
}

type condition struct {
	ClinicalStatus     concept      `json:"clinicalStatus"`
	VerificationStatus concept      `json:"verificationStatus"`
	Severity           concept      `json:"severity"`
	Code               concept      `json:"code"`
	BodySite           []concept    `json:"bodySite"`
	OnsetDateTime      string       `json:"onsetDateTime"`
	OnsetPeriod        period       `json:"onsetPeriod"`
	OnsetString        string       `json:"onsetString"`
	AbatementDateTime  string       `json:"abatementDateTime"`
	RecordedDate       string       `json:"recordedDate"`
	Asserter           reference    `json:"asserter"`
	Note               []annotation `json:"note"`
}

func fillCondition(r *Record, content []byte) error {
	c, err := decode[condition](content)
	if err != nil {
		return err
	}
	r.Title = c.Code.name()
	r.Wrong = c.VerificationStatus.code() == enteredInError
	r.Status = known("condition", c.ClinicalStatus.code(), "active", "recurrence", "relapse", "inactive", "remission", "resolved")
	r.When = first(c.OnsetDateTime, c.OnsetPeriod.Start, c.RecordedDate)
	r.addCode("certainty", known("verification", c.VerificationStatus.code(), "unconfirmed", "provisional", "differential", "refuted"))
	r.add("severity", c.Severity.name())
	r.add("site", names(c.BodySite))
	r.add("onset", c.OnsetString)
	r.addDate("ended", first(c.AbatementDateTime))
	r.add("doctor", c.Asserter.Display)
	r.Text = notes(c.Note)
	return nil
}

type observation struct {
	measured
	Status            string       `json:"status"`
	EffectiveDateTime string       `json:"effectiveDateTime"`
	EffectiveInstant  string       `json:"effectiveInstant"`
	EffectivePeriod   period       `json:"effectivePeriod"`
	Issued            string       `json:"issued"`
	Component         []measured   `json:"component"`
	Method            concept      `json:"method"`
	Note              []annotation `json:"note"`
	Performer         []reference  `json:"performer"`
}

func fillObservation(r *Record, content []byte) error {
	o, err := decode[observation](content)
	if err != nil {
		return err
	}
	r.Title = o.Code.name()
	r.Wrong = o.Status == enteredInError
	r.Status = known("observation", o.Status, "registered", "preliminary", "amended", "corrected", "cancelled")
	r.When = first(o.EffectiveDateTime, o.EffectiveInstant, o.EffectivePeriod.Start, o.Issued)
	if v, ok := o.value(); ok {
		r.Values = append(r.Values, v)
	}
	if v, ok := bloodPressure(o); ok {
		r.Values, o.Component = append(r.Values, v), nil
	}
	for _, c := range o.Component {
		if v, ok := c.value(); ok {
			if len(r.Values) == 0 || v.Name != r.Title {
				v.Name = joinNames(r.Title, v.Name)
			}
			r.Values = append(r.Values, v)
		}
	}
	r.add("method", o.Method.name())
	for _, p := range o.Performer {
		r.add("doctor", p.Display)
	}
	r.Text = notes(o.Note)
	return nil
}

// bloodPressure writes the two pressures as everybody does, 129/80, where the observation is just these two in one unit.
func bloodPressure(o observation) (Value, bool) {
	if len(o.Component) != 2 || o.ValueQuantity != nil {
		return Value{}, false
	}
	by := map[string]measured{}
	for _, c := range o.Component {
		by[c.Code.code()] = c
	}
	systolic, diastolic := by["8480-6"].ValueQuantity, by["8462-4"].ValueQuantity // LOINC
	if systolic == nil || diastolic == nil || systolic.unit() != diastolic.unit() || systolic.Comparator+diastolic.Comparator != "" {
		return Value{}, false
	}
	flags := []Flag{flagOf(by["8480-6"].Interpretation), flagOf(by["8462-4"].Interpretation)}
	for _, f := range flags {
		if f.Out() {
			return Value{Name: o.Code.name(), Text: systolic.Value.String() + "/" + diastolic.Value.String(), Unit: systolic.unit(), Flag: f}, true
		}
	}
	return Value{Name: o.Code.name(), Text: systolic.Value.String() + "/" + diastolic.Value.String(), Unit: systolic.unit(), Flag: flagOf(o.Interpretation)}, true
}

// joinNames names a component after its whole, unless its own name says it already.
func joinNames(whole, part string) string {
	if whole == "" || part == "" || strings.Contains(part, whole) {
		return part
	}
	return whole + " · " + part
}

type report struct {
	Status            string       `json:"status"`
	Code              concept      `json:"code"`
	Category          []concept    `json:"category"`
	EffectiveDateTime string       `json:"effectiveDateTime"`
	EffectivePeriod   period       `json:"effectivePeriod"`
	Issued            string       `json:"issued"`
	Conclusion        string       `json:"conclusion"`
	ConclusionCode    []concept    `json:"conclusionCode"`
	PresentedForm     []attachment `json:"presentedForm"`
	Result            []reference  `json:"result"`
	Performer         []reference  `json:"performer"`
	Interpreter       []reference  `json:"resultsInterpreter"`
}

func fillReport(r *Record, content []byte) error {
	d, err := decode[report](content)
	if err != nil {
		return err
	}
	r.Title = d.Code.name()
	r.Wrong = d.Status == enteredInError
	r.Status = known("observation", d.Status, "registered", "partial", "preliminary", "amended", "corrected", "appended", "cancelled")
	r.When = first(d.EffectiveDateTime, d.EffectivePeriod.Start, d.Issued)
	for _, form := range d.PresentedForm {
		r.Text = append(r.Text, form.text()...)
	}
	for _, p := range paragraphs(d.Conclusion) {
		r.add("conclusion", p)
	}
	r.add("conclusion", names(d.ConclusionCode))
	var results []string
	for _, ref := range d.Result {
		results = append(results, nonEmpty(ref.Display)...)
	}
	r.add("results", strings.Join(results, "；"))
	for _, p := range append(d.Interpreter, d.Performer...) {
		r.add("doctor", p.Display)
	}
	return nil
}

type medication struct {
	Status                    string    `json:"status"`
	Intent                    string    `json:"intent"`
	MedicationCodeableConcept concept   `json:"medicationCodeableConcept"`
	MedicationReference       reference `json:"medicationReference"`
	AuthoredOn                string    `json:"authoredOn"`
	Requester                 reference `json:"requester"`
	ReasonCode                []concept `json:"reasonCode"`
	DosageInstruction         []dosage  `json:"dosageInstruction"`
	DispenseRequest           struct {
		Quantity *quantity `json:"quantity"`
		Supply   *quantity `json:"expectedSupplyDuration"`
	} `json:"dispenseRequest"`
	Note []annotation `json:"note"`
}

type dosage struct {
	Text        string  `json:"text"`
	PatientInst string  `json:"patientInstruction"`
	Route       concept `json:"route"`
	Timing      struct {
		Code   concept `json:"code"`
		Repeat struct {
			Frequency  int         `json:"frequency"`
			Period     json.Number `json:"period"`
			PeriodUnit string      `json:"periodUnit"`
		} `json:"repeat"`
	} `json:"timing"`
	DoseAndRate []struct {
		DoseQuantity *quantity `json:"doseQuantity"`
	} `json:"doseAndRate"`
	AsNeeded bool `json:"asNeededBoolean"`
}

// words puts dose, how and how often on one line, where the prescriber wrote no text.
func (d dosage) words() string {
	if d.Text != "" {
		return d.Text
	}
	var parts []string
	for _, rate := range d.DoseAndRate {
		parts = append(parts, rate.DoseQuantity.text())
	}
	parts = append(parts, d.Route.name(), d.Timing.Code.name())
	if f := d.Timing.Repeat; f.Frequency > 0 && f.Period != "" && d.Timing.Code.name() == "" {
		parts = append(parts, strconv.Itoa(f.Frequency)+" × / "+f.Period.String()+" "+f.PeriodUnit)
	}
	return strings.Join(nonEmpty(parts...), "，")
}

func fillMedication(r *Record, content []byte) error {
	m, err := decode[medication](content)
	if err != nil {
		return err
	}
	r.Title = m.MedicationCodeableConcept.name()
	if r.Title == "" {
		r.Title = m.MedicationReference.Display
	}
	r.Wrong = m.Status == enteredInError
	r.Status = known("medication", m.Status, "active", "on-hold", "cancelled", "completed", "stopped", "draft")
	r.When = first(m.AuthoredOn)
	for _, d := range m.DosageInstruction {
		r.add("dosage", d.words())
		r.add("instruction", d.PatientInst)
		if d.AsNeeded {
			r.addCode("dosage", "asneeded")
		}
	}
	r.add("quantity", m.DispenseRequest.Quantity.text())
	r.add("supply", m.DispenseRequest.Supply.text())
	r.add("reason", names(m.ReasonCode))
	r.add("doctor", m.Requester.Display)
	r.Text = notes(m.Note)
	return nil
}

type imaging struct {
	Status      string    `json:"status"`
	Description string    `json:"description"`
	Started     string    `json:"started"`
	Modality    []coding  `json:"modality"`
	Procedure   []concept `json:"procedureCode"`
	Reason      []concept `json:"reasonCode"`
	Images      int       `json:"numberOfInstances"`
	Series      []struct {
		BodySite coding `json:"bodySite"`
	} `json:"series"`
}

func fillImaging(r *Record, content []byte) error {
	i, err := decode[imaging](content)
	if err != nil {
		return err
	}
	r.Title = i.Description
	if r.Title == "" {
		r.Title = names(i.Procedure)
	}
	r.Wrong = i.Status == enteredInError
	r.Status = known("observation", i.Status, "registered", "cancelled")
	r.When = first(i.Started)
	for _, m := range i.Modality {
		r.add("modality", concept{Coding: []coding{m}}.name())
	}
	for _, s := range i.Series {
		r.add("site", concept{Coding: []coding{s.BodySite}}.name())
	}
	r.add("reason", names(i.Reason))
	if i.Images > 0 {
		r.add("images", strconv.Itoa(i.Images))
	}
	return nil
}

type procedure struct {
	Status            string       `json:"status"`
	Code              concept      `json:"code"`
	PerformedDateTime string       `json:"performedDateTime"`
	PerformedPeriod   period       `json:"performedPeriod"`
	BodySite          []concept    `json:"bodySite"`
	Outcome           concept      `json:"outcome"`
	Reason            []concept    `json:"reasonCode"`
	Note              []annotation `json:"note"`
	Performer         []struct {
		Actor reference `json:"actor"`
	} `json:"performer"`
}

func fillProcedure(r *Record, content []byte) error {
	p, err := decode[procedure](content)
	if err != nil {
		return err
	}
	r.Title = p.Code.name()
	r.Wrong = p.Status == enteredInError
	r.Status = known("procedure", p.Status, "preparation", "in-progress", "not-done", "on-hold", "stopped")
	r.When = first(p.PerformedDateTime, p.PerformedPeriod.Start)
	r.add("site", names(p.BodySite))
	r.add("reason", names(p.Reason))
	r.add("outcome", p.Outcome.name())
	for _, by := range p.Performer {
		r.add("doctor", by.Actor.Display)
	}
	r.Text = notes(p.Note)
	return nil
}

type immunization struct {
	Status         string       `json:"status"`
	VaccineCode    concept      `json:"vaccineCode"`
	OccurrenceDate string       `json:"occurrenceDateTime"`
	Occurrence     string       `json:"occurrenceString"`
	LotNumber      string       `json:"lotNumber"`
	Site           concept      `json:"site"`
	DoseQuantity   *quantity    `json:"doseQuantity"`
	Note           []annotation `json:"note"`
	Protocol       []struct {
		Dose json.Number `json:"doseNumberPositiveInt"`
	} `json:"protocolApplied"`
}

func fillImmunization(r *Record, content []byte) error {
	i, err := decode[immunization](content)
	if err != nil {
		return err
	}
	r.Title = i.VaccineCode.name()
	r.Wrong = i.Status == enteredInError
	r.Status = known("procedure", i.Status, "not-done")
	r.When = first(i.OccurrenceDate)
	if r.When.Raw == "" {
		r.add("onset", i.Occurrence)
	}
	for _, p := range i.Protocol {
		r.add("dose", p.Dose.String())
	}
	r.add("lot", i.LotNumber)
	r.add("site", i.Site.name())
	r.add("quantity", i.DoseQuantity.text())
	r.Text = notes(i.Note)
	return nil
}

type allergy struct {
	ClinicalStatus     concept   `json:"clinicalStatus"`
	VerificationStatus concept   `json:"verificationStatus"`
	Criticality        string    `json:"criticality"`
	Code               concept   `json:"code"`
	RecordedDate       string    `json:"recordedDate"`
	Asserter           reference `json:"asserter"`
	Reaction           []struct {
		Manifestation []concept `json:"manifestation"`
	} `json:"reaction"`
}

func fillAllergy(r *Record, content []byte) error {
	a, err := decode[allergy](content)
	if err != nil {
		return err
	}
	r.Title = a.Code.name()
	r.Wrong = a.VerificationStatus.code() == enteredInError
	r.Status = known("condition", a.ClinicalStatus.code(), "active", "inactive", "resolved")
	r.When = first(a.RecordedDate)
	r.addCode("criticality", known("criticality", a.Criticality, "low", "high"))
	for _, reaction := range a.Reaction {
		r.add("reaction", names(reaction.Manifestation))
	}
	r.add("doctor", a.Asserter.Display)
	return nil
}

// other is what most resources of FHIR R4 have in common.
type other struct {
	Status  any    `json:"status"`
	Code    any    `json:"code"`
	Date    string `json:"date"`
	Created string `json:"created"`
}

// fillOther shows a type that has no view of its own by its code and date; the whole record can be downloaded.
func fillOther(r *Record, content []byte) error {
	o, err := decode[other](content)
	if err != nil {
		return err
	}
	if c, ok := o.Code.(map[string]any); ok {
		r.Title, _ = c["text"].(string)
	}
	r.Wrong = o.Status == enteredInError
	r.When = first(o.Date, o.Created)
	return nil
}
