package cockroach

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
	"yilian.example/gateway/internal/bound"
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
	INSERT INTO release_requests (org, from_org, id, received_at, bound) VALUES ($1, $2, $3, $4, $5)`)

// ReserveRequest remembers a request id; fault.Conflict where it was seen before. It is a plain insert, so
// that of two copies that come at the same moment one wins.
func (r *Releases) ReserveRequest(ctx context.Context, org, from consortium.OrgID, id string, at time.Time) error {
	tag := r.db.key.Tag("release_requests", org, from, id, at)
	return r.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, reserveRequest.text, org, from, id, at, tag[:])
		return err
	})
}

var insertRelease = sql("keep a release", `
	INSERT INTO releases (org, request_id, recipient, patient, allowed, sealed, entry_id, created_at, bound)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)

// SaveRelease keeps h and its log entry in one transaction. Where records were handed over under a consent, it must
// still be granted then: a withdrawal that was answered before stops what has not left, and one that comes now is
// answered after this transaction has ended.
func (r *Releases) SaveRelease(ctx context.Context, org consortium.OrgID, h release.HandedOver) error {
	var places []place
	if h.Consent != "" {
		places = append(places, place{roomConsents, string(h.Patient)})
	}
	heads := r.db.expectHeads(org, places...)
	tag := r.db.key.Tag(
		"releases", org, h.Request, h.Recipient, h.Patient, h.Allowed, h.Sealed, h.Entry.ID, h.Created,
	)
	return r.db.Tx(ctx, func(tx pgx.Tx) error {
		if h.Consent != "" {
			if err := heads.hold(ctx, tx); err != nil {
				return err
			}
			if err := r.db.checkHolds(ctx, tx, heads, h.Patient, consent.ID(h.Consent), h.At); err != nil {
				return err
			}
		}
		_, err := tx.Exec(
			ctx, insertRelease.text, org, h.Request, h.Recipient, h.Patient, h.Allowed, h.Sealed, h.Entry.ID, h.Created, tag[:],
		)
		if err != nil {
			return err
		}
		return r.db.InsertEntries(ctx, tx, org, h.Entry)
	})
}

var insertReceived = sql("keep a received answer", `
	INSERT INTO received (org, request_id, actor, patient, custodian, allowed, sealed, entry_id, created_at, expires_at,
		bound)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`)

// SaveReceived keeps rec and its log entry in one transaction.
func (r *Releases) SaveReceived(ctx context.Context, org consortium.OrgID, rec release.Received) error {
	tag := r.tagReceived(org, rec, rec.Entry.ID)
	return r.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(
			ctx, insertReceived.text, org, rec.ID, rec.Actor, rec.Patient, rec.Custodian, rec.Allowed, rec.Sealed, rec.Entry.ID,
			rec.Created, rec.Expires, tag[:],
		)
		if err != nil {
			return err
		}
		return r.db.InsertEntries(ctx, tx, org, rec.Entry)
	})
}

func (r *Releases) tagReceived(org consortium.OrgID, rec release.Received, entry string) bound.Tag {
	return r.db.key.Tag(
		"received", org, rec.ID, rec.Actor, rec.Patient, rec.Custodian, rec.Allowed, rec.Sealed, entry, rec.Created,
		rec.Expires,
	)
}

var queryReceived = sql("a received answer", `
	SELECT actor, patient, custodian, allowed, sealed, entry_id::TEXT, created_at, expires_at, bound
	FROM received WHERE org = $1 AND request_id = $2`)

// Received returns an answered request; fault.NotFound where there is none. An id in another form than it was kept in
// is the id of nothing: the server would find the row all the same, and its tag, which is over the plain form, would
// make that look like an altered row.
func (r *Releases) Received(ctx context.Context, org consortium.OrgID, id string) (release.Received, error) {
	if parsed, err := uuid.Parse(id); err != nil || parsed.String() != id {
		return release.Received{}, noRequest(err)
	}
	rec := release.Received{ID: id}
	var entry string
	var tag []byte
	err := r.db.Read(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, queryReceived.text, org, id).Scan(
			&rec.Actor, &rec.Patient, &rec.Custodian, &rec.Allowed, &rec.Sealed, &entry, &rec.Created, &rec.Expires, &tag,
		)
	})
	if fault.Is(err, fault.NotFound) {
		return release.Received{}, noRequest(err)
	}
	if err != nil {
		return release.Received{}, err
	}
	if want := r.tagReceived(org, rec, entry); string(want[:]) != string(tag) {
		return release.Received{}, r.db.refuse("received", id, CodeRowAltered)
	}
	return rec, nil
}

func noRequest(err error) error {
	return fault.Wrap(
		err, fault.NotFound, CodeNoRequest,
		"There is no such answer for you, or its time is over. Ask the other organisation again.",
	)
}
