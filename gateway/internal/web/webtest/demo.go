package webtest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"yilian.example/consent"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fhir"
	"yilian.example/scripts/demo/people"
)

// demoVersions is what the hospital holds on the first of the demonstration's people.
func demoVersions(t testing.TB) []exchange.Version {
	var bundle struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal(people.Demo(Now)[0].Bundle, &bundle); err != nil {
		t.Fatal(err)
	}
	var out []exchange.Version
	for i, e := range bundle.Entry {
		var head struct{ ResourceType string }
		if err := json.Unmarshal(e.Resource, &head); err != nil {
			t.Fatal(err)
		}
		class, known := fhir.ClassOf(head.ResourceType)
		if !known || !class.Kind.Valid() {
			continue
		}
		out = append(out, exchange.Version{
			Ref: exchange.RecordRef{
				Org:  "donghu",
				Type: head.ResourceType,
				ID:   fmt.Sprintf("r%d", i),
			}, Number: 1, Patient: PatientRef, Kind: class.Kind,
			Recorded: Now.Add(-time.Hour), Content: e.Resource, Entry: fmt.Sprintf("entry-%d", i),
		})
	}
	return out
}

// Many adds n results to what the hospital holds on the person, each stored later than all before: a chronic patient.
func (s *World) Many(n int) {
	for i := range n {
		s.Versions = append(s.Versions, exchange.Version{
			Ref: exchange.RecordRef{Org: "donghu", Type: "Observation", ID: fmt.Sprintf("m%d", i)}, Number: 1,
			Patient: PatientRef, Kind: consortium.Observations, Recorded: Now.Add(time.Duration(i) * time.Second),
			Content: fmt.Appendf(nil, `{"resourceType":"Observation","status":"final","code":{"text":"葡萄糖","coding":[`+
				`{"system":"http://loinc.org","code":"14749-6"}]},"effectiveDateTime":"%s","valueQuantity":{"value":5.%d,`+
				`"unit":"mmol/L"},"referenceRange":[{"low":{"value":3.9},"high":{"value":6.1}}]}`,
				Now.AddDate(0, 0, i-n).Format("2006-01-02"), i%10),
		})
	}
}

func demoAccess() []exchange.AccessEntry {
	asker := consortium.Actor{ID: "he", Name: "何敏", Org: "qingshan", Role: consortium.RoleClinician}
	zhao := consortium.Actor{ID: "zhao", Name: "赵琳", Org: "donghu", Role: consortium.RoleClinician}
	his := consortium.Actor{ID: "his", Org: "donghu", Role: consortium.RoleSystem}
	kinds := []consortium.Kind{consortium.Observations, consortium.Reports}
	line := func(
		seq int64, a consortium.Actor, purpose consortium.Purpose, action consortium.Action, allow bool, code,
		article string, ks []consortium.Kind,
	) exchange.AccessEntry {
		return exchange.AccessEntry{
			Seq:   seq,
			Entry: fmt.Sprintf("access-%d", seq),
			Time:  Now.Add(-time.Duration(40-seq) * 17 * time.Minute),
			Decision: consortium.Decision{
				Query: consortium.Query{
					Actor:     a,
					Purpose:   purpose,
					Action:    action,
					Custodian: "donghu",
					Patient:   PatientRef,
					Kinds:     ks,
				},
				Allow: allow, Reasons: []consortium.Reason{{Code: code, Article: article}},
			},
		}
	}
	all := consortium.PatientKinds()
	out := []exchange.AccessEntry{
		line(36, Wang, consortium.PatientRequest, consortium.ActionRead, true, "PATIENT_SELF", "PIPL 45", all),
		line(35, asker, consortium.Treatment, consortium.ActionRelease, false, "CONSENT_WITHDRAWN", "PIPL 15", kinds),
		line(34, asker, consortium.Treatment, consortium.ActionRelease, true, "PATIENT_CONSENT", "PIPL 23, 29", kinds),
		line(33, asker, consortium.Treatment, consortium.ActionRelease, false, "CONSENT_MISSING", "PIPL 23, 29", kinds),
		line(32, zhao, consortium.Treatment, consortium.ActionRead, true, "TREATMENT_RELATION", "PIPL 13(2), 28", all),
	}
	for seq := int64(31); seq > 0; seq-- {
		out = append(
			out,
			line(
				seq, his, consortium.Operations, consortium.ActionStore, true, "RECORD_KEEPING", "PIPL 13(2), 13(3)",
				[]consortium.Kind{consortium.Observations},
			),
		)
	}
	return out
}

func demoConsents() []consent.Consent {
	one := func(
		id string, recipient consortium.OrgID, purpose consortium.Purpose, state consent.State, until time.Time,
	) consent.Consent {
		return consent.Consent{
			ID:        consent.ID(strings.Repeat(id, 64)),
			State:     state,
			CreatedAt: Now.Add(-48 * time.Hour),
			Terms: consent.Terms{
				Patient: PatientRef, Custodian: "donghu", Recipient: recipient, Purpose: purpose,
				Kinds: []consortium.Kind{consortium.Diagnoses, consortium.Observations, consortium.Reports},
				From:  Now.Add(-48 * time.Hour), Until: until,
			},
		}
	}
	gone := one("d", "anhe", consortium.Payment, consent.Withdrawn, Now.Add(90*24*time.Hour))
	gone.WithdrawnAt = Now.Add(-time.Hour)
	return []consent.Consent{
		one("a", "qingshan", consortium.Treatment, consent.Granted, Now.Add(28*24*time.Hour)),
		one("b", "anhe", consortium.Payment, consent.Pending, Now.Add(7*24*time.Hour)),
		one("c", "qingshan", consortium.Treatment, consent.Granted, Now.Add(-time.Hour)),
		gone,
	}
}

func demoHoldings() []exchange.Holding {
	var out []exchange.Holding
	for i, kind := range consortium.PatientKinds() {
		out = append(out, exchange.Holding{Org: "donghu", Kind: kind, Count: 1 + i*3, Latest: Now.AddDate(0, 0, -i)})
		if i%2 == 0 {
			out = append(out, exchange.Holding{Org: "qingshan", Kind: kind, Count: 2 + i, Latest: Now.AddDate(0, -i, 0)})
		}
	}
	return out
}
