package cockroach

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// The orders are a queue and nothing more: what is to be carried follows from the consents, which are bound. Orders
// that are missing are added again, those that were put off by more than a carrier ever does are due, and one too many
// asks the ledger for what it has already.

// orderSlack is beyond any pause or claim of a carrier: an order that waits longer was put off by somebody else.
const orderSlack = 10 * time.Minute

var insertOrder = sql("add an order", `
	INSERT INTO consent_orders (custodian, consent, op, attempts, due_at) VALUES ($1, $2, $3, 0, $4)
	ON CONFLICT (custodian, consent, op) DO UPDATE SET due_at = excluded.due_at`)

func addOrder(
	ctx context.Context, tx pgx.Tx, custodian consortium.OrgID, id consent.ID, op consent.Op, due time.Time,
) error {
	_, err := tx.Exec(ctx, insertOrder.text, custodian, id, op, due)
	return err
}

var deleteOrders = sql(
	"drop all orders of a consent",
	`DELETE FROM consent_orders WHERE custodian = $1 AND consent = $2`,
)

// orderEnding leaves the right orders behind.
func orderEnding(
	ctx context.Context, tx pgx.Tx, custodian consortium.OrgID, id consent.ID, nothingToEnd bool, at time.Time,
) error {
	if nothingToEnd {
		_, err := tx.Exec(ctx, deleteOrders.text, custodian, id)
		return err
	}
	return addOrder(ctx, tx, custodian, id, consent.OpWithdraw, at)
}

var (
	mendOrders = sql("add orders that are missing", `
		INSERT INTO consent_orders (custodian, consent, op, attempts, due_at)
		SELECT c.custodian, c.id, CASE WHEN c.state = 'pending' THEN 'grant' ELSE 'withdraw' END, 0, $2
		FROM consents AS c
		WHERE c.custodian = $1 AND (c.state = 'pending' OR (c.state = 'withdrawn' AND c.carried_at IS NULL))
		ON CONFLICT (custodian, consent, op) DO NOTHING`)

	hastenOrders = sql("make orders due that were put off", `
		UPDATE consent_orders SET due_at = $2, claim = NULL, claimed_until = NULL
		WHERE custodian = $1 AND (due_at > $3 OR claimed_until > $3)`)

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
	if err := s.mend(ctx, custodian, now); err != nil {
		return nil, err
	}
	var orders []consent.Order
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, queryDueOrders.text, custodian, now, limit)
		if err != nil {
			return err
		}
		orders, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (consent.Order, error) {
			o := consent.Order{Custodian: custodian, Claim: uuid.NewString()}
			err := row.Scan(&o.ID, &o.Op, &o.Attempts)
			o.Attempts = max(o.Attempts, 0) + 1
			return o, err
		})
		if err != nil {
			return err
		}
		b := &pgx.Batch{}
		for _, o := range orders {
			b.Queue(updateClaim.text, custodian, o.ID, o.Op, o.Attempts, o.Claim, now.Add(lease))
		}
		if b.Len() == 0 {
			return nil
		}
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, orders)
}

// mend makes the queue say what the consents say. Most often there is nothing to do, which two readings tell.
func (s *Consents) mend(ctx context.Context, custodian consortium.OrgID, now time.Time) error {
	return s.db.Tx(ctx, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(mendOrders.text, custodian, now)
		b.Queue(hastenOrders.text, custodian, now, now.Add(orderSlack))
		return tx.SendBatch(ctx, b).Close()
	})
}

var errNothingToCarry = errors.New("the consent does not want this any more")

// begin notes on each consent that its grant may reach the ledger from now on, before it can. Orders that do not follow
// from their consent are dropped.
func (s *Consents) begin(ctx context.Context, orders []consent.Order) ([]consent.Order, error) {
	var out []consent.Order
	for _, o := range orders {
		note := func(_ pgx.Tx, r *consentRow) (bool, error) { return tries(r, o) }
		err := s.change(ctx, o.Custodian, o.ID, note)
		if errors.Is(err, errNothingToCarry) || fault.Is(err, fault.NotFound) {
			if err := s.drop(ctx, o); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// tries notes on the row that an order's grant is tried, and tells whether that changed the row; errNothingToCarry
// where the order does not follow from the consent.
func tries(r *consentRow, o consent.Order) (bool, error) {
	switch {
	case o.Op == consent.OpWithdraw && r.State != consent.Withdrawn,
		o.Op == consent.OpGrant && r.State != consent.Pending && !(r.State == consent.Withdrawn && r.tried):
		return false, errNothingToCarry
	case o.Op == consent.OpWithdraw || r.tried:
		return false, nil
	}
	r.tried = true
	return true, nil
}

func (s *Consents) drop(ctx context.Context, o consent.Order) error {
	return s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, deleteOrder.text, o.Custodian, o.ID, o.Op, o.Claim)
		return err
	})
}

var deleteOrder = sql("settle an order", `
	DELETE FROM consent_orders WHERE custodian = $1 AND consent = $2 AND op = $3 AND claim = $4`)

// Settle removes an order and writes how it ended.
func (s *Consents) Settle(ctx context.Context, o consent.Order, out consent.Outcome) error {
	return s.change(ctx, o.Custodian, o.ID, func(tx pgx.Tx, r *consentRow) (bool, error) {
		if err := fenced(tx.Exec(ctx, deleteOrder.text, o.Custodian, o.ID, o.Op, o.Claim)); err != nil {
			return false, err
		}
		return settle(r, o, out), nil
	})
}

// settle writes an outcome onto the row; a grant's counts only while the consent is pending.
func settle(r *consentRow, o consent.Order, out consent.Outcome) bool {
	at := out.At
	switch {
	case o.Op == consent.OpWithdraw:
		r.carriedAt = &at
	case r.State != consent.Pending:
		return false
	case out.Refused != "":
		r.State, r.refusal = consent.Refused, &out.Refused
	default:
		r.State, r.Receipt = consent.Granted, out.Receipt
	}
	return true
}

var updatePostponed = sql("postpone an order", `
	UPDATE consent_orders SET due_at = $5, claim = NULL, claimed_until = NULL, last_problem = $6
	WHERE custodian = $1 AND consent = $2 AND op = $3 AND claim = $4`)

// Postpone returns an order back until a later time.
func (s *Consents) Postpone(ctx context.Context, o consent.Order, until time.Time, code string) error {
	return s.db.Tx(ctx, func(tx pgx.Tx) error {
		return fenced(tx.Exec(ctx, updatePostponed.text, o.Custodian, o.ID, o.Op, o.Claim, until, code))
	})
}

// fenced turns "no row was this worker's any more" into a conflict.
func fenced(tag pgconn.CommandTag, err error) error {
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return fault.New(fault.Conflict, CodeClaimLost, "Another worker has taken this over.")
	}
	return nil
}
