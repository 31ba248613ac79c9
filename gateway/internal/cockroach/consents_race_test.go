package cockroach_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"yilian.example/consent"
	"yilian.example/consent/consenttest"
	"yilian.example/consent/policy"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/logbook"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// history collects the calls on one consent as porcupine reads them.
type history struct {
	mu    sync.Mutex
	start time.Time
	ops   []porcupine.Operation
}

// record runs one call and notes its beginning, end and result.
func (h *history) record(client int, input string, call func() string) {
	begin := time.Now()
	output := call()
	h.add(client, input, output, begin, time.Now())
}

func (h *history) add(client int, input, output string, begin, end time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{
		ClientId: client, Input: input, Call: begin.Sub(h.start).Nanoseconds(),
		Output: output, Return: end.Sub(h.start).Nanoseconds(),
	})
}

// String counts what was seen.
func (h *history) String() string {
	seen := map[string]int{}
	for _, op := range h.ops {
		seen[fmt.Sprint(op.Input, " -> ", op.Output)]++
	}
	return fmt.Sprint(seen)
}

// consentModel is a consent as the patient understands it: carried once it counts, withdrawn it never counts again.
var consentModel = porcupine.Model{
	Init: func() any { return consent.Pending },
	Step: func(state, input, output any) (bool, any) {
		at := state.(consent.State)
		switch input {
		case "carry":
			if at == consent.Pending {
				at = consent.Granted
			}
			return true, at
		case "withdraw":
			return true, consent.Withdrawn
		}
		seen := map[string]consent.State{
			"PATIENT_CONSENT": consent.Granted, "CONSENT_PENDING": consent.Pending, "CONSENT_WITHDRAWN": consent.Withdrawn,
		}
		want, known := seen[output.(string)]
		return known && want == at, at
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprint(input, " -> ", output) },
}

// TestConsentIsLinearizable grants, carries, withdraws and decides at the same time, on the real database and without
// the ledger's help: every decision must fit one order of events in which nothing is released before the grant or after
// the withdrawal.
func TestConsentIsLinearizable(t *testing.T) {
	db := cockroachtest.New(t).OpenHeld(t, func(sql string) {
		pause := time.Millisecond
		if strings.Contains(sql, "INTO log_pending") { // of those that race, a withdrawal alone: it has its orders by now
			pause = 20 * time.Millisecond
		}
		time.Sleep(mathrand.N(pause))
	})
	rules, err := policy.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for round := range 12 {
		h := race(t, db, rules, round)
		for _, op := range h.ops {
			seen[fmt.Sprint(op.Output)]++
		}
		if !porcupine.CheckOperations(consentModel, h.ops) {
			for _, op := range h.ops {
				t.Logf("%8d-%8d ns %v -> %v", op.Call, op.Return, op.Input, op.Output)
			}
			t.Fatalf("round %d has no order that explains it", round)
		}
	}
	t.Logf("outcomes: %v", seen)
	if seen["PATIENT_CONSENT"] == 0 || seen["CONSENT_WITHDRAWN"] == 0 {
		t.Errorf("the rounds never met the interesting states: %v", seen)
	}
}

func race(t *testing.T, db *cockroach.DB, rules consent.Policy, round int) *history {
	t.Helper()
	store, keys := cockroach.NewConsents(db), consenttest.Keys("donghu")
	patient := consenttest.Self
	patient.Patient = consortium.NewPatientRef(make([]byte, 32), "urn:round", fmt.Sprint(round))
	book := &consent.Consents{
		Org: "donghu", Members: consenttest.Members{}, People: consenttest.Born(time.Now().AddDate(-40, 0, 0)), Keys: keys, Store: store,
		Now: time.Now, Book: logbook.Book{Org: "donghu", Rand: rand.Reader},
	}
	carrier := &consent.Carrier{
		Org: "donghu", Store: store, Outbox: store, Ledger: consenttest.NewLedger(time.Now), Keys: keys, Now: time.Now, Book: logbook.Book{Org: "donghu", Rand: rand.Reader},
		Logger: slog.New(slog.DiscardHandler),
	}
	decider := &consent.Decider{
		Org:      "donghu",
		Consents: store,
		Keys:     keys,
		Policy:   rules,
		Logger:   slog.New(slog.DiscardHandler),
	}
	draft, err := book.Draft(t.Context(), patient, consent.Choice{
		Recipient: "qingshan", Purpose: consortium.Treatment, Kinds: []consortium.Kind{consortium.Reports}, Until: time.Now().Add(time.Hour), Lang: consent.Chinese,
	})
	if err != nil {
		t.Fatal(err)
	}
	c, err := book.Grant(t.Context(), patient, consenttest.Sign(t, draft))
	if err != nil {
		t.Fatal(err)
	}

	h := &history{start: time.Now()}
	ctx, done := context.WithTimeout(t.Context(), 30*time.Second)
	defer done()
	var wg sync.WaitGroup
	wg.Go(func() { h.record(0, "carry", func() string { return carry(ctx, t, carrier, store, c.ID) }) })
	wg.Go(func() {
		time.Sleep(time.Duration(round) * 4 * time.Millisecond) // before, during and after the carrying
		h.record(1, "withdraw", func() string {
			if _, err := book.Withdraw(ctx, patient, c.ID); err != nil {
				t.Errorf("withdraw: %v", err)
			}
			return "ok"
		})
	})
	for client := 2; client < 4; client++ {
		wg.Go(func() {
			for range 12 {
				h.record(client, "decide", func() string { return decide(ctx, t, decider, patient.Patient) })
			}
		})
	}
	wg.Wait()
	h.record(4, "decide", func() string { return decide(ctx, t, decider, patient.Patient) })
	return h
}

// carry runs two workers until the consent waits no more. That there is nothing to claim does not say so: an order may
// be put off after a failed attempt, or be held by somebody else at the time.
func carry(
	ctx context.Context, t *testing.T, carrier *consent.Carrier, store *cockroach.Consents, id consent.ID,
) string {
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				if _, err := carrier.Step(ctx); err != nil {
					t.Errorf("carry: %v", err)
					return
				}
				now, err := store.One(ctx, "donghu", id)
				if err != nil {
					t.Errorf("look at the consent: %v", err)
					return
				}
				if now.State != consent.Pending {
					return
				}
			}
		})
	}
	wg.Wait()
	return "ok"
}

func decide(ctx context.Context, t *testing.T, decider *consent.Decider, patient consortium.PatientRef) string {
	d, err := decider.Decide(ctx, consortium.Query{
		Actor:   consortium.Actor{ID: "d-1", Org: "qingshan", Role: consortium.RoleClinician},
		Purpose: consortium.Treatment, Action: consortium.ActionRelease, Custodian: "donghu", Patient: patient,
		Kinds: []consortium.Kind{consortium.Reports}, Time: time.Now(),
	})
	if err != nil {
		t.Errorf("decide: %v", err)
		return "error"
	}
	return d.Reasons[0].Code
}
