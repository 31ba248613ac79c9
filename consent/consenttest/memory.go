// Package consenttest holds what tests of consent share: a store in memory, a ledger that can fail in every way, a
// patient's browser, and the suite that every store must pass.
package consenttest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
)

// Book is a store in memory with the same rules as the real one.
type Book struct {
	mu        sync.Mutex // guards all fields
	rows      map[key]*row
	positions map[consortium.OrgID]uint64
	entries   []logbook.Entry
}

type key struct {
	custodian consortium.OrgID
	id        consent.ID
}

type row struct {
	consent consent.Consent
	grant   *order
	end     *order
}

type order struct {
	consent.Order
	due   time.Time
	until time.Time // of the claim
}

var (
	_ consent.Store     = (*Book)(nil)
	_ consent.Outbox    = (*Book)(nil)
	_ consent.Consented = (*Book)(nil)
	_ consent.Positions = (*Book)(nil)
)

// NewBook returns an empty store.
func NewBook() *Book {
	return &Book{rows: map[key]*row{}, positions: map[consortium.OrgID]uint64{}}
}

func missing() error { return fault.New(fault.NotFound, CodeNotFound, "There is no such consent.") }

func lost() error {
	return fault.New(fault.Conflict, CodeClaimLost, "Another worker has this order now.")
}

// Add keeps a pending consent.
func (b *Book) Add(_ context.Context, c consent.Consent, e logbook.Entry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := key{c.Terms.Custodian, c.ID}
	if b.rows[k] != nil {
		return fault.New(fault.Conflict, CodeAlreadyExists, "This consent exists already.")
	}
	c.State = consent.Pending
	b.rows[k] = &row{
		consent: c,
		grant:   &order{Order: consent.Order{Custodian: c.Terms.Custodian, ID: c.ID, Op: consent.OpGrant}, due: c.CreatedAt},
	}
	b.entries = append(b.entries, e)
	return nil
}

// Withdraw ends a consent.
func (b *Book) Withdraw(
	_ context.Context, custodian consortium.OrgID, id consent.ID, end consent.Ending,
) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.rows[key{custodian, id}]
	if r == nil {
		return false, missing()
	}
	if r.consent.State == consent.Withdrawn {
		return false, nil
	}
	refused := r.consent.State == consent.Refused
	r.consent.State, r.consent.WithdrawnAt, r.consent.Receipt = consent.Withdrawn, end.At, nil
	b.entries = append(b.entries, end.Entry)
	switch {
	case end.Carried:
		r.grant = nil
		r.consent.CarriedAt = end.At
	case r.grant != nil && r.grant.Attempts == 0:
		r.grant = nil
		r.consent.CarriedAt = end.At
	case refused:
		r.consent.CarriedAt = end.At
	default:
		r.end = &order{Order: consent.Order{Custodian: custodian, ID: id, Op: consent.OpWithdraw}, due: end.At}
	}
	return true, nil
}

// One returns a consent.
func (b *Book) One(_ context.Context, custodian consortium.OrgID, id consent.ID) (consent.Consent, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.rows[key{custodian, id}]; r != nil {
		return r.consent, nil
	}
	return consent.Consent{}, missing()
}

// OfPatient returns a patient's consents at a custodian.
func (b *Book) OfPatient(
	_ context.Context, custodian consortium.OrgID, patient consortium.PatientRef,
) ([]consent.Consent, error) {
	return b.list(
		func(c consent.Consent) bool { return c.Terms.Custodian == custodian && c.Terms.Patient == patient },
	), nil
}

func (b *Book) list(match func(consent.Consent) bool) []consent.Consent {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []consent.Consent
	for _, r := range b.rows {
		if match(r.consent) {
			out = append(out, r.consent)
		}
	}
	slices.SortFunc(out, func(x, y consent.Consent) int {
		if c := y.CreatedAt.Compare(x.CreatedAt); c != 0 {
			return c
		}
		if x.ID < y.ID {
			return -1
		}
		return 1
	})
	return out
}

// Claim hands out orders.
func (b *Book) Claim(
	_ context.Context, custodian consortium.OrgID, now time.Time, lease time.Duration, limit int,
) ([]consent.Order, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []consent.Order
	for k, r := range b.rows {
		o := r.grant
		if o == nil {
			o = r.end
		}
		if k.custodian != custodian || o == nil || o.due.After(now) || o.until.After(now) || len(out) == limit {
			continue
		}
		o.Attempts++
		o.Claim = uuid.NewString()
		o.until = now.Add(lease)
		out = append(out, o.Order)
	}
	return out, nil
}

func (b *Book) claimed(o consent.Order) (*row, error) {
	r := b.rows[key{o.Custodian, o.ID}]
	if r == nil {
		return nil, lost()
	}
	held := r.grant
	if o.Op == consent.OpWithdraw {
		held = r.end
	}
	if held == nil || held.Claim != o.Claim {
		return nil, lost()
	}
	return r, nil
}

// Settle ends an order.
func (b *Book) Settle(_ context.Context, o consent.Order, out consent.Outcome) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := b.claimed(o)
	if err != nil {
		return err
	}
	if o.Op == consent.OpWithdraw {
		r.end = nil
		r.consent.CarriedAt = out.At
		return nil
	}
	r.grant = nil
	if r.consent.State != consent.Pending {
		return nil
	}
	if out.Refused != "" {
		r.consent.State = consent.Refused
		return nil
	}
	r.consent.State, r.consent.Receipt = consent.Granted, out.Receipt
	return nil
}

// Postpone returns an order back.
func (b *Book) Postpone(_ context.Context, o consent.Order, until time.Time, _ string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	r, err := b.claimed(o)
	if err != nil {
		return err
	}
	held := r.grant
	if o.Op == consent.OpWithdraw {
		held = r.end
	}
	held.due, held.until, held.Claim = until, time.Time{}, ""
	return nil
}

// EventPosition is how far events were noted.
func (b *Book) EventPosition(_ context.Context, org consortium.OrgID) (uint64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.positions[org], nil
}

// SetEventPosition notes how far events were noted; it never goes back.
func (b *Book) SetEventPosition(_ context.Context, org consortium.OrgID, block uint64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.positions[org] = max(b.positions[org], block)
	return nil
}

// Entries returns the log entries kept so far.
func (b *Book) Entries() []logbook.Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.entries)
}
