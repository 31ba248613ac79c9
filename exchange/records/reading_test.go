package records_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/records"
)

var (
	at      = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	patient = consortium.NewPatientRef(
		[]byte("0123456789abcdef0123456789abcdef"), "urn:oid:2.16.156.10011.1.3", "990000199001011234",
	)
)

var doctor = consortium.Actor{ID: "dr-1", Name: "医生", Org: "qingshan", Role: consortium.RoleClinician}

// kept is the store of a Reading that knows holdings and remembers what is logged.
type kept struct {
	records.Kept
	logged []exchange.Access
}

func (k *kept) LogAccess(_ context.Context, a exchange.Access) error {
	k.logged = append(k.logged, a)
	return nil
}

func (k *kept) Holdings(context.Context, consortium.PatientRef) ([]exchange.Holding, error) {
	var out []exchange.Holding
	for _, kind := range []consortium.Kind{consortium.Diagnoses, consortium.Reports} {
		out = append(out, exchange.Holding{Org: "anhe", Kind: kind, Count: 1})
	}
	return out, nil
}

// narrow allows some kinds only.
type narrow struct{ kinds []consortium.Kind }

func (n narrow) Decide(_ context.Context, q consortium.Query) (consortium.Decision, error) {
	d := consortium.Decision{
		Query: q, Allow: true, Reasons: []consortium.Reason{{Code: "TEST", Article: "PIPL 6"}},
	}
	for _, k := range q.Kinds {
		d.Allow = d.Allow && slices.Contains(n.kinds, k)
	}
	return d, nil
}

func TestLocateShowsNoMoreThanThePolicyAllows(t *testing.T) {
	for name, c := range map[string]struct {
		policy narrow
		want   []string
		asked  int // kinds in the logged decision
	}{
		"everything":       {narrow{consortium.PatientKinds()}, []string{"diagnoses", "reports"}, 8},
		"one kind":         {narrow{[]consortium.Kind{consortium.Reports}}, []string{"reports"}, 1},
		"what is not held": {narrow{[]consortium.Kind{consortium.Medications}}, nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			store := &kept{}
			r := &records.Reading{Org: "anhe", Decider: c.policy, Kept: store, Now: func() time.Time { return at }}
			holdings, err := r.Locate(context.Background(), doctor, consortium.Payment, patient)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, h := range holdings {
				got = append(got, string(h.Kind))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if len(store.logged) != 1 || len(store.logged[0].Decision.Query.Kinds) != c.asked {
				t.Errorf("logged %d accesses", len(store.logged))
			}
		})
	}
}

func TestLocateRefusedIsLoggedOnceAboutTheWholeQuestion(t *testing.T) {
	store := &kept{}
	r := &records.Reading{Org: "anhe", Decider: narrow{}, Kept: store, Now: func() time.Time { return at }}
	if _, err := r.Locate(context.Background(), doctor, consortium.Payment, patient); !fault.Is(err, fault.Forbidden) {
		t.Fatalf("got %v", err)
	}
	if len(store.logged) != 1 || store.logged[0].Decision.Allow ||
		len(store.logged[0].Decision.Query.Kinds) != len(consortium.PatientKinds()) {
		t.Errorf("logged %+v", store.logged)
	}
}

// many is a store with more records than one page of it holds.
type many struct {
	kept
	stored []exchange.Version
}

func (m *many) List(_ context.Context, a exchange.Access, p exchange.Page) ([]exchange.Version, error) {
	m.logged = append(m.logged, a)
	return exchange.Choose(p, m.stored, func(v exchange.Version) consortium.Kind { return v.Kind }), nil
}

// TestListIsReadOnUntilItIsWhole: no bound of a page hides what must not be cut, and how many there are is told.
func TestListIsReadOnUntilItIsWhole(t *testing.T) {
	store := &many{}
	for range 12_000 {
		store.stored = append(store.stored, exchange.Version{Kind: consortium.Observations})
	}
	for range 6_000 {
		store.stored = append(store.stored, exchange.Version{Kind: consortium.Diagnoses})
	}
	everything := narrow{consortium.PatientKinds()}
	r := &records.Reading{Org: "anhe", Decider: everything, Kept: store, Now: func() time.Time { return at }}
	list := func(p exchange.Page) exchange.Listing {
		kinds := []consortium.Kind{consortium.Observations, consortium.Diagnoses}
		got, err := r.List(context.Background(), doctor, consortium.Treatment, patient, kinds, p)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := list(exchange.Page{Each: map[consortium.Kind]int{consortium.Observations: 30}})
	counts := map[consortium.Kind]int{}
	for _, v := range got.Versions {
		counts[v.Kind]++
	}
	if counts[consortium.Diagnoses] != 6_000 || counts[consortium.Observations] != 30 {
		t.Errorf("got %v", counts)
	}
	if got.Totals[consortium.Diagnoses] != 1 || len(got.Totals) != 1 {
		t.Errorf("totals %v", got.Totals)
	}
	if n := len(list(exchange.Page{Limit: 30, Skip: 30}).Versions); n != 30 {
		t.Errorf("a page of 30 has %d", n)
	}
}
