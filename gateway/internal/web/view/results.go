package view

import (
	"strconv"
	"strings"
)

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

// bloodPressure writes the two pressures as everybody does, 129/80, where the observation is just these two in one
// unit.
func bloodPressure(o observation) (Value, bool) {
	if len(o.Component) != 2 || o.ValueQuantity != nil {
		return Value{}, false
	}
	by := map[string]measured{}
	for _, c := range o.Component {
		by[c.Code.code()] = c
	}
	systolic, diastolic := by["8480-6"].ValueQuantity, by["8462-4"].ValueQuantity // LOINC
	if systolic == nil || diastolic == nil || systolic.unit() != diastolic.unit() ||
		systolic.Comparator+diastolic.Comparator != "" {
		return Value{}, false
	}
	flags := []Flag{flagOf(by["8480-6"].Interpretation), flagOf(by["8462-4"].Interpretation)}
	for _, f := range flags {
		if f.Out() {
			return Value{
				Name: o.Code.name(),
				Text: systolic.Value.String() + "/" + diastolic.Value.String(),
				Unit: systolic.unit(),
				Flag: f,
			}, true
		}
	}
	return Value{
		Name: o.Code.name(),
		Text: systolic.Value.String() + "/" + diastolic.Value.String(),
		Unit: systolic.unit(),
		Flag: flagOf(o.Interpretation),
	}, true
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
	r.Status = known(
		"observation", d.Status, "registered", "partial", "preliminary", "amended", "corrected", "appended", "cancelled",
	)
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
