package consenttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"yilian.example/chaincode/record"
	"yilian.example/consent"
	"yilian.example/exchange/fault"
)

// Fault is how one call to the ledger goes wrong.
type Fault int

// The faults.
const (
	None   Fault = iota
	Down         // nothing is submitted
	Lost         // it is committed, but the answer is lost
	Late         // the answer is lost, and it is committed at the next call of Settle
	Strict       // refused, with Ledger.Refusal
)

// Ledger is the consent contract in memory: the same rules on signatures and states, and any fault that a test asks
// for.
type Ledger struct {
	Now func() time.Time
	// Next gives the fault of the next write; nil: none. It is called with the lock held.
	Next func(op consent.Op) Fault
	// Unread makes reads fail as if the ledger could not be reached.
	Unread bool
	// Refusal is what Strict answers.
	Refusal record.Code

	mu     sync.Mutex // guards the fields below
	states map[string]record.ConsentState
	late   []func()
	txs    int
	Grants int // grants submitted
}

var _ consent.Ledger = (*Ledger)(nil)

// NewLedger gives an empty ledger.
func NewLedger(now func() time.Time) *Ledger {
	return &Ledger{Now: now, states: map[string]record.ConsentState{}}
}

var errLost = errors.New("connection lost after submission")

// GrantConsent grants.
func (l *Ledger) GrantConsent(_ context.Context, g record.Grant) (record.ConsentState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Grants++
	return l.write(consent.OpGrant, g.ID, func() (record.ConsentState, error) { return l.grant(g) })
}

// WithdrawConsent withdraws.
func (l *Ledger) WithdrawConsent(_ context.Context, w record.Withdrawal) (record.ConsentState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.write(consent.OpWithdraw, w.ID, func() (record.ConsentState, error) { return l.withdraw(w) })
}

func (l *Ledger) write(
	op consent.Op,
	id string,
	apply func() (record.ConsentState, error),
) (record.ConsentState, error) {
	next := None
	if l.Next != nil {
		next = l.Next(op)
	}
	switch next {
	case Down:
		return record.ConsentState{}, fault.New(fault.Unavailable, "LEDGER_UNAVAILABLE", "The ledger cannot be reached.")
	case Strict:
		return record.ConsentState{}, fault.Wrap(
			&record.Refusal{Code: l.Refusal, Text: "refused"},
			fault.Conflict,
			string(l.Refusal),
			"Refused.",
		)
	case Late:
		l.late = append(l.late, func() { _, _ = apply() })
		return record.ConsentState{}, fault.Wrap(errLost, fault.Unavailable, "LEDGER_OUTCOME_UNKNOWN", "Not confirmed yet.")
	case Lost:
		_, _ = apply()
		return record.ConsentState{}, fault.Wrap(errLost, fault.Unavailable, "LEDGER_OUTCOME_UNKNOWN", "Not confirmed yet.")
	}
	_ = id
	return apply()
}

// Settle commits what was late.
func (l *Ledger) Settle() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, apply := range l.late {
		apply()
	}
	l.late = nil
}

// Consent reads one.
func (l *Ledger) Consent(_ context.Context, id string) (record.ConsentState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Unread {
		return record.ConsentState{}, fault.New(fault.Unavailable, "LEDGER_UNAVAILABLE", "The ledger cannot be reached.")
	}
	if s, found := l.states[id]; found {
		return s, nil
	}
	return record.ConsentState{}, refused(record.CodeConsentUnknown, fault.NotFound)
}

// Forget removes a consent, as if the ledger never had it.
func (l *Ledger) Forget(id consent.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.states, string(id))
}

func (l *Ledger) grant(g record.Grant) (record.ConsentState, error) {
	if g.ID != record.ConsentID(g.PublicKey) || len(g.Commitment) != 32 {
		return record.ConsentState{}, refused(record.CodeArgument, fault.Invalid)
	}
	if err := record.VerifyP256(g.PublicKey, record.GrantMessage(g.ID, [32]byte(g.Commitment), g.Until), g.Signature); err != nil {
		return record.ConsentState{}, refused(record.CodeSignature, fault.Invalid)
	}
	if known, found := l.states[g.ID]; found {
		switch {
		case known.Status == record.StatusWithdrawn:
			return record.ConsentState{}, refused(record.CodeConsentWithdrawn, fault.Conflict)
		case !bytes.Equal(known.Commitment, g.Commitment) || known.Until != g.Until:
			return record.ConsentState{}, refused(record.CodeConsentExists, fault.Conflict)
		}
		return known, nil
	}
	if g.Until <= l.Now().Unix() {
		return record.ConsentState{}, refused(record.CodeConsentUntil, fault.Invalid)
	}
	s := record.ConsentState{
		Type: record.TypeConsent, Channel: "yilian", ID: g.ID, Status: record.StatusGranted, PublicKey: g.PublicKey, Commitment: g.Commitment,
		Until: g.Until, Signature: g.Signature, Mode: g.Mode, GrantedAt: l.Now().UTC(), GrantTx: l.tx(),
	}
	l.states[g.ID] = s
	return s, nil
}

func (l *Ledger) withdraw(w record.Withdrawal) (record.ConsentState, error) {
	s, found := l.states[w.ID]
	if !found {
		return record.ConsentState{}, refused(record.CodeConsentUnknown, fault.NotFound)
	}
	if err := record.VerifyP256(s.PublicKey, record.WithdrawalMessage(w.ID), w.Signature); err != nil {
		return record.ConsentState{}, refused(record.CodeSignature, fault.Invalid)
	}
	if s.Status == record.StatusWithdrawn {
		return s, nil
	}
	at := l.Now().UTC()
	s.Status, s.WithdrawnAt, s.WithdrawTx, s.WithdrawalSignature = record.StatusWithdrawn, &at, l.tx(), w.Signature
	l.states[w.ID] = s
	return s, nil
}

func (l *Ledger) tx() string {
	l.txs++
	return fmt.Sprintf("tx%d", l.txs)
}

func refused(code record.Code, kind fault.Kind) error {
	return fault.Wrap(&record.Refusal{Code: code, Text: "refused"}, kind, string(code), "The ledger refused this.")
}
