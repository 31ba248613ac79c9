package cockroach

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"yilian.example/consent"
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

var insertConsent = sql("add a consent", `
	INSERT INTO consents (custodian, id, patient, recipient, purpose, kinds, valid_from, valid_until, notice, lang, state, sealed, entry_id, created_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'pending', $11, $12, $13)`)

// Add keeps a pending consent, the order to carry it, and its log entry, in one transaction.
func (s *Consents) Add(ctx context.Context, c consent.Consent, e logbook.Entry) error {
	t := c.Terms
	return s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(
			ctx, insertConsent.text, t.Custodian, c.ID, t.Patient, t.Recipient, t.Purpose, kindTexts(t.Kinds), t.From,
			t.Until, t.Notice, t.Lang, c.Sealed, e.ID, c.CreatedAt,
		)
		if err != nil {
			return err
		}
		if err := addOrder(ctx, tx, t.Custodian, c.ID, consent.OpGrant, c.CreatedAt); err != nil {
			return err
		}
		return InsertEntry(ctx, tx, t.Custodian, e.ID, e.Leaf, c.CreatedAt)
	})
}

var lockConsent = sql("hold a consent", `SELECT state FROM consents WHERE custodian = $1 AND id = $2 FOR UPDATE`)

// Withdraw ends a consent. A grant that no worker ever claimed is dropped; else the withdrawal follows it to the
// ledger.
func (s *Consents) Withdraw(
	ctx context.Context, custodian consortium.OrgID, id consent.ID, end consent.Ending,
) (bool, error) {
	var changed bool
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		changed = false
		var state consent.State
		if err := tx.QueryRow(ctx, lockConsent.text, custodian, id).Scan(&state); err != nil {
			return err
		}
		if state == consent.Withdrawn {
			return nil
		}
		carried, err := orderEnding(ctx, tx, custodian, id, state, end)
		if err != nil {
			return err
		}
		if err := markWithdrawn(ctx, tx, custodian, id, end, carried); err != nil {
			return err
		}
		changed = true
		return InsertEntry(ctx, tx, custodian, end.Entry.ID, end.Entry.Leaf, end.At)
	})
	return changed && err == nil, err
}

var (
	deleteOrders = sql("drop all orders of a consent", `DELETE FROM consent_orders WHERE custodian = $1 AND consent = $2`)

	deleteUntriedOrder = sql("drop an order that was never tried", `
		DELETE FROM consent_orders WHERE custodian = $1 AND consent = $2 AND op = 'grant' AND attempts = 0`)
)

// orderEnding leaves the right orders behind and tells whether the ledger has nothing left to end.
func orderEnding(
	ctx context.Context, tx pgx.Tx, custodian consortium.OrgID, id consent.ID, state consent.State, end consent.Ending,
) (bool, error) {
	if end.Carried {
		_, err := tx.Exec(ctx, deleteOrders.text, custodian, id)
		return true, err
	}
	tag, err := tx.Exec(ctx, deleteUntriedOrder.text, custodian, id)
	if err != nil {
		return false, err
	}
	if tag.RowsAffected() > 0 || state == consent.Refused {
		return true, nil
	}
	return false, addOrder(ctx, tx, custodian, id, consent.OpWithdraw, end.At)
}

var updateWithdrawn = sql("mark a consent withdrawn", `
	UPDATE consents SET state = 'withdrawn', withdrawn_at = $3, receipt = NULL, ending = $4, ending_entry_id = $5, carried_at = $6
	WHERE custodian = $1 AND id = $2`)

func markWithdrawn(
	ctx context.Context, tx pgx.Tx, custodian consortium.OrgID, id consent.ID, end consent.Ending, carried bool,
) error {
	var carriedAt *time.Time
	if carried {
		carriedAt = &end.At
	}
	_, err := tx.Exec(ctx, updateWithdrawn.text, custodian, id, end.At, end.Sealed, end.Entry.ID, carriedAt)
	return err
}

var queryConsent = sql("one consent", `
	SELECT custodian, id, patient, recipient, purpose, kinds, valid_from, valid_until, notice, lang, state, created_at, withdrawn_at, carried_at,
		sealed, receipt
	FROM consents WHERE custodian = $1 AND id = $2`)

