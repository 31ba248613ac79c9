package records_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/records"
	"yilian.example/exchange/records/recordstest"
)

// anybody is a policy that allows everything.
type anybody struct{}

func (anybody) Decide(_ context.Context, q consortium.Query) (consortium.Decision, error) {
	return consortium.Decision{Query: q, Allow: true}, nil
}

// demographics are records of which these are a patient's.
func demographics(t *testing.T, contents []string) *records.Keeper {
	t.Helper()
	k := recordstest.NewKeeper("donghu", recordstest.NewStore(), time.Now)
	var puts []exchange.Put
	for i, c := range contents {
		puts = append(puts, exchange.Put{
			Type: "Patient", ID: strconv.Itoa(i), Version: 1, Patient: patient, Kind: consortium.Demographics, Recorded: at,
			Content: []byte(c),
		})
	}
	if _, err := k.Store(t.Context(), puts); err != nil {
		t.Fatal(err)
	}
	return k
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
			p := &records.Reading{Org: "donghu", Decider: anybody{}, Kept: demographics(t, c.contents), Now: time.Now}
			got, err := p.BirthDate(t.Context(), consortium.Actor{Patient: patient})
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
