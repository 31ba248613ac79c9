package cockroach

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/consent"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
)

// Consents keeps what patients agreed to, and what of it is still to be carried to the ledger.
type Consents struct {
	db *DB
}

var (
	_ consent.Store     = (*Consents)(nil)
	_ consent.Outbox    = (*Consents)(nil)
	_ consent.Consented = (*Consents)(nil)
	_ consent.Positions = (*Consents)(nil)
)

// NewConsents uses db.
func NewConsents(db *DB) *Consents { return &Consents{db: db} }

// Add keeps a pending consent, the order to carry it, and its log entry, in one transaction.
func (s *Consents) Add(ctx context.Context, c consent.Consent, e logbook.Entry) error {
	c.State = consent.Pending
	row := &consentRow{Consent: c, kinds: kindTexts(c.Terms.Kinds), entry: e.ID}
	b := s.db.newBook(c.Terms.Custodian, c.Terms.Patient)
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := b.read(ctx, tx); err != nil {
			return err
		}
		if err := b.add(ctx, tx, row); err != nil {
			return err
		}
		if err := addOrder(ctx, tx, c.Terms.Custodian, c.ID, consent.OpGrant, c.CreatedAt); err != nil {
			return err
		}
		return s.db.InsertEntries(ctx, tx, c.Terms.Custodian, e)
	})
	if err == nil {
		b.heads.committed()
	}
	return err
}

// change moves one consent on, in one transaction with all that depends on it. Move is called with the proven row, may
// be called again, and tells whether it changed it.
func (s *Consents) change(
	ctx context.Context, custodian consortium.OrgID, id consent.ID, move func(pgx.Tx, *consentRow) (bool, error),
) error {
	patient, err := s.patientOf(ctx, custodian, id)
	if err != nil {
		return err
	}
	b := s.db.newBook(custodian, patient)
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := b.read(ctx, tx); err != nil {
			return err
		}
		row, err := b.one(id)
		if err != nil {
			return err
		}
		changed, err := move(tx, row)
		if err != nil || !changed {
			return err
		}
		return b.replace(ctx, tx, row)
	})
	if err == nil {
		b.heads.committed()
	}
	return err
}

// patientOf returns whose a consent is. That never changes and is bound to the row.
func (s *Consents) patientOf(
	ctx context.Context, custodian consortium.OrgID, id consent.ID,
) (consortium.PatientRef, error) {
	var found []*consentRow
	err := s.db.look(ctx, func(q querier) error {
		rows, err := q.Query(ctx, queryConsent.text, custodian, id)
		if err != nil {
			return err
		}
		found, err = s.db.scanConsents(rows)
		return err
	})
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", noConsent()
	}
	return found[0].Terms.Patient, nil
}

// Withdraw ends a consent. A grant that was never tried is dropped; else the withdrawal follows it to the ledger.
func (s *Consents) Withdraw(
	ctx context.Context, custodian consortium.OrgID, id consent.ID, end consent.Ending,
) (bool, error) {
	var changed bool
	err := s.change(ctx, custodian, id, func(tx pgx.Tx, r *consentRow) (bool, error) {
		if changed = r.State != consent.Withdrawn; !changed {
			return false, nil
		}
		nothingToEnd := end.Carried || r.State == consent.Refused || r.State == consent.Pending && !r.tried
		if err := orderEnding(ctx, tx, custodian, id, nothingToEnd, end.At); err != nil {
			return false, err
		}
		at := end.At
		r.State, r.Receipt, r.ending, r.endingEntry, r.withdrawnAt = consent.Withdrawn, nil, end.Sealed, &end.Entry.ID, &at
		if nothingToEnd {
			r.carriedAt = &at
		}
		return true, s.db.InsertEntries(ctx, tx, custodian, end.Entry)
	})
	return changed && err == nil, err
}

// One returns a consent.
func (s *Consents) One(ctx context.Context, custodian consortium.OrgID, id consent.ID) (consent.Consent, error) {
	patient, err := s.patientOf(ctx, custodian, id)
	if err != nil {
		return consent.Consent{}, err
	}
	list, err := s.OfPatient(ctx, custodian, patient)
	if err != nil {
		return consent.Consent{}, err
	}
	for _, c := range list {
		if c.ID == id {
			return c, nil
		}
	}
	return consent.Consent{}, noConsent()
}

// OfPatient returns a patient's consents at a custodian, newest first.
func (s *Consents) OfPatient(
	ctx context.Context, custodian consortium.OrgID, patient consortium.PatientRef,
) ([]consent.Consent, error) {
	b := s.db.newBook(custodian, patient)
	if err := s.db.Read(ctx, func(tx pgx.Tx) error { return b.read(ctx, tx) }); err != nil {
		return nil, err
	}
	b.heads.committed()
	list := make([]consent.Consent, len(b.rows))
	for i, r := range b.rows {
		list[i] = r.noun()
	}
	return list, nil
}

// checkConsent refuses a reading, in its own transaction, when the consent that it rests on does not hold any more.
func (f *fetch) checkConsent(ctx context.Context, tx pgx.Tx) error {
	if f.sel.Consent == "" {
		return nil
	}
	return f.db.checkHolds(ctx, tx, f.heads, f.patient, consent.ID(f.sel.Consent), f.sel.At)
}

// checkHolds reads a patient's consents under heads that were read already, and wants one of them granted and in its
// period.
func (db *DB) checkHolds(
	ctx context.Context, tx pgx.Tx, heads *heads, patient consortium.PatientRef, id consent.ID, at time.Time,
) error {
	b := &book{db: db, at: place{roomConsents, string(patient)}, heads: heads}
	rows, err := tx.Query(ctx, queryConsentsOfPatient.text, heads.org, patient)
	if err != nil {
		return err
	}
	if b.rows, err = db.scanConsents(rows); err != nil {
		return err
	}
	if err := b.check(heads.now[b.at]); err != nil {
		return err
	}
	r, err := b.one(id)
	if err != nil || !r.noun().Holds(at) {
		return fault.Wrap(
			exchange.ErrConsentEnded, fault.Conflict, CodeConsentEnded,
			"The consent ended while the records were being read. Nothing was released.",
		)
	}
	return nil
}

func kindTexts(kinds []consortium.Kind) []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = string(k)
	}
	return out
}

var queryPosition = sql("how far events were noted", `SELECT block, bound FROM consent_positions WHERE org = $1`)

// EventPosition is the block from which the ledger's events are still to be noted. Where what is kept is not this
// organisation's word, that is the first: events may be noted twice, and must not be missed.
func (s *Consents) EventPosition(ctx context.Context, org consortium.OrgID) (uint64, error) {
	var block int64
	var tag []byte
	err := s.db.Read(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, queryPosition.text, org).Scan(&block, &tag) })
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err == nil && !s.db.key.Check(tag, "consent_positions", org, block) {
		_ = s.db.refuse("consent_positions", string(org), CodeRowAltered)
		return 0, nil
	}
	return uint64(block), err
}

var upsertPosition = sql("note how far events were noted", `
	INSERT INTO consent_positions (org, block, bound) VALUES ($1, $2, $3)
	ON CONFLICT (org) DO UPDATE SET block = excluded.block, bound = excluded.bound`)

// SetEventPosition notes how far the ledger's events were noted; it never goes back.
func (s *Consents) SetEventPosition(ctx context.Context, org consortium.OrgID, block uint64) error {
	known, err := s.EventPosition(ctx, org)
	if err != nil || known > block {
		return err
	}
	tag := s.db.key.Tag("consent_positions", org, int64(block))
	return s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, upsertPosition.text, org, int64(block), tag[:])
		return err
	})
}
