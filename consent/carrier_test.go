package consent_test

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yilian.example/chaincode/ledger"
	"yilian.example/consent"
	"yilian.example/consent/consenttest"
)

// faults answers each write with the next fault, then with none.
func faults(list ...consenttest.Fault) func(consent.Op) consenttest.Fault {
	return func(consent.Op) consenttest.Fault {
		if len(list) == 0 {
			return consenttest.None
		}
		f := list[0]
		list = list[1:]
		return f
	}
}

func (h *hospital) state(t *testing.T, id consent.ID) consent.State {
	t.Helper()
	c, err := h.book.One(t.Context(), "donghu", id)
	if err != nil {
		t.Fatal(err)
	}
	return c.State
}

// TestCarrierRecovers: whatever goes wrong first, the grant arrives once.
func TestCarrierRecovers(t *testing.T) {
	for name, tc := range map[string]struct {
		faults []consenttest.Fault
		writes int // grants submitted in all
	}{
		"all well":       {nil, 1},
		"down":           {[]consenttest.Fault{consenttest.Down, consenttest.Down}, 3},
		"answer lost":    {[]consenttest.Fault{consenttest.Lost}, 1}, // looked up, not sent again
		"committed late": {[]consenttest.Fault{consenttest.Late}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHospital(t)
			h.ledger.Next = faults(tc.faults...)
			c := h.granted(t)
			for range 4 {
				h.step(t)
				h.ledger.Settle()
				h.clock.at = h.clock.at.Add(10 * time.Second)
			}
			if h.state(t, c.ID) != consent.Granted {
				t.Errorf("state %s", h.state(t, c.ID))
			}
			if h.ledger.Grants != tc.writes {
				t.Errorf("submitted %d times, want %d", h.ledger.Grants, tc.writes)
			}
		})
	}
}

func TestCarrierBacksOff(t *testing.T) {
	h := newHospital(t)
	h.ledger.Next = func(consent.Op) consenttest.Fault { return consenttest.Down }
	h.granted(t)
	var gaps []time.Duration
	last := h.clock.at
	for i := 0; i < 5000 && len(gaps) < 12; i++ {
		if h.step(t) == 1 {
			gaps = append(gaps, h.clock.at.Sub(last))
			last = h.clock.at
		}
		h.clock.at = h.clock.at.Add(time.Second)
	}
	if len(gaps) != 12 || gaps[1] != time.Second || gaps[2] != 2*time.Second || gaps[11] != 5*time.Minute {
		t.Errorf("gaps %v, want doubling up to five minutes", gaps)
	}
}

func TestFinalRefusal(t *testing.T) {
	for code, want := range map[ledger.Code]consent.State{
		ledger.CodeConsentUntil: consent.Refused, ledger.CodeConsentExists: consent.Refused,
		ledger.CodeConsentWithdrawn: consent.Refused,
		ledger.CodeSignature:        consent.Refused, ledger.CodeArgument: consent.Refused,
		ledger.CodeTime: consent.Granted, ledger.CodeCaller: consent.Granted, // of the moment: tried again
	} {
		t.Run(string(code), func(t *testing.T) {
			h := newHospital(t)
			h.ledger.Refusal, h.ledger.Next = code, faults(consenttest.Strict)
			c := h.granted(t)
			h.step(t)
			h.clock.at = h.clock.at.Add(time.Minute)
			h.step(t)
			if got := h.state(t, c.ID); got != want {
				t.Errorf("state %s, want %s", got, want)
			}
			if want == consent.Refused {
				wantReason(t, h.decide(t, h.releaseQuery()), false, "CONSENT_REFUSED")
			}
		})
	}
}

// TestWithdrawnBeforeItWasCarried: the ledger never hears of it.
func TestWithdrawnBeforeItWasCarried(t *testing.T) {
	h := newHospital(t)
	c := h.granted(t)
	if _, err := h.Withdraw(t.Context(), consenttest.Self, c.ID); err != nil {
		t.Fatal(err)
	}
	h.clock.at = h.clock.at.Add(time.Hour)
	if n := h.step(t); n != 0 || h.ledger.Grants != 0 {
		t.Errorf("%d orders, %d grants submitted", n, h.ledger.Grants)
	}
}

