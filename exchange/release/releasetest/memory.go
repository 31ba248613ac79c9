// Package releasetest is what tests of release need: a store in memory with the rules of the real one, and the suite
// that every store must pass.
package releasetest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/release"
)

// Store keeps in memory what several organisations asked of one another and handed over.
type Store struct {
	mu       sync.Mutex            // guards all fields
	reserved map[request]time.Time // when
	released map[consortium.OrgID][]release.HandedOver
	received map[consortium.OrgID][]release.Received
	consents map[granted]period
	entries  map[consortium.OrgID][]string
}

// request is the id of a request that one member made to another.
type request struct {
	org, from consortium.OrgID
	id        string
}

// granted is a consent of a patient at an organisation.
type granted struct {
	org     consortium.OrgID
	patient consortium.PatientRef
	id      string
}

// period is when a consent holds: at from, and not at until any more.
type period struct{ from, until time.Time }

var (
	_ release.AnsweringStore  = (*Store)(nil)
	_ release.AskingStore     = (*Store)(nil)
	_ release.ForgettingStore = (*Store)(nil)
)

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{
		reserved: map[request]time.Time{},
		released: map[consortium.OrgID][]release.HandedOver{},
		received: map[consortium.OrgID][]release.Received{},
		consents: map[granted]period{},
		entries:  map[consortium.OrgID][]string{},
	}
}

// Grant makes a consent of the patient hold from one time until another.
func (s *Store) Grant(
	_ context.Context, org consortium.OrgID, patient consortium.PatientRef, id string, from, until time.Time,
) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.consents[granted{org, patient, id}] = period{from, until}
	return nil
}

// Withdraw ends a consent.
func (s *Store) Withdraw(_ context.Context, org consortium.OrgID, patient consortium.PatientRef, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.consents, granted{org, patient, id})
	return nil
}

// Logged returns the ids of all log entries of an organisation.
func (s *Store) Logged(_ context.Context, org consortium.OrgID) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.entries[org]), nil
}

// Reserved tells how many request ids an organisation remembers.
func (s *Store) Reserved(org consortium.OrgID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for r := range s.reserved {
		if r.org == org {
			n++
		}
	}
	return n
}

// Releases returns what an organisation handed over or refused, as it was saved, oldest first.
func (s *Store) Releases(org consortium.OrgID) []release.HandedOver {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.released[org])
}

// Answers returns what an organisation received, as it was saved, oldest first.
func (s *Store) Answers(org consortium.OrgID) []release.Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received[org])
}

func exists() error {
	return fault.New(fault.Conflict, CodeAlreadyExists, "This entry exists already.")
}

// ReserveRequest implements release.AnsweringStore.
func (s *Store) ReserveRequest(_ context.Context, org, from consortium.OrgID, id string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := request{org, from, id}
	if _, ok := s.reserved[key]; ok {
		return exists()
	}
	s.reserved[key] = at
	return nil
}

// SaveRelease implements release.AnsweringStore.
func (s *Store) SaveRelease(_ context.Context, org consortium.OrgID, h release.HandedOver) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.Consent != "" {
		c, ok := s.consents[granted{org, h.Patient, h.Consent}]
		if !ok || h.At.Before(c.from) || !h.At.Before(c.until) {
			return fault.Wrap(exchange.ErrConsentEnded, fault.Conflict, CodeConsentEnded, "The consent ended.")
		}
	}
	if slices.ContainsFunc(s.released[org], func(was release.HandedOver) bool { return was.Request == h.Request }) {
		return exists()
	}
	s.released[org] = append(s.released[org], h)
	s.entries[org] = append(s.entries[org], h.Entry.ID)
	return nil
}

// SaveReceived implements release.AskingStore.
func (s *Store) SaveReceived(_ context.Context, org consortium.OrgID, r release.Received) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.answer(org, r.ID); ok {
		return exists()
	}
	s.received[org] = append(s.received[org], r)
	s.entries[org] = append(s.entries[org], r.Entry.ID)
	return nil
}

// Received implements release.AskingStore.
func (s *Store) Received(_ context.Context, org consortium.OrgID, id string) (release.Received, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.answer(org, id)
	if !ok {
		return release.Received{}, fault.New(fault.NotFound, CodeNoRequest, "There is no such answer.")
	}
	r.Entry = logbook.Entry{}
	return r, nil
}

func (s *Store) answer(org consortium.OrgID, id string) (release.Received, bool) {
	i := slices.IndexFunc(s.received[org], func(r release.Received) bool { return r.ID == id })
	if i < 0 {
		return release.Received{}, false
	}
	return s.received[org][i], true
}

// Due implements release.ForgettingStore.
func (s *Store) Due(
	_ context.Context, org consortium.OrgID, before time.Time, after release.Due, limit int,
) ([]release.Due, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	order := func(a, b release.Due) int {
		return cmp.Or(a.Expires.Compare(b.Expires), strings.Compare(a.ID, b.ID))
	}
	var due []release.Due
	for _, r := range s.received[org] {
		d := release.Due{ID: r.ID, Expires: r.Expires}
		if r.Actor != "" && !r.Expires.After(before) && order(d, after) > 0 {
			due = append(due, d)
		}
	}
	slices.SortFunc(due, order)
	return due[:min(limit, len(due))], nil
}

// KeepReceipt implements release.ForgettingStore.
func (s *Store) KeepReceipt(_ context.Context, org consortium.OrgID, id string, sealed []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range s.received[org] {
		if r.ID == id && r.Actor != "" {
			s.received[org][i].Actor, s.received[org][i].Sealed = "", sealed
		}
	}
	return nil
}

// ForgetRequests implements release.ForgettingStore.
func (s *Store) ForgetRequests(_ context.Context, org consortium.OrgID, before time.Time, limit int) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for r, at := range s.reserved {
		if r.org == org && !at.After(before) && n < limit {
			delete(s.reserved, r)
			n++
		}
	}
	return n, nil
}
