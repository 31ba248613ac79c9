package view

import (
	"cmp"
	"encoding/json"
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
	r.name(o.Code)
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
	return Value{
		Name:  o.Code.name(),
		Term:  o.Code.term(),
		Text:  systolic.Value.String() + "/" + diastolic.Value.String(),
		Unit:  systolic.unit(),
		Flag:  worse(flagOf(o.Interpretation), bothFlags(by["8480-6"], by["8462-4"])),
		Range: bothRanges(by["8480-6"], by["8462-4"]),
	}, true
}

// placed is a component's value against its own limits.
func placed(m measured) Value {
	v, _ := m.value()
	return v
}

// bothFlags is the flag of two values that are shown as one. One too high and one too low are abnormal in two ways;
// that both are normal is only said where it is known of both.
func bothFlags(a, b measured) Flag {
	x, y := placed(a).Flag, placed(b).Flag
	switch {
	case x == y:
		return x
	case x.Out() && y.Out() && x != Critical && y != Critical:
		return Abnormal
	case x.Out() || y.Out():
		return worse(x, y)
	}
	return None
}

// worse is the flag that a reader must not miss. Normal comes before none only where somebody said so of the whole.
func worse(a, b Flag) Flag {
	if a.rank() < b.rank() || b == None || (a.rank() == b.rank() && a.Out() && b == Abnormal) {
		return a
	}
	return b
}

// bothRanges writes the two ranges as the two values are written. A range that only one has stands with a dash for the
// other, so that nobody reads it as the wrong one's.
func bothRanges(a, b measured) string {
	x, y := placed(a).Range, placed(b).Range
	if x == "" && y == "" {
		return ""
	}
	return cmp.Or(x, "–") + " / " + cmp.Or(y, "–")
}

// joinNames names a component after its whole, unless its own name says it already.
func joinNames(whole, part string) string {
	if whole == "" || part == "" || strings.Contains(part, whole) {
		return part
	}
	return whole + " · " + part
}

type report struct {
	Status            string            `json:"status"`
	Code              concept           `json:"code"`
	Category          []concept         `json:"category"`
	EffectiveDateTime string            `json:"effectiveDateTime"`
	EffectivePeriod   period            `json:"effectivePeriod"`
	Issued            string            `json:"issued"`
	Conclusion        string            `json:"conclusion"`
	ConclusionCode    []concept         `json:"conclusionCode"`
	PresentedForm     []attachment      `json:"presentedForm"`
	Result            []reference       `json:"result"`
	Contained         []json.RawMessage `json:"contained"`
	Performer         []reference       `json:"performer"`
	Interpreter       []reference       `json:"resultsInterpreter"`
}

func fillReport(r *Record, content []byte) error {
	d, err := decode[report](content)
	if err != nil {
		return err
	}
	r.name(d.Code)
	r.Wrong = d.Status == enteredInError
	r.Status = known(
		"observation", d.Status, "registered", "partial", "preliminary", "amended", "corrected", "appended", "cancelled",
	)
	r.When = first(d.EffectiveDateTime, d.EffectivePeriod.Start, d.Issued)
	for _, form := range d.PresentedForm {
		r.Text = append(r.Text, form.text()...)
		if form.text() == nil && form.ContentType != "" {
			r.Attached = append(r.Attached, form.ContentType)
		}
	}
	for _, p := range paragraphs(d.Conclusion) {
		r.add("conclusion", p)
	}
	r.add("conclusion", names(d.ConclusionCode))
	r.Empty = len(r.Text)+len(r.Attached)+len(r.Facts)+len(d.Result) == 0
	r.results(d)
	for _, p := range append(d.Interpreter, d.Performer...) {
		r.add("doctor", p.Display)
	}
	return nil
}

// results notes the results that a report names. Those that it contains are its values at once; the others are found
// among the records (Resolve) or, where only a name was given, shown by that.
func (r *Record) results(d report) {
	var named []string
	for _, ref := range d.Result {
		if id, inside := strings.CutPrefix(ref.Reference, "#"); inside {
			r.Values = append(r.Values, containedValues(d.Contained, id)...)
			continue
		}
		if at, ok := recordRef(r.Ref.Org, ref.Reference); ok {
			r.Results = append(r.Results, at)
			continue
		}
		named = append(named, nonEmpty(ref.Display)...)
	}
	abnormalFirst(r.Values)
	r.add("results", strings.Join(named, "；"))
}

// containedValues are the values of an observation that stands inside another record.
func containedValues(contained []json.RawMessage, id string) []Value {
	for _, raw := range contained {
		var head struct {
			ResourceType string `json:"resourceType"`
			ID           string `json:"id"`
		}
		if json.Unmarshal(raw, &head) != nil || head.ID != id || head.ResourceType != "Observation" {
			continue
		}
		var o Record
		if fillObservation(&o, raw) == nil && !o.Wrong {
			return o.Values
		}
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