// TestWithdrawnByAnotherMember: a withdrawal that another member carried counts here too.
func TestWithdrawnByAnotherMember(t *testing.T) {
	h := newHospital(t)
	signed := consenttest.Sign(t, h.draft(t))
	c, err := h.Grant(t.Context(), consenttest.Self, signed)
	if err != nil {
		t.Fatal(err)
	}
	h.step(t)
	if _, err := h.ledger.WithdrawConsent(
		t.Context(), ledger.Withdrawal{ID: string(c.ID), Signature: signed.Withdrawal},
	); err != nil {
		t.Fatal(err)
	}
	events := make(chan consent.LedgerEvent, 4)
	events <- consent.LedgerEvent{Block: 3}
	events <- consent.LedgerEvent{ID: string(c.ID), Block: 4}
	events <- consent.LedgerEvent{ID: string(c.ID), Withdrawn: true, Block: 7}
	events <- consent.LedgerEvent{ID: ledger.ConsentID([]byte("of another custodian")), Withdrawn: true, Block: 9}
	close(events)
	if err := h.carrier.Follow(t.Context(), events, h.book); err != nil {
		t.Fatal(err)
	}
	if h.state(t, c.ID) != consent.Withdrawn || len(h.book.Entries()) != 2 {
		t.Errorf("state %s, %d log entries", h.state(t, c.ID), len(h.book.Entries()))
	}
	if at, _ := h.book.EventPosition(t.Context(), "donghu"); at != 9 {
		t.Errorf("position %d", at)
	}
	if n := h.step(t); n != 0 {
		t.Errorf("%d orders for a withdrawal that the ledger has", n)
	}
}

// TestLyingEvent: an event alone ends nothing; the ledger is asked.
func TestLyingEvent(t *testing.T) {
	h := newHospital(t)
	c := h.committed(t)
	if err := h.carrier.Observe(t.Context(), string(c.ID)); err != nil {
		t.Fatal(err)
	}
	if h.state(t, c.ID) != consent.Granted {
		t.Errorf("state %s", h.state(t, c.ID))
	}
}

// TestNoInterleavingRevives draws histories of a grant, its withdrawal, workers that die, a ledger that fails in every
// way, and time; whatever their order, a consent counts only while the ledger has granted it, never after its
// withdrawal was answered, and in the end the ledger agrees.
func TestNoInterleavingRevives(t *testing.T) {
	base := newHospital(t) // the rules are compiled once
	rapid.Check(t, func(r *rapid.T) {
		h := newHospitalWith(base)
		h.ledger.Next = func(consent.Op) consenttest.Fault {
			return rapid.SampledFrom([]consenttest.Fault{
				consenttest.None, consenttest.None, consenttest.Down, consenttest.Lost, consenttest.Late,
			}).Draw(r, "fault")
		}
		c := h.granted(t)
		withdrawn := false
		check := func() {
			d := h.decide(t, h.releaseQuery())
			h.ledger.Unread = true
			alone := h.decide(t, h.releaseQuery()) // by database and receipt only
			h.ledger.Unread = false
			if (d.Allow || alone.Allow) && withdrawn {
				r.Fatal("released after the withdrawal was answered")
			}
			state, err := h.ledger.Consent(context.Background(), string(c.ID))
			if (d.Allow || alone.Allow) && err != nil {
				r.Fatal("released under a grant that the ledger never committed")
			}
			if d.Allow && state.Status != ledger.StatusGranted {
				r.Fatal("released against the ledger's word")
			}
		}
		actions := []func(){
			func() { h.step(t) },
			func() { h.step(t) },
			func() {
				h.clock.at = h.clock.at.Add(time.Duration(rapid.IntRange(1, 90).Draw(r, "seconds")) * time.Second)
			},
			func() { h.ledger.Settle() },
			func() { _, _ = h.book.Claim(context.Background(), "donghu", h.clock.at, time.Minute, 8) }, // a worker that dies
			func() { _ = h.carrier.Observe(context.Background(), string(c.ID)) },
			func() {
				if _, err := h.Withdraw(context.Background(), consenttest.Self, c.ID); err != nil {
					r.Fatal(err)
				}
				withdrawn = true
			},
		}
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(actions)-1), 1, 25).Draw(r, "actions") {
			actions[i]()
			check()
		}
		h.ledger.Next = nil
		for range 8 {
			h.ledger.Settle()
			h.clock.at = h.clock.at.Add(6 * time.Minute)
			h.step(t)
			check()
		}
		state, err := h.ledger.Consent(context.Background(), string(c.ID))
		onLedger := err == nil && state.Status == ledger.StatusGranted
		if onLedger == withdrawn {
			r.Fatalf("in the end withdrawn is %v, but the ledger says %v (%v)", withdrawn, state.Status, err)
		}
	})
}

