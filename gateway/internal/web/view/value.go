package view

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"yilian.example/exchange"
)

// Value is one measured or stated result.
type Value struct {
	Name string
	Text string // the result as written, without unit
	Unit string
	Code string // where the result is a word of ours: a key ("code.<Code>")
	Flag Flag
	// Range is the reference range in words, for example "3.9–6.1"; empty where none was given.
	Range string
	Bar   *Bar // nil unless the value and at least one limit are numbers
	Ref   exchange.RecordRef
	Term  Term // what its code is called
	At    Date // set where values of one panel were taken at several times of the day
}

// Flag says where a value lies. The page shows it as a word and a sign, never by colour alone.
type Flag string

// The flags. None means that nobody said and no range tells.
const (
	None     Flag = ""
	Normal   Flag = "normal"
	Low      Flag = "low"
	High     Flag = "high"
	Critical Flag = "critical" // dangerously low or high
	Abnormal Flag = "abnormal"
)

// rank is the order in which a reader has to see flags: what may be dangerous first.
func (f Flag) rank() int {
	switch {
	case f == Critical:
		return 0
	case f.Out():
		return 1
	}
	return 2
}

// abnormalFirst orders values; those of one rank stay as they came.
func abnormalFirst(values []Value) {
	slices.SortStableFunc(values, func(a, b Value) int { return cmp.Compare(a.Flag.rank(), b.Flag.rank()) })
}

// Out reports whether the value needs a reader's attention.
func (f Flag) Out() bool { return f != None && f != Normal }

// Bar is a value drawn against its range, in units of a bar that is 100 wide: the normal band from From to To, the
// value at At.
type Bar struct{ From, To, At float64 }

// Width is the band's.
func (b Bar) Width() float64 { return b.To - b.From }

// Mark is the left edge of the value's mark.
func (b Bar) Mark() float64 { return b.At - markWidth/2 }

// markWidth is how wide the mark is drawn.
const markWidth = 2.4

// The normal band takes the middle half of the bar; what lies far outside is drawn at the edge.
const (
	bandFrom, bandTo = 25, 75
	edge             = 3
)

// newBar places value between limits; nil limits are open ends.
func newBar(value float64, low, high *float64) *Bar {
	clamp := func(x float64) float64 { return min(max(x, edge), 100-edge) }
	switch {
	case low != nil && high != nil && *high > *low:
		return &Bar{From: bandFrom, To: bandTo, At: clamp(bandFrom + (value-*low)/(*high-*low)*(bandTo-bandFrom))}
	case low == nil && high != nil && *high > 0:
		return &Bar{From: 0, To: bandTo, At: clamp(value / *high * bandTo)}
	case high == nil && low != nil && *low > 0:
		return &Bar{From: bandFrom, To: 100, At: clamp(value / *low * bandFrom)}
	}
	return nil
}

// quantity is FHIR's Quantity; the number is kept as written, as its trailing zeros mean something.
type quantity struct {
	Value      json.Number `json:"value"`
	Comparator string      `json:"comparator"`
	Unit       string      `json:"unit"`
	Code       string      `json:"code"`
}

func (q *quantity) number() *float64 {
	if q == nil {
		return nil
	}
	f, err := strconv.ParseFloat(q.Value.String(), 64)
	if err != nil {
		return nil
	}
	return &f
}

// unit is the unit for people: as the record words it, else as its UCUM code is written on paper.
func (q *quantity) unit() string {
	unit := q.Unit
	if unit == "" || unit == q.Code {
		unit = unitWords(q.Code)
	}
	return powers.Replace(unit)
}

// powers writes powers of ten as on paper.
var powers = strings.NewReplacer(
	"10*12/", "×10¹²/", "10^12/", "×10¹²/", "10*9/", "×10⁹/", "10^9/", "×10⁹/", "10*6/", "×10⁶/", "10*3/", "×10³/",
)

// text is value and unit on one line.
func (q *quantity) text() string {
	if q == nil || q.Value == "" {
		return ""
	}
	return strings.TrimSpace(q.Comparator + q.Value.String() + " " + q.unit())
}

// referenceRange is FHIR's Observation.referenceRange.
type referenceRange struct {
	Low  *quantity `json:"low"`
	High *quantity `json:"high"`
	Text string    `json:"text"`
}

