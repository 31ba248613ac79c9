package cockroach

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
)

// Releases keeps both sides of release between members: what was asked of and handed over by an organisation, and what
// it received.
type Releases struct {
	db *DB
}

var (
	_ release.AnsweringStore = (*Releases)(nil)
	_ release.AskingStore    = (*Releases)(nil)
)

// NewReleases uses db.
func NewReleases(db *DB) *Releases { return &Releases{db: db} }

var reserveRequest = sql("reserve a request id", `
	INSERT INTO release_requests (org, from_org, id, received_at) VALUES ($1, $2, $3, $4)`)

// ReserveRequest remembers a request id for good; fault.Conflict where it was seen before. It is a plain insert, so
// that of two copies that come at the same moment one wins.
func (r *Releases) ReserveRequest(ctx context.Context, org, from consortium.OrgID, id string, at time.Time) error {
	return r.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, reserveRequest.text, org, from, id, at)
		return err
	})
}

var insertRelease = sql("keep a release", `INSERT INTO releases (org, request_id, recipient, patient, allowed, sealed, entry_id, created_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)

// SaveRelease keeps h and its log entry in one transaction.
func (r *Releases) SaveRelease(ctx context.Context, org consortium.OrgID, h release.HandedOver) error {
	return r.db.Tx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, insertRelease.text, org, h.Request, h.Recipient, h.Patient, h.Allowed, h.Sealed, h.Entry.ID, h.Created); err != nil {
			return err
		}
		return InsertEntry(ctx, tx, org, h.Entry.ID, h.Entry.Leaf, h.Created)
	})
}

var insertReceived = sql("keep a received answer", `INSERT INTO received (org, request_id, actor, patient, custodian, allowed, sealed, entry_id, created_at, expires_at)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`)

// SaveReceived keeps rec and its log entry in one transaction.
func (r *Releases) SaveReceived(ctx context.Context, org consortium.OrgID, rec release.Received) error {
	return r.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(
			ctx, insertReceived.text, org, rec.ID, rec.Actor, rec.Patient, rec.Custodian, rec.Allowed, rec.Sealed, rec.Entry.ID,
			rec.Created, rec.Expires,
		)
		if err != nil {
			return err
		}
		return InsertEntry(ctx, tx, org, rec.Entry.ID, rec.Entry.Leaf, rec.Created)
	})
}

var queryReceived = sql("a received answer", `
	SELECT actor, patient, custodian, allowed, sealed, created_at, expires_at FROM received WHERE org = $1 AND request_id = $2`)

// Received gives an answered request; fault.NotFound where there is none.
func (r *Releases) Received(ctx context.Context, org consortium.OrgID, id string) (release.Received, error) {
	rec := release.Received{ID: id}
	err := r.db.Read(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, queryReceived.text, org, id).
			Scan(&rec.Actor, &rec.Patient, &rec.Custodian, &rec.Allowed, &rec.Sealed, &rec.Created, &rec.Expires)
	})
	if fault.Is(err, fault.NotFound) {
		return release.Received{}, fault.Wrap(
			err, fault.NotFound, "REQUEST_NOT_FOUND",
			"There is no such answer for you, or its time is over. Ask the other organisation again.",
		)
	}
	return rec, err
}
