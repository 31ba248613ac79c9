package records_test

import (
	"context"
	"testing"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/records"
)

// shelf holds what a patient's demographics are; it serves as policy and store of a Reading.
type shelf struct {
	records.Kept
	contents []string
}

func (s shelf) Decide(_ context.Context, q consortium.Query) (consortium.Decision, error) {
	return consortium.Decision{Query: q, Allow: true}, nil
}

func (s shelf) ListAll(context.Context, exchange.Access, int) ([]exchange.Version, error) {
	var out []exchange.Version
	for _, c := range s.contents {
		out = append(out, exchange.Version{Content: []byte(c)})
	}
	return out, nil
}

func TestBirthDateIsTheYoungestOnRecordSoThatAChildIsNotTakenForAnAdult(t *testing.T) {
	for name, c := range map[string]struct {
		contents []string
		want     string // empty: not known
	}{
		"one record":          {[]string{`{"resourceType":"Patient","birthDate":"1965-07-28"}`}, "1965-07-28"},
		"records that differ": {[]string{`{"resourceType":"Patient","birthDate":"1999-01-01"}`, `{"resourceType":"Patient","birthDate":"2015-05-05"}`}, "2015-05-05"},
		"year only":           {[]string{`{"resourceType":"Patient","birthDate":"1965"}`}, ""},
		"another resource":    {[]string{`{"resourceType":"RelatedPerson","birthDate":"1965-07-28"}`}, ""},
		"no date":             {[]string{`{"resourceType":"Patient"}`}, ""},
		"not JSON":            {[]string{`{`}, ""},
		"no record":           {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := shelf{contents: c.contents}
			p := &records.Reading{Org: "donghu", Decider: s, Kept: s, Now: time.Now}
			got, err := p.BirthDate(context.Background(), consortium.Actor{})
			if c.want == "" {
				if !fault.Is(err, fault.NotFound) {
					t.Fatalf("got %v, %v", got, err)
				}
				return
			}
			if err != nil || got.Format(time.DateOnly) != c.want {
				t.Fatalf("got %v, %v", got, err)
			}
		})
	}
}
