package cockroach

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/bound"
)

// consentRow is a row of consents.
type consentRow struct {
	consent.Consent
	kinds       []string
	refusal     *string
	entry       string
	ending      []byte
	endingEntry *string
	withdrawnAt *time.Time
	carriedAt   *time.Time
	tried       bool
	tag         []byte
}

const consentColumns = `custodian, id, patient, recipient, purpose, kinds, valid_from, valid_until, notice, lang, state,
		sealed, receipt, refusal, entry_id::TEXT, created_at, withdrawn_at, ending, ending_entry_id::TEXT, carried_at,
		tried, bound`

func (r *consentRow) fields() []any {
	t := &r.Terms
	return []any{
		&t.Custodian, &r.ID, &t.Patient, &t.Recipient, &t.Purpose, &r.kinds, &t.From, &t.Until, &t.Notice, &t.Lang, &r.State,
		&r.Sealed, &r.Receipt, &r.refusal, &r.entry, &r.CreatedAt, &r.withdrawnAt, &r.ending, &r.endingEntry, &r.carriedAt,
		&r.tried, &r.tag,
	}
}

func (r *consentRow) bind(k *bound.Key) bound.Tag {
	t := r.Terms
	return k.Tag(
		"consents", t.Custodian, r.ID, t.Patient, t.Recipient, t.Purpose, r.kinds, t.From, t.Until, t.Notice, t.Lang, r.State,
		r.Sealed, r.Receipt, r.refusal, r.entry, r.CreatedAt, r.withdrawnAt, r.ending, r.endingEntry, r.carriedAt, r.tried,
	)
}

// noun returns the consent as the domain sees it.
func (r *consentRow) noun() consent.Consent {
	c := r.Consent
	c.Terms.Kinds = nil
	for _, k := range r.kinds {
		c.Terms.Kinds = append(c.Terms.Kinds, consortium.Kind(k))
	}
	c.Terms.From, c.Terms.Until, c.CreatedAt = c.Terms.From.UTC(), c.Terms.Until.UTC(), c.CreatedAt.UTC()
	if r.withdrawnAt != nil {
		c.WithdrawnAt = r.withdrawnAt.UTC()
	}
	if r.carriedAt != nil {
		c.CarriedAt = r.carriedAt.UTC()
	}
	return c
}

// scanConsents reads rows of consents and refuses one that is not bound.
func (db *DB) scanConsents(rows pgx.Rows) ([]*consentRow, error) {
	var out []*consentRow
	var row consentRow
	_, err := pgx.ForEachRow(rows, row.fields(), func() error {
		r := row
		if tag := r.bind(db.key); string(tag[:]) != string(r.tag) {
			return db.refuse("consents", string(r.ID), CodeRowAltered)
		}
		out = append(out, &r)
		return nil
	})
	return out, err
}

var (
	queryConsent = sql("one consent", `SELECT `+consentColumns+` FROM consents WHERE custodian = $1 AND id = $2`)

	queryConsentsOfPatient = sql("consents of a patient", `
		SELECT `+consentColumns+` FROM consents WHERE patient = $2 AND custodian = $1`)
)

// book is a patient's consents at a custodian within one transaction, proven to be all of them as they stand.
type book struct {
	db    *DB
	at    place
	heads *heads
	rows  []*consentRow
}

// newBook prepares for a transaction; call it before that begins.
func (db *DB) newBook(custodian consortium.OrgID, patient consortium.PatientRef) *book {
	at := place{roomConsents, string(patient)}
	return &book{db: db, at: at, heads: db.expectHeads(custodian, at)}
}

// read may be called again when the transaction is.
func (b *book) read(ctx context.Context, tx pgx.Tx) error {
	batch := &pgx.Batch{}
	b.heads.queue(batch)
	batch.Queue(queryConsentsOfPatient.text, b.heads.org, b.at.scope).Query(func(rows pgx.Rows) error {
		var err error
		b.rows, err = b.db.scanConsents(rows)
		return err
	})
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	return b.check(b.heads.now[b.at])
}

func (b *book) check(head bound.Head) error {
	sums := map[string]bound.Sum{}
	for _, r := range b.rows {
		sum := sums[""]
		b.db.key.Add(&sum, bound.Tag(r.tag))
		sums[""] = sum
	}
	if !sameSums(sums, head.Parts) {
		return b.db.refuse("consents", "of "+b.at.scope, CodeRowsMissing)
	}
	slices.SortFunc(b.rows, func(x, y *consentRow) int {
		if c := y.CreatedAt.Compare(x.CreatedAt); c != 0 {
			return c
		}
		if x.ID < y.ID {
			return -1
		}
		return 1
	})
	return nil
}

func (b *book) one(id consent.ID) (*consentRow, error) {
	for _, r := range b.rows {
		if r.ID == id {
			return r, nil
		}
	}
	return nil, noConsent()
}

func noConsent() error {
	return fault.New(fault.NotFound, CodeNoConsent, "There is no such consent here.")
}

var (
	insertConsent = sql("add a consent", `
		INSERT INTO consents (custodian, id, patient, recipient, purpose, kinds, valid_from, valid_until, notice, lang,
			state, sealed, receipt, refusal, entry_id, created_at, withdrawn_at, ending, ending_entry_id, carried_at,
			tried, bound)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`)

	updateConsent = sql("move a consent on", `
		UPDATE consents SET state = $3, receipt = $4, refusal = $5, withdrawn_at = $6, ending = $7, ending_entry_id = $8,
			carried_at = $9, tried = $10, bound = $11
		WHERE custodian = $1 AND id = $2`)
)

// add writes a new row and moves the head.
func (b *book) add(ctx context.Context, tx pgx.Tx, r *consentRow) error {
	tag := r.bind(b.db.key)
	b.heads.add(b.at, "", tag)
	t := r.Terms
	batch := &pgx.Batch{}
	batch.Queue(
		insertConsent.text, t.Custodian, r.ID, t.Patient, t.Recipient, t.Purpose, r.kinds, t.From, t.Until, t.Notice, t.Lang,
		r.State, r.Sealed, r.Receipt, r.refusal, r.entry, r.CreatedAt, r.withdrawnAt, r.ending, r.endingEntry, r.carriedAt,
		r.tried, tag[:],
	)
	if err := b.heads.queueMoves(batch); err != nil {
		return err
	}
	return tx.SendBatch(ctx, batch).Close()
}

// replace writes a row that was changed and moves the head.
func (b *book) replace(ctx context.Context, tx pgx.Tx, r *consentRow) error {
	tag := r.bind(b.db.key)
	b.heads.remove(b.at, "", bound.Tag(r.tag))
	b.heads.add(b.at, "", tag)
	batch := &pgx.Batch{}
	batch.Queue(
		updateConsent.text, r.Terms.Custodian, r.ID, r.State, r.Receipt, r.refusal, r.withdrawnAt, r.ending, r.endingEntry,
		r.carriedAt, r.tried, tag[:],
	).Exec(wantRows(1, noConsent))
	if err := b.heads.queueMoves(batch); err != nil {
		return err
	}
	return tx.SendBatch(ctx, batch).Close()
}
