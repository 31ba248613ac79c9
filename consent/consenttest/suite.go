package consenttest

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
)

// Store is all that a store of consents can do.
type Store interface {
	consent.Store
	consent.Outbox
	consent.Consented
	consent.Positions
}

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func sample(name string) consent.Consent {
	sum := sha256.Sum256([]byte(name))
	return consent.Consent{
		ID: consent.ID(hex.EncodeToString(sum[:])),
		Terms: consent.Terms{
			Patient: Patient, Custodian: "donghu", Recipient: "qingshan", Purpose: consortium.Treatment,
			Kinds: []consortium.Kind{consortium.Diagnoses, consortium.Reports}, From: start, Until: start.Add(24 * time.Hour),
			Notice: consent.NoticeVersion, Lang: consent.Chinese,
		},
		State: consent.Pending, CreatedAt: start, Sealed: []byte("sealed " + name),
	}
}

func entry() logbook.Entry {
	return logbook.Entry{ID: uuid.NewString(), Leaf: tlog.NewLeaf(tlog.KindConsent, start, tlog.Hash{1})}
}

func end(at time.Time) consent.Ending {
	return consent.Ending{At: at, Sealed: []byte("ending"), Entry: entry()}
}

// RunStore runs the suite against stores that open makes, each empty.
func RunStore(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"keeps and lists":               keepsAndLists,
		"refuses an id twice":           refusesTwice,
		"grants with a receipt":         grantsWithReceipt,
		"refused grants stay refused":   refusedStays,
		"withdraws before any try":      withdrawsUntried,
		"withdraws after a try":         withdrawsTried,
		"withdraws once":                withdrawsOnce,
		"withdrawn by the ledger":       withdrawnByLedger,
		"one worker holds an order":     oneWorker,
		"lost claims write nothing":     lostClaims,
		"postponed orders wait":         postponed,
		"positions only go forward":     positions,
		"other custodians see nothing":  otherCustodians,
		"what is absent is not found":   absent,
		"orders are claimed in batches": batches,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func add(t *testing.T, s Store, c consent.Consent) consent.Consent {
	t.Helper()
	must(t, s.Add(t.Context(), c, entry()))
	return c
}

func one(t *testing.T, s Store, id consent.ID) consent.Consent {
	t.Helper()
	c, err := s.One(t.Context(), "donghu", id)
	must(t, err)
	return c
}

func claim(t *testing.T, s Store, at time.Time) []consent.Order {
	t.Helper()
	orders, err := s.Claim(t.Context(), "donghu", at, time.Minute, 10)
	must(t, err)
	return orders
}

// claimOne expects exactly one order, of the given kind.
func claimOne(t *testing.T, s Store, at time.Time, op consent.Op) consent.Order {
	t.Helper()
	orders := claim(t, s, at)
	if len(orders) != 1 || orders[0].Op != op {
		t.Fatalf("claimed %+v, want one order to %s", orders, op)
	}
	return orders[0]
}

func wantState(t *testing.T, s Store, id consent.ID, want consent.State) {
	t.Helper()
	if got := one(t, s, id).State; got != want {
		t.Fatalf("state %s, want %s", got, want)
	}
}

func keepsAndLists(t *testing.T, s Store) {
	first := add(t, s, sample("first"))
	second := sample("second")
	second.CreatedAt = start.Add(time.Minute)
	second.Terms.Recipient = "anhe"
	add(t, s, second)
	if diff := cmp.Diff(first, one(t, s, first.ID)); diff != "" {
		t.Errorf("kept consent differs (-want +got):\n%s", diff)
	}
	list, err := s.OfPatient(t.Context(), "donghu", Patient)
	must(t, err)
	if diff := cmp.Diff([]consent.Consent{second, first}, list); diff != "" {
		t.Errorf("list differs (-want +got):\n%s", diff)
	}
	list, err = s.OfPatient(t.Context(), "donghu", Other.Patient)
	if err != nil || len(list) != 0 {
		t.Errorf("somebody else's list: %v, %v", list, err)
	}
}

func refusesTwice(t *testing.T, s Store) {
	c := add(t, s, sample("a"))
	again := c
	again.Terms.Recipient = "anhe"
	if err := s.Add(t.Context(), again, entry()); !fault.Is(err, fault.Conflict) {
		t.Errorf("second consent with the same id: %v, want a conflict", err)
	}
	if got := one(t, s, c.ID).Terms.Recipient; got != "qingshan" {
		t.Errorf("recipient became %s", got)
	}
	if n := len(claim(t, s, start)); n != 1 {
		t.Errorf("%d orders after the refused one, want 1", n)
	}
}

func grantsWithReceipt(t *testing.T, s Store) {
	c := add(t, s, sample("a"))
	o := claimOne(t, s, start, consent.OpGrant)
	if o.Attempts != 1 || o.ID != c.ID || o.Custodian != "donghu" || o.Claim == "" {
		t.Errorf("order %+v", o)
	}
	must(t, s.Settle(t.Context(), o, consent.Outcome{Receipt: []byte("receipt"), At: start}))
	got := one(t, s, c.ID)
	if got.State != consent.Granted || string(got.Receipt) != "receipt" {
		t.Errorf("after the grant: %+v", got)
	}
	if n := len(claim(t, s, start.Add(time.Hour))); n != 0 {
		t.Errorf("%d orders left", n)
	}
}

func refusedStays(t *testing.T, s Store) {
	c := add(t, s, sample("a"))
	must(
		t,
		s.Settle(t.Context(), claimOne(t, s, start, consent.OpGrant), consent.Outcome{Refused: "CONSENT_UNTIL", At: start}),
	)
	wantState(t, s, c.ID, consent.Refused)
	changed, err := s.Withdraw(t.Context(), "donghu", c.ID, end(start))
	must(t, err)
	got := one(t, s, c.ID)
	if !changed || got.State != consent.Withdrawn || got.CarriedAt.IsZero() ||
		len(claim(t, s, start.Add(time.Hour))) != 0 {
		t.Errorf("withdrawing a refused grant leaves work: %+v", got)
	}
}

func withdrawsUntried(t *testing.T, s Store) {
	c := add(t, s, sample("a"))
	changed, err := s.Withdraw(t.Context(), "donghu", c.ID, end(start.Add(time.Second)))
	must(t, err)
	got := one(t, s, c.ID)
	if !changed || got.State != consent.Withdrawn || !got.WithdrawnAt.Equal(start.Add(time.Second)) ||
		got.CarriedAt.IsZero() {
		t.Errorf("after withdrawal: changed %v, %+v", changed, got)
	}
	if n := len(claim(t, s, start.Add(time.Hour))); n != 0 {
		t.Errorf("%d orders left: the grant must never reach the ledger", n)
	}
}

func withdrawsTried(t *testing.T, s Store) {
	c := add(t, s, sample("a"))
	grant := claimOne(t, s, start, consent.OpGrant)
	_, err := s.Withdraw(t.Context(), "donghu", c.ID, end(start))
	must(t, err)
	if !one(t, s, c.ID).CarriedAt.IsZero() {
		t.Error("withdrawal counts as carried before it was")
	}
	if n := len(claim(t, s, start)); n != 0 {
		t.Fatalf("%d orders while the grant is being carried, want the withdrawal to wait", n)
	}
	must(t, s.Settle(t.Context(), grant, consent.Outcome{Receipt: []byte("receipt"), At: start}))
	got := one(t, s, c.ID)
	if got.State != consent.Withdrawn || len(got.Receipt) != 0 {
		t.Fatalf("a grant that arrived late revived the consent: %+v", got)
	}
	must(t, s.Settle(t.Context(), claimOne(t, s, start, consent.OpWithdraw), consent.Outcome{At: start.Add(time.Minute)}))
	if got := one(t, s, c.ID); !got.CarriedAt.Equal(start.Add(time.Minute)) {
		t.Errorf("carried at %v", got.CarriedAt)
	}
}

func withdrawsOnce(t *testing.T, s Store) {
	c := add(t, s, sample("a"))
	must(
		t,
		s.Settle(t.Context(), claimOne(t, s, start, consent.OpGrant), consent.Outcome{Receipt: []byte("receipt"), At: start}),
	)
	_, err := s.Withdraw(t.Context(), "donghu", c.ID, end(start))
	must(t, err)
	if got := one(t, s, c.ID); len(got.Receipt) != 0 {
		t.Error("the receipt outlives the consent")
	}
	changed, err := s.Withdraw(t.Context(), "donghu", c.ID, end(start.Add(time.Hour)))
	if err != nil || changed {
		t.Errorf("second withdrawal: changed %v, %v", changed, err)
	}
	if got := one(t, s, c.ID); !got.WithdrawnAt.Equal(start) {
		t.Errorf("withdrawn at %v, want the first time", got.WithdrawnAt)
	}
	claimOne(t, s, start.Add(time.Hour), consent.OpWithdraw)
}

func withdrawnByLedger(t *testing.T, s Store) {
	c := add(t, s, sample("a"))
	must(
		t,
		s.Settle(t.Context(), claimOne(t, s, start, consent.OpGrant), consent.Outcome{Receipt: []byte("receipt"), At: start}),
	)
	e := end(start)
	e.Carried = true
	_, err := s.Withdraw(t.Context(), "donghu", c.ID, e)
	must(t, err)
	if got := one(t, s, c.ID); got.State != consent.Withdrawn || got.CarriedAt.IsZero() ||
		len(claim(t, s, start.Add(time.Hour))) != 0 {
		t.Errorf("after the ledger's withdrawal: %+v", got)
	}
}

func oneWorker(t *testing.T, s Store) {
	add(t, s, sample("a"))
	o := claimOne(t, s, start, consent.OpGrant)
	if n := len(claim(t, s, start.Add(59*time.Second))); n != 0 {
		t.Fatalf("%d orders during the lease, want none", n)
	}
	later := claimOne(t, s, start.Add(time.Minute), consent.OpGrant)
	if later.Attempts != 2 || later.Claim == o.Claim {
		t.Errorf("second claim %+v after %+v", later, o)
	}
}

func lostClaims(t *testing.T, s Store) {
	c := add(t, s, sample("a"))
	old := claimOne(t, s, start, consent.OpGrant)
	current := claimOne(t, s, start.Add(time.Minute), consent.OpGrant)
	if err := s.Settle(t.Context(), old, consent.Outcome{Refused: "X", At: start}); !fault.Is(err, fault.Conflict) {
		t.Errorf("settled without the claim: %v", err)
	}
	if err := s.Postpone(t.Context(), old, start, "X"); !fault.Is(err, fault.Conflict) {
		t.Errorf("postponed without the claim: %v", err)
	}
	wantState(t, s, c.ID, consent.Pending)
	must(t, s.Settle(t.Context(), current, consent.Outcome{Receipt: []byte("receipt"), At: start}))
	if err := s.Settle(t.Context(), current, consent.Outcome{Refused: "X", At: start}); !fault.Is(err, fault.Conflict) {
		t.Errorf("settled twice: %v", err)
	}
	wantState(t, s, c.ID, consent.Granted)
}

func postponed(t *testing.T, s Store) {
	add(t, s, sample("a"))
	must(
		t, s.Postpone(t.Context(), claimOne(t, s, start, consent.OpGrant), start.Add(10*time.Second), "LEDGER_UNAVAILABLE"),
	)
	if n := len(claim(t, s, start.Add(9*time.Second))); n != 0 {
		t.Fatalf("%d orders before they are due", n)
	}
	if o := claimOne(t, s, start.Add(10*time.Second), consent.OpGrant); o.Attempts != 2 {
		t.Errorf("attempt %d, want 2", o.Attempts)
	}
}

func positions(t *testing.T, s Store) {
	for _, step := range []struct{ set, want uint64 }{{7, 7}, {5, 7}, {9, 9}} {
		must(t, s.SetEventPosition(t.Context(), "donghu", step.set))
		got, err := s.EventPosition(t.Context(), "donghu")
		if err != nil || got != step.want {
			t.Errorf("position after %d: %d, %v", step.set, got, err)
		}
	}
	if got, err := s.EventPosition(t.Context(), "anhe"); err != nil || got != 0 {
		t.Errorf("first position: %d, %v", got, err)
	}
}

func otherCustodians(t *testing.T, s Store) {
	c := add(t, s, sample("a"))
	if _, err := s.One(t.Context(), "anhe", c.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("another custodian finds it: %v", err)
	}
	if _, err := s.Withdraw(t.Context(), "anhe", c.ID, end(start)); !fault.Is(err, fault.NotFound) {
		t.Errorf("another custodian withdraws it: %v", err)
	}
	orders, err := s.Claim(t.Context(), "anhe", start, time.Minute, 10)
	if err != nil || len(orders) != 0 {
		t.Errorf("another custodian claims: %v, %v", orders, err)
	}
	wantState(t, s, c.ID, consent.Pending)
}

func absent(t *testing.T, s Store) {
	id := sample("nobody").ID
	if _, err := s.One(t.Context(), "donghu", id); !fault.Is(err, fault.NotFound) {
		t.Errorf("read: %v", err)
	}
	if changed, err := s.Withdraw(t.Context(), "donghu", id, end(start)); changed || !fault.Is(err, fault.NotFound) {
		t.Errorf("withdraw: %v, %v", changed, err)
	}
}

func batches(t *testing.T, s Store) {
	want := []consent.ID{add(t, s, sample("a")).ID, add(t, s, sample("b")).ID, add(t, s, sample("c")).ID}
	var got []consent.ID
	for _, size := range []int{2, 1, 0} {
		orders, err := s.Claim(t.Context(), "donghu", start, time.Minute, 2)
		must(t, err)
		if len(orders) != size {
			t.Fatalf("batch of %d, want %d", len(orders), size)
		}
		for _, o := range orders {
			got = append(got, o.ID)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("claimed %v, want each of %v once", got, want)
	}
}
