package cockroach

import (
	"context"
	"errors"
	"hash/maphash"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/records"
)

var (
	queryCurrentVersion = sql("current version", `
		SELECT v.type, v.id, v.version, v.patient, v.kind, v.recorded, v.deleted, v.sealed, v.entry_id::TEXT
		FROM records AS r
		JOIN record_versions AS v ON v.org = r.org AND v.type = r.type AND v.id = r.id AND v.version = r.version
		WHERE r.org = $1 AND r.type = $2 AND r.id = $3`)

	queryVersion = sql("one version", `
		SELECT v.type, v.id, v.version, v.patient, v.kind, v.recorded, v.deleted, v.sealed, v.entry_id::TEXT
		FROM record_versions AS v
		WHERE v.org = $1 AND v.type = $2 AND v.id = $3 AND v.version = $4`)

	// Newest first. The cursor is always given: from the newest means from the end of time.
	queryPage = sql("page of a patient", `
		SELECT v.type, v.id, v.version, v.patient, v.kind, v.recorded, v.deleted, v.sealed, v.entry_id::TEXT
		FROM records AS r
		JOIN record_versions AS v ON v.org = r.org AND v.type = r.type AND v.id = r.id AND v.version = r.version
		WHERE r.org = $1 AND r.patient = $2 AND (r.recorded, r.type, r.id) < ($3::TIMESTAMPTZ, $4::TEXT, $5::TEXT)
			AND r.kind = ANY ($6::TEXT[]) AND NOT r.deleted
			AND ($7::TEXT = '' OR r.type = $7::TEXT) AND ($8::TEXT[] IS NULL OR r.id = ANY ($8::TEXT[]))
		ORDER BY r.recorded DESC, r.type DESC, r.id DESC
		LIMIT $9`)

	queryAccessHead = sql("access head", `SELECT seq, commitment FROM access_heads WHERE org = $1 AND patient = $2`)

	upsertAccessHead = sql("move the access head", `
		INSERT INTO access_heads (org, patient, seq, commitment) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org, patient) DO UPDATE SET seq = excluded.seq, commitment = excluded.commitment`)

	insertAccess = sql("add an access", `
		INSERT INTO access_log (org, patient, seq, commitment, sealed, entry_id, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`)

	queryAccessEntries = sql("access entries", `
		SELECT seq, commitment, sealed, entry_id::TEXT, at FROM access_log
		WHERE org = $1 AND patient = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4`)
)

// lanes makes those who read or store records of one patient within this process take turns: readers append to one
// chain, stores count in one patient's holdings, and taking turns is cheaper than being refused by the database and
// trying again. Other processes are still kept apart by the database.
type lanes struct {
	seed  maphash.Seed
	turns [256]chan struct{}
}

func newLanes() *lanes {
	l := &lanes{seed: maphash.MakeSeed()}
	for i := range l.turns {
		l.turns[i] = make(chan struct{}, 1)
	}
	return l
}

// enter waits for its turn and gives what ends it.
func (l *lanes) enter(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef) (func(), error) {
	turn := l.turns[maphash.String(l.seed, string(org)+"/"+string(patient))%uint64(len(l.turns))]
	select {
	case turn <- struct{}{}:
		return func() { <-turn }, nil
	case <-ctx.Done():
		return nil, classify(ctx.Err())
	}
}

// enterFor enters the lane of a batch that is about one patient. Larger batches take none: two lanes could be waited
// for crosswise.
func (l *lanes) enterFor(ctx context.Context, org consortium.OrgID, batch []records.SealedVersion) (func(), error) {
	patient := consortium.PatientRef("")
	for _, v := range batch {
		if v.Patient != "" && patient != "" && v.Patient != patient {
			return func() {}, nil
		}
		patient = max(patient, v.Patient)
	}
	if patient == "" {
		return func() {}, nil
	}
	return l.enter(ctx, org, patient)
}

