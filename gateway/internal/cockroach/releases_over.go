package cockroach

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
)

var _ release.ForgettingStore = (*Releases)(nil)

var queryDue = sql("copies that are over", `
	SELECT request_id::TEXT, expires_at FROM received
	WHERE org = $1 AND actor <> '' AND expires_at <= $2 AND (expires_at, request_id) > ($3::TIMESTAMPTZ, $4::UUID)
	ORDER BY expires_at, request_id LIMIT $5`)

// Due implements release.ForgettingStore. Nobody asked for an answer that was forgotten: that is how it is known.
func (r *Releases) Due(
	ctx context.Context, org consortium.OrgID, before time.Time, after release.Due, limit int,
) ([]release.Due, error) {
	if after.ID == "" {
		after.ID = "00000000-0000-0000-0000-000000000000"
	}
	var due []release.Due
	err := r.db.look(ctx, func(q querier) error {
		rows, err := q.Query(ctx, queryDue.text, org, before, after.Expires, after.ID, limit)
		if err != nil {
			return err
		}
		due, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (release.Due, error) {
			var d release.Due
			err := row.Scan(&d.ID, &d.Expires)
			return d, err
		})
		return err
	})
	return due, err
}

var keepReceipt = sql("keep the receipt of a copy", `
	UPDATE received SET actor = '', sealed = $3, bound = $4 WHERE org = $1 AND request_id = $2 AND actor <> ''`)

// KeepReceipt implements release.ForgettingStore. The row stays, since it says which entry of the log is the receipt:
// the audit takes an entry without a row for a row that somebody removed.
func (r *Releases) KeepReceipt(ctx context.Context, org consortium.OrgID, id string, sealed []byte) error {
	altered := false
	err := r.db.Tx(ctx, func(tx pgx.Tx) error {
		altered = false
		rec := release.Received{ID: id}
		var entry string
		var tag []byte
		err := tx.QueryRow(ctx, queryReceived.text, org, id).Scan(
			&rec.Actor, &rec.Patient, &rec.Custodian, &rec.Allowed, &rec.Sealed, &entry, &rec.Created, &rec.Expires, &tag,
		)
		if err != nil || rec.Actor == "" {
			return err
		}
		if want := r.tagReceived(org, rec, entry); string(want[:]) != string(tag) {
			altered = true
			return nil
		}
		rec.Actor, rec.Sealed = "", sealed
		bound := r.tagReceived(org, rec, entry)
		_, err = tx.Exec(ctx, keepReceipt.text, org, id, sealed, bound[:])
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err == nil && altered {
		return r.db.refuse("received", id, CodeRowAltered)
	}
	return err
}

var forgetRequests = sql("let go of old request ids", `
	DELETE FROM release_requests WHERE org = $1 AND (from_org, id) IN (
		SELECT from_org, id FROM release_requests WHERE org = $1 AND received_at <= $2 ORDER BY received_at LIMIT $3)`)

// ForgetRequests implements release.ForgettingStore.
func (r *Releases) ForgetRequests(
	ctx context.Context, org consortium.OrgID, before time.Time, limit int,
) (int, error) {
	var n int64
	err := r.db.Tx(ctx, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, forgetRequests.text, org, before, limit)
		n = done.RowsAffected()
		return err
	})
	return int(n), err
}