// One gives a consent.
func (s *Consents) One(ctx context.Context, custodian consortium.OrgID, id consent.ID) (consent.Consent, error) {
	list, err := s.list(ctx, queryConsent, custodian, id)
	if err != nil {
		return consent.Consent{}, err
	}
	if len(list) == 0 {
		return consent.Consent{}, fault.New(fault.NotFound, "CONSENT_NOT_FOUND", "There is no such consent here.")
	}
	return list[0], nil
}

var queryConsentsOfPatient = sql("consents of a patient", `
	SELECT custodian, id, patient, recipient, purpose, kinds, valid_from, valid_until, notice, lang, state, created_at, withdrawn_at, carried_at,
		sealed, receipt
	FROM consents WHERE patient = $2 AND custodian = $1
	ORDER BY created_at DESC, id`)

// OfPatient gives a patient's consents at a custodian, newest first.
func (s *Consents) OfPatient(
	ctx context.Context, custodian consortium.OrgID, patient consortium.PatientRef,
) ([]consent.Consent, error) {
	return s.list(ctx, queryConsentsOfPatient, custodian, patient)
}

var queryConsentsNaming = sql("consents that name a recipient", `
	SELECT custodian, id, patient, recipient, purpose, kinds, valid_from, valid_until, notice, lang, state, created_at, withdrawn_at, carried_at,
		NULL::BYTEA, NULL::BYTEA
	FROM consents WHERE patient = $2 AND recipient = $1
	ORDER BY created_at DESC, id`)

// Naming gives a patient's consents at any custodian that name the recipient, newest first, without what is sealed.
func (s *Consents) Naming(
	ctx context.Context, recipient consortium.OrgID, patient consortium.PatientRef,
) ([]consent.Consent, error) {
	return s.list(ctx, queryConsentsNaming, recipient, patient)
}

func (s *Consents) list(
	ctx context.Context, query statement, org consortium.OrgID, key any,
) ([]consent.Consent, error) {
	var list []consent.Consent
	err := s.db.Read(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, query.text, org, key)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanConsent)
		return err
	})
	return list, err
}

func scanConsent(row pgx.CollectableRow) (consent.Consent, error) {
	var c consent.Consent
	var kinds []string
	var withdrawnAt, carriedAt *time.Time
	t := &c.Terms
	err := row.Scan(
		&t.Custodian, &c.ID, &t.Patient, &t.Recipient, &t.Purpose, &kinds, &t.From, &t.Until, &t.Notice, &t.Lang, &c.State,
		&c.CreatedAt, &withdrawnAt, &carriedAt, &c.Sealed, &c.Receipt,
	)
	if err != nil {
		return consent.Consent{}, err
	}
	for _, k := range kinds {
		t.Kinds = append(t.Kinds, consortium.Kind(k))
	}
	t.From, t.Until, c.CreatedAt = t.From.UTC(), t.Until.UTC(), c.CreatedAt.UTC()
	if withdrawnAt != nil {
		c.WithdrawnAt = withdrawnAt.UTC()
	}
	if carriedAt != nil {
		c.CarriedAt = carriedAt.UTC()
	}
	return c, nil
}

func kindTexts(kinds []consortium.Kind) []string {
	out := make([]string, len(kinds))
	for i, k := range kinds {
		out[i] = string(k)
	}
	return out
}

var insertOrder = sql("add an order", `
	INSERT INTO consent_orders (custodian, consent, op, attempts, due_at) VALUES ($1, $2, $3, 0, $4)`)

func addOrder(
	ctx context.Context, tx pgx.Tx, custodian consortium.OrgID, id consent.ID, op consent.Op, due time.Time,
) error {
	_, err := tx.Exec(ctx, insertOrder.text, custodian, id, op, due)
	return err
}

var (
	queryDueOrders = sql("orders that are due", `
		SELECT o.consent, o.op, o.attempts FROM consent_orders o
		WHERE o.custodian = $1 AND o.due_at <= $2 AND (o.claimed_until IS NULL OR o.claimed_until <= $2)
			AND (o.op = 'grant' OR NOT EXISTS (
				SELECT 1 FROM consent_orders g WHERE g.custodian = o.custodian AND g.consent = o.consent AND g.op = 'grant'))
		ORDER BY o.due_at
		LIMIT $3
		FOR UPDATE SKIP LOCKED`)

	updateClaim = sql("claim an order", `
		UPDATE consent_orders SET attempts = $4, claim = $5, claimed_until = $6
		WHERE custodian = $1 AND consent = $2 AND op = $3`)
)

