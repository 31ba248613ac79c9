package consent

import (
	"context"
	"fmt"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
)

// Who ended a consent.
const (
	endedByPatient = "patient"
	endedByLedger  = "ledger" // another member carried the patient's withdrawal
)

// Withdraw ends a consent. It counts from the moment this returns without an error; the ledger follows. Withdrawing
// again changes nothing.
func (s *Consents) Withdraw(ctx context.Context, actor consortium.Actor, id ID) (Consent, error) {
	c, err := s.One(ctx, actor, id)
	if err != nil {
		return Consent{}, err
	}
	end, err := ending(ctx, s.Keys, s.Book, c, endedByPatient, s.Now().UTC())
	if err != nil {
		return Consent{}, err
	}
	if _, err := s.Store.Withdraw(ctx, s.Org, id, end); err != nil {
		return Consent{}, fmt.Errorf("withdraw consent: %w", err)
	}
	s.wake()
	return s.One(ctx, actor, id)
}

// One returns the patient one of their consents. Those of others do not exist for them.
func (s *Consents) One(ctx context.Context, actor consortium.Actor, id ID) (Consent, error) {
	if err := s.checkPerson(actor, actor.Patient); err != nil {
		return Consent{}, err
	}
	if !id.Valid() {
		return Consent{}, notFound(nil)
	}
	c, err := s.Store.One(ctx, s.Org, id)
	if fault.Is(err, fault.NotFound) {
		return Consent{}, notFound(err)
	}
	if err != nil {
		return Consent{}, fmt.Errorf("read consent: %w", err)
	}
	if c.Terms.Patient != actor.Patient {
		return Consent{}, notFound(nil)
	}
	return c, nil
}

// List returns the patient's own consents at this organisation, newest first.
func (s *Consents) List(ctx context.Context, actor consortium.Actor) ([]Consent, error) {
	if err := s.checkPerson(actor, actor.Patient); err != nil {
		return nil, err
	}
	list, err := s.Store.OfPatient(ctx, s.Org, actor.Patient)
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	return list, nil
}

func notFound(err error) error {
	return fault.Wrap(err, fault.NotFound, CodeConsentNotFound, "You have no such consent here.")
}

// ending makes what is kept when a consent ends: the statement that the log commits to, sealed, and the log entry.
func ending(ctx context.Context, keys Keys, book logbook.Book, c Consent, by string, at time.Time) (Ending, error) {
	entry, opening, err := book.New(tlog.KindConsent, at, withdrawal{
		V: 1, Type: "yilian/consent-withdrawal", Consent: c.ID, Patient: c.Terms.Patient, By: by,
		Time: at.Format(time.RFC3339Nano),
	})
	if err != nil {
		return Ending{}, err
	}
	aad, err := binding(sealEnding, c.ID, c.Terms)
	if err != nil {
		return Ending{}, err
	}
	sealed, err := keys.Seal(ctx, c.Terms.Patient, aad, opening.Bytes())
	if err != nil {
		return Ending{}, fmt.Errorf("seal ending: %w", err)
	}
	return Ending{At: at, Sealed: sealed, Entry: entry, Carried: by == endedByLedger}, nil
}
