package consenttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"yilian.example/chaincode/ledger"
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
	// Next returns the fault of the next write; nil: none. It is called with the lock held.
	Next func(op consent.Op) Fault
	// Unread makes reads fail as if the ledger could not be reached.
	Unread bool
	// Refusal is what Strict answers.
	Refusal ledger.Code

	mu     sync.Mutex // guards the fields below
	states map[string]ledger.ConsentState
	late   []func()
	txs    int
	Grants int // grants submitted
}

var _ consent.Ledger = (*Ledger)(nil)

// NewLedger returns an empty ledger.
func NewLedger(now func() time.Time) *Ledger {
	return &Ledger{Now: now, states: map[string]ledger.ConsentState{}}
}

var errLost = errors.New("connection lost after submission")

// GrantConsent grants.
func (l *Ledger) GrantConsent(_ context.Context, g ledger.Grant) (ledger.ConsentState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Grants++
	return l.write(consent.OpGrant, g.ID, func() (ledger.ConsentState, error) { return l.grant(g) })
}

// WithdrawConsent withdraws.
func (l *Ledger) WithdrawConsent(_ context.Context, w ledger.Withdrawal) (ledger.ConsentState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.write(consent.OpWithdraw, w.ID, func() (ledger.ConsentState, error) { return l.withdraw(w) })
}

func (l *Ledger) write(
	op consent.Op, id string, apply func() (ledger.ConsentState, error),
) (ledger.ConsentState, error) {
	next := None
	if l.Next != nil {
		next = l.Next(op)
	}
	switch next {
	case Down:
		return ledger.ConsentState{}, fault.New(fault.Unavailable, CodeLedgerUnavailable, "The ledger cannot be reached.")
	case Strict:
		return ledger.ConsentState{}, fault.Wrap(
			&ledger.Refusal{Code: l.Refusal, Text: "refused"}, fault.Conflict, fault.Code(l.Refusal), "Refused.",
		)
	case Late:
		l.late = append(l.late, func() { _, _ = apply() })
		return ledger.ConsentState{}, fault.Wrap(errLost, fault.Unavailable, CodeLedgerOutcomeUnknown, "Not confirmed yet.")
	case Lost:
		_, _ = apply()
		return ledger.ConsentState{}, fault.Wrap(errLost, fault.Unavailable, CodeLedgerOutcomeUnknown, "Not confirmed yet.")
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
func (l *Ledger) Consent(_ context.Context, id string) (ledger.ConsentState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Unread {
		return ledger.ConsentState{}, fault.New(fault.Unavailable, CodeLedgerUnavailable, "The ledger cannot be reached.")
	}
	if s, found := l.states[id]; found {
		return s, nil
	}
	return ledger.ConsentState{}, refused(ledger.CodeConsentUnknown, fault.NotFound)
}

// Forget removes a consent, as if the ledger never had it.
func (l *Ledger) Forget(id consent.ID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.states, string(id))
}

func (l *Ledger) grant(g ledger.Grant) (ledger.ConsentState, error) {
	if g.ID != ledger.ConsentID(g.PublicKey) || len(g.Commitment) != 32 {
		return ledger.ConsentState{}, refused(ledger.CodeArgument, fault.Invalid)
	}
	message := ledger.GrantMessage(g.ID, [32]byte(g.Commitment), g.Until)
	if err := ledger.VerifyP256(g.PublicKey, message, g.Signature); err != nil {
		return ledger.ConsentState{}, refused(ledger.CodeSignature, fault.Invalid)
	}
	if known, found := l.states[g.ID]; found {
		switch {
		case known.Status == ledger.StatusWithdrawn:
			return ledger.ConsentState{}, refused(ledger.CodeConsentWithdrawn, fault.Conflict)
		case !bytes.Equal(known.Commitment, g.Commitment) || known.Until != g.Until:
			return ledger.ConsentState{}, refused(ledger.CodeConsentExists, fault.Conflict)
		}
		return known, nil
	}
	if g.Until <= l.Now().Unix() {
		return ledger.ConsentState{}, refused(ledger.CodeConsentUntil, fault.Invalid)
	}
	s := ledger.ConsentState{
		Type: ledger.TypeConsent, Channel: "yilian", ID: g.ID, Status: ledger.StatusGranted, PublicKey: g.PublicKey,
		Commitment: g.Commitment,
		Until:      g.Until, Signature: g.Signature, Mode: g.Mode, GrantedAt: l.Now().UTC(), GrantTx: l.tx(),
	}
	l.states[g.ID] = s
	return s, nil
}

func (l *Ledger) withdraw(w ledger.Withdrawal) (ledger.ConsentState, error) {
	s, found := l.states[w.ID]
	if !found {
		return ledger.ConsentState{}, refused(ledger.CodeConsentUnknown, fault.NotFound)
	}
	if err := ledger.VerifyP256(s.PublicKey, ledger.WithdrawalMessage(w.ID), w.Signature); err != nil {
		return ledger.ConsentState{}, refused(ledger.CodeSignature, fault.Invalid)
	}
	if s.Status == ledger.StatusWithdrawn {
		return s, nil
	}
	at := l.Now().UTC()
	s.Status, s.WithdrawnAt, s.WithdrawTx, s.WithdrawalSignature = ledger.StatusWithdrawn, &at, l.tx(), w.Signature
	l.states[w.ID] = s
	return s, nil
}

func (l *Ledger) tx() string {
	l.txs++
	return fmt.Sprintf("tx%d", l.txs)
}

func refused(code ledger.Code, kind fault.Kind) error {
	return fault.Wrap(&ledger.Refusal{Code: code, Text: "refused"}, kind, fault.Code(code), "The ledger refused this.")
}