// newHospitalWith shares the compiled rules of another.
func newHospitalWith(base *hospital) *hospital {
	h := &hospital{desk: newDesk(), care: &inCare{}}
	h.ledger = consenttest.NewLedger(h.clock.now)
	carrier := &consent.Carrier{
		Org: "donghu", Store: h.book, Outbox: h.book, Ledger: h.ledger, Keys: h.Keys, Now: h.clock.now, Book: h.Book,
		Logger: base.decider.Logger,
	}
	decider := *base.decider
	decider.Consents, decider.Ledger, decider.Care = h.book, h.ledger, h.care
	h.carrier, h.decider = carrier, &decider
	return h
}

// TestRunCarriesAtOnce: a wake-up does not wait for the next look.
func TestRunCarriesAtOnce(t *testing.T) {
	h := newHospital(t)
	h.Wake = h.carrier.Wake
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- h.carrier.Run(ctx) }()
	c := h.granted(t)
	deadline := time.Now().Add(time.Second) // less than the carrier's own pace
	for h.state(t, c.ID) != consent.Granted && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if h.state(t, c.ID) != consent.Granted {
		t.Error("not carried within a second of the wake-up")
	}
	stop()
	if err := <-done; err != nil {
		t.Errorf("run ended with %v", err)
	}
}

// TestWithdrawnOnTheLedgerFirst: a grant whose answer was lost and that another member's gateway has ended since is not
// taken for granted.
func TestWithdrawnOnTheLedgerFirst(t *testing.T) {
	h := newHospital(t)
	h.ledger.Next = faults(consenttest.Lost)
	signed := consenttest.Sign(t, h.draft(t))
	c, err := h.Grant(t.Context(), consenttest.Self, signed)
	if err != nil {
		t.Fatal(err)
	}
	h.step(t)
	if _, err := h.ledger.WithdrawConsent(
		t.Context(), ledger.Withdrawal{ID: string(c.ID), Signature: signed.Withdrawal},
	); err != nil {
		t.Fatal(err)
	}
	h.clock.at = h.clock.at.Add(time.Minute)
	h.step(t)
	if got := h.state(t, c.ID); got != consent.Refused {
		t.Errorf("state %s, want refused until the event is noted", got)
	}
	if err := h.carrier.Observe(t.Context(), string(c.ID)); err != nil || h.state(t, c.ID) != consent.Withdrawn {
		t.Errorf("after the event: %s, %v", h.state(t, c.ID), err)
	}
}

// TestStraggler: a grant that was given up may still arrive; its withdrawal waits for it.
func TestStraggler(t *testing.T) {
	h := newHospital(t)
	h.ledger.Refusal, h.ledger.Next = ledger.CodeArgument, faults(consenttest.Late, consenttest.Strict)
	c := h.granted(t)
	h.step(t)
	if _, err := h.Withdraw(t.Context(), consenttest.Self, c.ID); err != nil {
		t.Fatal(err)
	}
	for range 3 { // the grant is refused; the withdrawal finds nothing yet
		h.clock.at = h.clock.at.Add(time.Minute)
		h.step(t)
	}
	h.ledger.Settle()
	h.clock.at = h.clock.at.Add(time.Minute)
	h.step(t)
	if s, err := h.ledger.Consent(t.Context(), string(c.ID)); err != nil || s.Status != ledger.StatusWithdrawn {
		t.Errorf("the ledger says %v, %v", s.Status, err)
	}
}