// Claim hands out orders that are due. A withdrawal waits until its grant's order is gone.
func (s *Consents) Claim(
	ctx context.Context, custodian consortium.OrgID, now time.Time, lease time.Duration, limit int,
) ([]consent.Order, error) {
	var orders []consent.Order
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, queryDueOrders.text, custodian, now, limit)
		if err != nil {
			return err
		}
		orders, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (consent.Order, error) {
			o := consent.Order{Custodian: custodian, Claim: uuid.NewString()}
			err := row.Scan(&o.ID, &o.Op, &o.Attempts)
			o.Attempts++
			return o, err
		})
		if err != nil {
			return err
		}
		for _, o := range orders {
			if _, err := tx.Exec(ctx, updateClaim.text, custodian, o.ID, o.Op, o.Attempts, o.Claim, now.Add(lease)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return orders, nil
}

var deleteOrder = sql("settle an order", `
	DELETE FROM consent_orders WHERE custodian = $1 AND consent = $2 AND op = $3 AND claim = $4`)

// Settle removes an order and writes how it ended.
func (s *Consents) Settle(ctx context.Context, o consent.Order, out consent.Outcome) error {
	return s.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := fenced(tx.Exec(ctx, deleteOrder.text, o.Custodian, o.ID, o.Op, o.Claim)); err != nil {
			return err
		}
		return writeOutcome(ctx, tx, o, out)
	})
}

var (
	updateCarried = sql("mark a withdrawal carried", `
		UPDATE consents SET carried_at = $3 WHERE custodian = $1 AND id = $2`)

	updateRefused = sql("mark a consent refused", `
		UPDATE consents SET state = 'refused', refusal = $3 WHERE custodian = $1 AND id = $2 AND state = 'pending'`)

	updateGranted = sql("mark a consent granted", `
		UPDATE consents SET state = 'granted', receipt = $3 WHERE custodian = $1 AND id = $2 AND state = 'pending'`)
)

func writeOutcome(ctx context.Context, tx pgx.Tx, o consent.Order, out consent.Outcome) error {
	var err error
	switch {
	case o.Op == consent.OpWithdraw:
		_, err = tx.Exec(ctx, updateCarried.text, o.Custodian, o.ID, out.At)
	case out.Refused != "":
		_, err = tx.Exec(ctx, updateRefused.text, o.Custodian, o.ID, out.Refused)
	default:
		_, err = tx.Exec(ctx, updateGranted.text, o.Custodian, o.ID, out.Receipt)
	}
	return err
}

var updatePostponed = sql("postpone an order", `
	UPDATE consent_orders SET due_at = $5, claim = NULL, claimed_until = NULL, last_problem = $6
	WHERE custodian = $1 AND consent = $2 AND op = $3 AND claim = $4`)

// Postpone gives an order back until a later time.
func (s *Consents) Postpone(ctx context.Context, o consent.Order, until time.Time, code string) error {
	return s.db.Tx(ctx, func(tx pgx.Tx) error {
		return fenced(tx.Exec(ctx, updatePostponed.text, o.Custodian, o.ID, o.Op, o.Claim, until, code))
	})
}

var queryPosition = sql("how far events were noted", `SELECT block FROM consent_positions WHERE org = $1`)

// EventPosition is the block from which the ledger's events are still to be noted.
func (s *Consents) EventPosition(ctx context.Context, org consortium.OrgID) (uint64, error) {
	var block int64
	err := s.db.Read(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, queryPosition.text, org).Scan(&block) })
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	return uint64(block), err
}

var upsertPosition = sql("note how far events were noted", `
	INSERT INTO consent_positions (org, block) VALUES ($1, $2)
	ON CONFLICT (org) DO UPDATE SET block = excluded.block WHERE consent_positions.block < excluded.block`)

// SetEventPosition notes how far the ledger's events were noted; it never goes back.
func (s *Consents) SetEventPosition(ctx context.Context, org consortium.OrgID, block uint64) error {
	return s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, upsertPosition.text, org, int64(block))
		return err
	})
}

// fenced turns "no row was this worker's any more" into a conflict.
func fenced(tag pgconn.CommandTag, err error) error {
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return fault.New(fault.Conflict, "CLAIM_LOST", "Another worker has taken this over.")
	}
	return nil
}
