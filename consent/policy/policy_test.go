package policy

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"
	"pgregory.net/rapid"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
)

// TestRego runs the tests that stand beside the rules.
func TestRego(t *testing.T) {
	modules, _, err := tester.Load([]string{"."}, nil)
	if err != nil {
		t.Fatal(err)
	}
	table, err := encode(vocabulary(consortium.Grants()))
	if err != nil {
		t.Fatal(err)
	}
	store, err := open(table)
	if err != nil {
		t.Fatal(err)
	}
	results, err := tester.NewRunner().SetStore(store).SetModules(modules).RunTests(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for result := range results {
		count++
		if result.Fail || result.Error != nil || result.Skip {
			t.Errorf("%s %s: fail %v, skip %v, error %v", result.Location, result.Name, result.Fail, result.Skip, result.Error)
		}
	}
	if count < 100 {
		t.Errorf("ran %d tests of the rules, expected at least 100", count)
	}
}

func engine(t testing.TB) *Engine {
	t.Helper()
	e, err := New(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const patient = consortium.PatientRef("p1")

// release is a query of another member that the given consents may permit.
func release(consents ...consent.Fact) consent.Input {
	return consent.Input{
		Org: "donghu",
		Query: consortium.Query{
			Actor:     consortium.Actor{ID: "u1", Name: "李医生", Org: "qingshan", Role: consortium.RoleClinician},
			Purpose:   consortium.Treatment,
			Action:    consortium.ActionRelease,
			Custodian: "donghu",
			Patient:   patient,
			Kinds:     []consortium.Kind{consortium.Diagnoses, consortium.Reports},
			Time:      noon,
		},
		Facts: consent.Facts{Consents: consents},
	}
}

func granted() consent.Fact {
	return consent.Fact{
		ID: "c1",
		Terms: consent.Terms{
			Patient: patient, Custodian: "donghu", Recipient: "qingshan", Purpose: consortium.Treatment,
			Kinds: []consortium.Kind{consortium.Diagnoses, consortium.Reports},
			From:  noon.Add(-time.Hour), Until: noon.Add(time.Hour),
		},
		State: consent.Granted,
	}
}

func TestEvaluate(t *testing.T) {
	e := engine(t)
	in := release(granted())
	d, err := e.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if !d.Allow || d.Consent != "c1" ||
		d.Reasons[0] != (consortium.Reason{Code: "PATIENT_CONSENT", Article: "PIPL 23, 29"}) {
		t.Errorf("decision %+v, want allowed by c1", d)
	}
	if len(d.Policy) != 64 || d.Policy != e.Digest() || d.Query.Actor.Name != "李医生" {
		t.Errorf("decision lacks digest or query: %+v", d)
	}
	in.Facts.Consents = nil
	d, err = e.Evaluate(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if d.Allow || d.Consent != "" || d.Reasons[0].Code != "CONSENT_MISSING" {
		t.Errorf("decision %+v, want refused for want of a consent", d)
	}
	if _, err := e.Evaluate(cancelled(t), in); err == nil {
		t.Error("evaluation under a cancelled context gave no error")
	}
}

func cancelled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

func TestZeroInputIsRefused(t *testing.T) {
	d, err := engine(t).Evaluate(t.Context(), consent.Input{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Allow || d.Reasons[0].Code != "INPUT_MISSING" {
		t.Errorf("decision %+v, want INPUT_MISSING", d)
	}
}

// TestReadRefusesOtherShapes: an answer that is not of the expected shape must never be taken for an allowance.
func TestReadRefusesOtherShapes(t *testing.T) {
	whole := func() map[string]any {
		return map[string]any{
			"allow": true, "consent": "", "obligations": []any{},
			"reasons": []any{map[string]any{"code": "A", "article": "B"}},
		}
	}
	if _, err := read(whole()); err != nil {
		t.Fatalf("read a whole answer: %v", err)
	}
	for name, change := range map[string]func(map[string]any){
		"no allow":            func(m map[string]any) { delete(m, "allow") },
		"allow is text":       func(m map[string]any) { m["allow"] = "true" },
		"no reasons":          func(m map[string]any) { m["reasons"] = []any{} },
		"reason is text":      func(m map[string]any) { m["reasons"] = []any{"A"} },
		"reason lacks code":   func(m map[string]any) { m["reasons"] = []any{map[string]any{"article": "B"}} },
		"no consent":          func(m map[string]any) { delete(m, "consent") },
		"no obligations":      func(m map[string]any) { delete(m, "obligations") },
		"obligation a number": func(m map[string]any) { m["obligations"] = []any{1} },
	} {
		m := whole()
		change(m)
		if _, err := read(m); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := read(nil); err == nil {
		t.Error("nothing: accepted")
	}
}

func drawFact(t *rapid.T) consent.Fact {
	f := granted()
	f.ID = consent.ID(rapid.SampledFrom([]string{"", "c1", "c2"}).Draw(t, "id"))
	f.State = rapid.SampledFrom([]consent.State{consent.Granted, consent.Granted, consent.Pending, consent.Withdrawn, consent.Refused, ""}).
		Draw(t, "state")
	f.Terms.Recipient = rapid.SampledFrom([]consortium.OrgID{"qingshan", "qingshan", "anhe", "donghu", ""}).
		Draw(t, "recipient")
	f.Terms.Purpose = rapid.SampledFrom([]consortium.Purpose{"TREAT", "TREAT", "HPAYMT", "HMARKT", ""}).
		Draw(t, "consent purpose")
	f.Terms.Kinds = rapid.SliceOfN(rapid.SampledFrom(append(consortium.PatientKinds(), consortium.Directory, "")), 0, 8).
		Draw(t, "consent kinds")
	f.Terms.From = noon.Add(time.Duration(rapid.IntRange(-3, 2).Draw(t, "from")) * time.Second)
	f.Terms.Until = noon.Add(time.Duration(rapid.IntRange(-2, 3).Draw(t, "until")) * time.Second)
	return f
}

// drawInput takes an input that is allowed and changes up to four things about it, so that allowances and near misses
// are both common.
func drawInput(t *rapid.T) consent.Input {
	in := release(granted())
	if rapid.Bool().Draw(t, "at home") {
		in.Query.Actor.Org, in.Query.Action, in.Facts.Care = "donghu", consortium.ActionRead, true
	}
	orgs := []consortium.OrgID{"donghu", "qingshan", "anhe", ""}
	changes := []func(){
		func() { in.Org = rapid.SampledFrom(orgs).Draw(t, "org") },
		func() { in.Query.Actor.ID = "" },
		func() { in.Query.Actor.Org = rapid.SampledFrom(orgs).Draw(t, "actor org") },
		func() {
			in.Query.Actor.Role = rapid.SampledFrom(append(consortium.Roles(), "", "admin")).Draw(t, "role")
		},
		func() {
			in.Query.Actor.Patient = rapid.SampledFrom([]consortium.PatientRef{"", patient, "p2"}).Draw(t, "self")
		},
		func() {
			in.Query.Purpose = rapid.SampledFrom(append(consortium.Purposes(), "X", "")).Draw(t, "purpose")
		},
		func() {
			in.Query.Action = rapid.SampledFrom(append(consortium.Actions(), "export", "")).Draw(t, "action")
		},
		func() { in.Query.Custodian = rapid.SampledFrom(orgs).Draw(t, "custodian") },
		func() {
			in.Query.Patient = rapid.SampledFrom([]consortium.PatientRef{patient, "p2", ""}).Draw(t, "patient")
		},
		func() {
			in.Query.Kinds = rapid.SliceOfN(rapid.SampledFrom(append(consortium.PatientKinds(), consortium.Directory)), 0, 2).
				Draw(t, "kinds")
		},
		func() { in.Facts.Care = rapid.Bool().Draw(t, "care") },
		func() { in.Facts.Consents = rapid.SliceOfN(rapid.Custom(drawFact), 0, 4).Draw(t, "consents") },
	}
	for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(changes)-1), 0, 4).Draw(t, "changes") {
		changes[i]()
	}
	return in
}

// permits is the rule of PIPL 23 and 29 written a second time, in Go.
func permits(f consent.Fact, q consortium.Query) bool {
	c := consent.Consent{Terms: f.Terms, State: f.State}
	return f.ID != "" && f.Terms.Covers(q.Actor.Org, q.Purpose, q.Kinds) && c.Holds(q.Time)
}

// TestNoReleaseWithoutConsent: whatever the input, records leave for another organisation only under a consent that
// fits.
func TestNoReleaseWithoutConsent(t *testing.T) {
	e := engine(t)
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		d, err := e.Evaluate(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Reasons) == 0 {
			t.Fatal("decision without a reason")
		}
		if !d.Allow {
			if d.Consent != "" || len(d.Obligations) != 0 {
				t.Fatalf("refusal names a consent or obligations: %+v", d)
			}
			return
		}
		if in.Query.Custodian != in.Org || in.Query.Purpose == consortium.Marketing ||
			in.Query.Actor.Role == consortium.RoleAuditor {
			t.Fatalf("allowed what is prohibited: %+v", d)
		}
		if !in.Query.Action.Valid() || !in.Query.Actor.Role.May(in.Query.Action) ||
			!in.Query.Actor.Role.Serves(in.Query.Purpose) {
			t.Fatalf("allowed beyond the table of roles: %+v", d)
		}
		away, release := in.Query.Actor.Org != in.Org, in.Query.Action == consortium.ActionRelease
		if away != release && in.Query.Action != consortium.ActionLocate {
			t.Fatalf("allowed to another organisation without release: %+v", d)
		}
		if !away || !release && in.Query.Actor.Role != consortium.RoleAssessor {
			return
		}
		if !slices.ContainsFunc(
			in.Facts.Consents, func(f consent.Fact) bool { return string(f.ID) == d.Consent && permits(f, in.Query) },
		) {
			t.Fatalf("released without a consent that fits: %+v", d)
		}
	})
}

// TestLessFactsNeverAllowMore: taking a fact away never turns a refusal into an allowance.
func TestLessFactsNeverAllowMore(t *testing.T) {
	e := engine(t)
	rapid.Check(t, func(t *rapid.T) {
		in := drawInput(t)
		before, err := e.Evaluate(context.Background(), in)
		if err != nil {
			t.Fatal(err)
		}
		if before.Allow {
			return
		}
		whole := document(in)
		paths := leaves(nil, whole)
		path := rapid.SampledFrom(paths).Draw(t, "removed")
		value, err := ast.InterfaceToValue(without(whole, path))
		if err != nil {
			t.Fatal(err)
		}
		after, err := e.evaluate(context.Background(), in.Query.Action, value)
		if err != nil {
			t.Fatal(err)
		}
		if after.allow {
			t.Fatalf("removing %v turned %+v into an allowance", path, before)
		}
		in.Facts.Care = false
		in.Facts.Consents = in.Facts.Consents[:len(in.Facts.Consents)/2]
		d, err := e.Evaluate(context.Background(), in)
		if err != nil || d.Allow {
			t.Fatalf("fewer facts allowed %+v: %v", d, err)
		}
	})
}

// TestAllowedReleaseIsReached keeps the properties above honest: the generator does produce allowances.
func TestAllowedReleaseIsReached(t *testing.T) {
	e := engine(t)
	allowed := 0
	for seed := range 500 {
		in := rapid.Custom(drawInput).Example(seed)
		d, err := e.Evaluate(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if d.Allow && in.Query.Action == consortium.ActionRelease {
			allowed++
		}
	}
	if allowed < 20 {
		t.Errorf("500 drawn inputs hold %d allowed releases, expected 20 at least", allowed)
	}
}

// leaves lists the paths of a document that can be removed: object fields at any depth and elements of lists.
func leaves(prefix []any, v any) [][]any {
	var out [][]any
	switch v := v.(type) {
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			path := append(slices.Clone(prefix), k)
			out = append(append(out, path), leaves(path, v[k])...)
		}
	case []any:
		for i := range v {
			path := append(slices.Clone(prefix), i)
			out = append(append(out, path), leaves(path, v[i])...)
		}
	}
	return out
}

// without copies a document but for one path. Elements of the query's kinds are kept: asking for less may well be
// allowed.
func without(v any, path []any) any {
	if len(path) == 3 && path[0] == "query" && path[1] == "kinds" {
		return v
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, child := range v {
			if k != path[0] {
				out[k] = child
			} else if len(path) > 1 {
				out[k] = without(child, path[1:])
			}
		}
		return out
	case []any:
		var out []any
		for i, child := range v {
			if i != path[0] {
				out = append(out, child)
			} else if len(path) > 1 {
				out = append(out, without(child, path[1:]))
			}
		}
		return out
	}
	return v
}

func BenchmarkEvaluate(b *testing.B) {
	e := engine(b)
	care := release()
	care.Query.Actor.Org, care.Query.Action, care.Facts.Care = "donghu", consortium.ActionRead, true
	asked := release()
	asked.Query.Action = consortium.ActionLocate
	other := granted()
	other.ID, other.Terms.Recipient = "c2", "anhe"
	for name, in := range map[string]consent.Input{
		"release allowed": release(granted(), other),
		"release refused": release(other),
		"read allowed":    care,
		"locate allowed":  asked,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := e.Evaluate(context.Background(), in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