func (r referenceRange) words() string {
	switch {
	case r.Low != nil && r.High != nil:
		return r.Low.Value.String() + "–" + r.High.Value.String()
	case r.High != nil:
		return "≤ " + r.High.Value.String()
	case r.Low != nil:
		return "≥ " + r.Low.Value.String()
	}
	return r.Text
}

// measured is what Observation and its components share.
type measured struct {
	Code            concept          `json:"code"`
	ValueQuantity   *quantity        `json:"valueQuantity"`
	ValueConcept    *concept         `json:"valueCodeableConcept"`
	ValueString     string           `json:"valueString"`
	ValueBoolean    *bool            `json:"valueBoolean"`
	ValueInteger    *int64           `json:"valueInteger"`
	ValueDateTime   string           `json:"valueDateTime"`
	ValueRange      *referenceRange  `json:"valueRange"`
	ValueRatio      *ratio           `json:"valueRatio"`
	DataAbsent      *concept         `json:"dataAbsentReason"`
	Interpretation  []concept        `json:"interpretation"`
	ReferenceRanges []referenceRange `json:"referenceRange"`
}

type ratio struct {
	Numerator   *quantity `json:"numerator"`
	Denominator *quantity `json:"denominator"`
}

// value makes the shown value; false when there is none and nobody said why.
func (m measured) value() (Value, bool) {
	v := Value{Name: m.Code.name(), Term: m.Code.term(), Flag: flagOf(m.Interpretation)}
	switch {
	case m.ValueQuantity != nil && m.ValueQuantity.Value != "":
		v.Text, v.Unit = m.ValueQuantity.Comparator+m.ValueQuantity.Value.String(), m.ValueQuantity.unit()
	case m.ValueConcept != nil:
		v.Text = m.ValueConcept.name()
	case m.ValueString != "":
		v.Text = m.ValueString
	case m.ValueBoolean != nil:
		v.Code = map[bool]string{true: "yes", false: "no"}[*m.ValueBoolean]
	case m.ValueInteger != nil:
		v.Text = strconv.FormatInt(*m.ValueInteger, 10)
	case m.ValueDateTime != "":
		v.Text = m.ValueDateTime
	case m.ValueRange != nil:
		v.Text = m.ValueRange.words()
	case m.ValueRatio != nil:
		v.Text = m.ValueRatio.Numerator.text() + " / " + m.ValueRatio.Denominator.text()
	case m.DataAbsent != nil:
		v.Code = "absent"
	default:
		return v, false
	}
	m.place(&v)
	return v, true
}

// place compares the value with its reference range. A range that has no limits in numbers, or a value that is no
// number, stays words.
func (m measured) place(v *Value) {
	if len(m.ReferenceRanges) == 0 {
		return
	}
	r := m.ReferenceRanges[0]
	v.Range = r.words()
	value, low, high := m.ValueQuantity.number(), r.Low.number(), r.High.number()
	if value == nil || (low == nil && high == nil) || !sameUnits(m.ValueQuantity, r.Low, r.High) {
		return
	}
	v.Bar = newBar(*value, low, high)
	if v.Flag != None || m.ValueQuantity.Comparator != "" {
		return
	}
	switch {
	case low != nil && *value < *low:
		v.Flag = Low
	case high != nil && *value > *high:
		v.Flag = High
	default:
		v.Flag = Normal
	}
}

// sameUnits reports whether the limits are in the value's unit, or name none: numbers in other units must not be
// compared.
func sameUnits(value *quantity, limits ...*quantity) bool {
	for _, l := range limits {
		if l == nil || l.unit() == "" || l.unit() == value.unit() || (l.Code != "" && l.Code == value.Code) {
			continue
		}
		return false
	}
	return true
}

// flagOf reads HL7's ObservationInterpretation codes.
func flagOf(interpretations []concept) Flag {
	for _, c := range interpretations {
		for _, code := range c.Coding {
			switch code.Code {
			case "H", "HU", ">":
				return High
			case "L", "LU", "<":
				return Low
			case "HH", "LL", "AA":
				return Critical
			case "A", "POS", "DET":
				return Abnormal
			case "N", "NEG", "ND":
				return Normal
			}
		}
	}
	return None
}