// ReadLogged fetches what sel says and appends to the patient's chain, in one transaction of four round trips.
func (db *DB) ReadLogged(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, sel *records.Selection,
	next func(records.AccessHead, []records.SealedVersion) (records.SealedAccess, error),
) ([]records.SealedVersion, error) {
	if patient != "" {
		leave, err := db.lanes.enter(ctx, org, patient)
		if err != nil {
			return nil, err
		}
		defer leave()
	}
	var versions []records.SealedVersion
	err := db.Tx(ctx, func(tx pgx.Tx) error {
		var head records.AccessHead
		var err error
		if head, versions, err = fetchLogged(ctx, tx, org, patient, sel); err != nil {
			return err
		}
		access, err := next(head, versions)
		if err != nil || patient == "" {
			return err
		}
		return appendAccess(ctx, tx, org, patient, access)
	})
	if err != nil {
		return nil, err
	}
	return versions, nil
}

func fetchLogged(
	ctx context.Context, tx pgx.Tx, org consortium.OrgID, patient consortium.PatientRef, sel *records.Selection,
) (records.AccessHead, []records.SealedVersion, error) {
	var head records.AccessHead
	var versions []records.SealedVersion
	b := &pgx.Batch{}
	queueSelection(b, org, patient, sel, &versions)
	b.Queue(queryAccessHead.text, org, patient).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&head.Seq, &head.Commitment)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // the chain is empty
		}
		return err
	})
	err := tx.SendBatch(ctx, b).Close()
	return head, versions, err
}

func queueSelection(
	b *pgx.Batch, org consortium.OrgID, patient consortium.PatientRef, sel *records.Selection,
	out *[]records.SealedVersion,
) {
	var q *pgx.QueuedQuery
	switch {
	case sel == nil:
		return
	case sel.Ref != nil && sel.Number == 0:
		q = b.Queue(queryCurrentVersion.text, org, sel.Ref.Type, sel.Ref.ID)
	case sel.Ref != nil:
		q = b.Queue(queryVersion.text, org, sel.Ref.Type, sel.Ref.ID, sel.Number)
	default:
		p := sel.Page
		after := exchange.Cursor{Recorded: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
		if p.After != nil {
			after = *p.After
		}
		q = b.Queue(queryPage.text, org, patient, after.Recorded, after.Type, after.ID, sel.Kinds, p.Type, p.IDs, p.Limit)
	}
	q.Query(func(rows pgx.Rows) error {
		var err error
		*out, err = pgx.CollectRows(rows, scanVersion)
		return err
	})
}

func scanVersion(row pgx.CollectableRow) (records.SealedVersion, error) {
	var v records.SealedVersion
	err := row.Scan(&v.Type, &v.ID, &v.Number, &v.Patient, &v.Kind, &v.Recorded, &v.Deleted, &v.Sealed, &v.Entry.ID)
	v.Recorded = v.Recorded.UTC()
	return v, err
}

// appendAccess writes the head first: of two transactions that append at once, one stops there and is run again.
func appendAccess(
	ctx context.Context, tx pgx.Tx, org consortium.OrgID, patient consortium.PatientRef, a records.SealedAccess,
) error {
	b := &pgx.Batch{}
	b.Queue(upsertAccessHead.text, org, patient, a.Seq, a.Commitment)
	b.Queue(insertAccess.text, org, patient, a.Seq, a.Commitment, a.Sealed, a.Entry.ID, a.Time)
	b.Queue(insertLogEntries.text, org, []string{a.Entry.ID}, [][]byte{a.Entry.Leaf}, a.Time)
	return tx.SendBatch(ctx, b).Close()
}

// AccessEntries gives the head of a patient's chain and entries below before, newest first.
func (db *DB) AccessEntries(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, before int64, limit int,
) (records.AccessHead, []records.SealedAccess, error) {
	var head records.AccessHead
	var entries []records.SealedAccess
	err := db.Read(ctx, func(tx pgx.Tx) error {
		var err error
		if head, _, err = fetchLogged(ctx, tx, org, patient, nil); err != nil {
			return err
		}
		below := before
		if below <= 0 {
			below = 1 << 62
		}
		rows, err := tx.Query(ctx, queryAccessEntries.text, org, patient, below, limit)
		if err != nil {
			return err
		}
		entries, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (records.SealedAccess, error) {
			var a records.SealedAccess
			err := row.Scan(&a.Seq, &a.Commitment, &a.Sealed, &a.Entry.ID, &a.Time)
			return a, err
		})
		return err
	})
	return head, entries, err
}
