package cockroach

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/records"
)

var (
	queryVersions = sql("versions", `
		SELECT v.type, v.id, v.version, v.patient, v.kind, v.recorded, v.deleted, v.sealed, v.entry_id::TEXT
		FROM unnest($2::TEXT[], $3::TEXT[], $4::INT8[]) AS u (type, id, version)
		JOIN record_versions AS v ON v.org = $1 AND v.type = u.type AND v.id = u.id AND v.version = u.version`)

	// Directory data, newest first. The cursor is always given: from the newest means from the end of time.
	queryDirectory = sql("page of directory data", `
		SELECT v.type, v.id, v.version, v.patient, v.kind, v.recorded, v.deleted, v.sealed, v.entry_id::TEXT
		FROM records AS r
		JOIN record_versions AS v ON v.org = r.org AND v.type = r.type AND v.id = r.id AND v.version = r.version
		WHERE r.org = $1 AND r.patient = '' AND (r.recorded, r.type, r.id) < ($2::TIMESTAMPTZ, $3::TEXT, $4::TEXT)
			AND NOT r.deleted
			AND ($5::TEXT = '' OR r.type = $5::TEXT) AND ($6::TEXT[] IS NULL OR r.id = ANY ($6::TEXT[]))
		ORDER BY r.recorded DESC, r.type DESC, r.id DESC
		LIMIT $7`)

	queryAccessHead = sql("access head", `SELECT seq, commitment, bound FROM access_heads WHERE org = $1 AND patient = $2`)

	upsertAccessHead = sql("move the access head", `
		INSERT INTO access_heads (org, patient, seq, commitment, bound) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (org, patient) DO UPDATE
		SET seq = excluded.seq, commitment = excluded.commitment, bound = excluded.bound`)

	moveAccessHead = sql("move a remembered access head", `
		UPDATE access_heads SET seq = $3, commitment = $4, bound = $5
		WHERE org = $1 AND patient = $2 AND seq = $6 AND bound = $7`)

	insertAccess = sql("add an access", `
		INSERT INTO access_log (org, patient, seq, commitment, sealed, entry_id, at, bound)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`)

	queryAccessEntries = sql("access entries", `
		SELECT seq, commitment, sealed, entry_id::TEXT, at FROM access_log
		WHERE org = $1 AND patient = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4`)
)

// roomAccess is the room of the access chains' numbers among the marks.
const roomAccess = "access"

// ReadLogged fetches what sel says and appends to the patient's chain, in one transaction of four round trips.
func (db *DB) ReadLogged(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, sel *records.Selection,
	next func(records.AccessHead, []records.SealedVersion) (records.SealedAccess, error),
) ([]records.SealedVersion, error) {
	var versions []records.SealedVersion
	err := db.weighing(ctx, func(weighed int64) error {
		var err error
		versions, err = db.readLogged(ctx, org, patient, sel, weighed, next)
		return err
	})
	return versions, err
}

func (db *DB) readLogged(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, sel *records.Selection, weighed int64,
	next func(records.AccessHead, []records.SealedVersion) (records.SealedAccess, error),
) ([]records.SealedVersion, error) {
	ctx, cancel := bounded(ctx) // the turn and the transaction together
	defer cancel()
	if patient != "" {
		leave, err := db.lanes.enter(ctx, org, patient)
		if err != nil {
			return nil, err
		}
		defer leave()
	}
	f := db.newFetch(org, patient, sel)
	f.weighed = weighed
	if end, ok := db.chains.Get(f.at()); ok && patient != "" && end.head.Seq == f.known {
		f.end = &end // nothing was seen since of another process's doing
	}
	err := f.readAndAppend(ctx, next)
	if errors.Is(err, errChainMoved) { // by another process, or by nobody of ours: the row is read and looked at
		f.end = nil
		err = f.readAndAppend(ctx, next)
	}
	if err != nil {
		db.chains.Remove(f.at())
		return nil, err
	}
	return f.versions, nil
}

// errChainMoved says that the end of a chain is not the one that this process wrote last.
var errChainMoved = errors.New("the access chain's end is another one by now")

// chainEnd is the end of a patient's chain as this process wrote it last. Remembering it saves reading it: that it
// still stands is what the statement wants that moves it on.
type chainEnd struct {
	head records.AccessHead
	tag  []byte
}

// readAndAppend is one transaction. The chain's end is a row that is written: of two who append at once one is run
// again.
func (f *fetch) readAndAppend(
	ctx context.Context, next func(records.AccessHead, []records.SealedVersion) (records.SealedAccess, error),
) error {
	var written chainEnd
	err := f.db.TxSnapshot(ctx, func(tx pgx.Tx) error {
		if err := f.run(ctx, tx); err != nil {
			return err
		}
		access, err := next(f.chain, f.versions)
		if err != nil || f.patient == "" {
			return err
		}
		written, err = f.append(ctx, tx, access)
		return err
	})
	if err != nil {
		return err
	}
	f.heads.committed()
	if written.head.Seq > 0 {
		f.db.marks.note(f.org, place{roomAccess, string(f.patient)}, seen{seq: written.head.Seq})
		f.db.chains.Add(f.at(), written)
	}
	return nil
}

// at is where the patient's chain is remembered.
func (f *fetch) at() place { return place{string(f.org), string(f.patient)} }

// fetch is one reading within a transaction: the chain's end, and the versions that a selection names, proven to be the
// ones that stand.
type fetch struct {
	db      *DB
	org     consortium.OrgID
	patient consortium.PatientRef
	sel     *records.Selection
	heads   *heads
	known   int64     // number of the chain's end, as of before the transaction
	weighed int64     // bytes that there is room for
	end     *chainEnd // as remembered; nil: it is read

	chain    records.AccessHead
	versions []records.SealedVersion
}

func (db *DB) newFetch(org consortium.OrgID, patient consortium.PatientRef, sel *records.Selection) *fetch {
	f := &fetch{db: db, org: org, patient: patient, sel: sel}
	f.known = db.marks.known(org, place{roomAccess, string(patient)})[0].seq
	var places []place
	if sel != nil && patient != "" {
		places = append(places, place{roomRecords, string(patient)})
	}
	if sel != nil && sel.Consent != "" {
		places = append(places, place{roomConsents, string(patient)})
	}
	f.heads = db.expectHeads(org, places...)
	return f
}

// run may be called again when the transaction is. What is wanted is guessed from the index in memory, so that it comes
// with the heads in one round trip; where these say that the guess is old, it is fetched anew.
func (f *fetch) run(ctx context.Context, tx pgx.Tx) error {
	f.chain, f.versions = records.AccessHead{}, nil
	b := &pgx.Batch{}
	f.heads.queue(b)
	f.queueChain(b)
	guess, wanted, err := f.queueWanted(b)
	if err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return err
	}
	if f.sel == nil || f.patient == "" {
		return nil
	}
	head := f.heads.now[place{roomRecords, string(f.patient)}]
	if guess == nil || guess.seq != head.Seq {
		ix, err := f.db.indexOf(ctx, tx, f.org, f.patient, head)
		if err != nil {
			return err
		}
		if wanted, err = f.fetchChosen(ctx, tx, ix); err != nil {
			return err
		}
	}
	if err := f.arrange(wanted); err != nil {
		return err
	}
	return f.checkConsent(ctx, tx)
}

// queueWanted asks for what is wanted, as far as that can be told before the heads are read: for the directory, or for
// what the index in memory names. It returns that index, if there is one, and what it names.
func (f *fetch) queueWanted(b *pgx.Batch) (*index, []*current, error) {
	if f.sel == nil {
		return nil, nil, nil
	}
	if f.patient == "" {
		f.queueDirectory(b)
		return nil, nil, nil
	}
	guess, ok := f.db.indexes.Get(place{string(f.org), string(f.patient)})
	if !ok {
		return nil, nil, nil
	}
	wanted := f.choose(guess)
	if err := f.fits(wanted); err != nil {
		return nil, nil, err
	}
	f.queueVersions(b, wanted)
	return guess, wanted, nil
}

// fetchChosen fetches what the index names.
func (f *fetch) fetchChosen(ctx context.Context, tx pgx.Tx, ix *index) ([]*current, error) {
	wanted := f.choose(ix)
	if err := f.fits(wanted); err != nil {
		return nil, err
	}
	b := &pgx.Batch{}
	f.queueVersions(b, wanted)
	if b.Len() == 0 {
		return nil, nil
	}
	return wanted, tx.SendBatch(ctx, b).Close()
}

// choose returns which versions of a patient's records are wanted. An earlier version stands for itself with its
// number.
func (f *fetch) choose(ix *index) []*current {
	if f.sel.Ref == nil {
		return ix.page(f.sel.Kinds, f.sel.Page)
	}
	c, ok := ix.rows[*f.sel.Ref]
	if !ok || int64(f.sel.Number) > c.version {
		return nil
	}
	if f.sel.Number != 0 && int64(f.sel.Number) != c.version {
		return []*current{{
			org: f.org, typ: c.typ, id: c.id, version: int64(f.sel.Number), patient: c.patient, kind: c.kind,
			size: c.size, // its own is not in the index: about that of the one that stands
		}}
	}
	return []*current{c}
}

func (f *fetch) queueChain(b *pgx.Batch) {
	if f.patient == "" {
		return
	}
	if f.end != nil {
		f.chain = f.end.head
		return
	}
	b.Queue(queryAccessHead.text, f.org, f.patient).QueryRow(func(row pgx.Row) error {
		var tag []byte
		err := row.Scan(&f.chain.Seq, &f.chain.Commitment, &tag)
		if errors.Is(err, pgx.ErrNoRows) {
			err = nil // the chain is empty
		} else if err == nil && !f.db.key.Check(tag, "access_heads", f.org, f.patient, f.chain.Seq, f.chain.Commitment) {
			return f.db.refuse("access_heads", string(f.patient), CodeRowAltered)
		}
		if err == nil && f.chain.Seq < f.known {
			return f.db.refuse("access_heads", string(f.patient), CodeStateOld)
		}
		return err
	})
}

func (f *fetch) queueDirectory(b *pgx.Batch) {
	if f.sel.Ref != nil {
		// The current version of what is in no index; checked against its row by who described it.
		f.queueDirectoryOne(b)
		return
	}
	p := f.sel.Page
	after := exchange.Cursor{Recorded: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	if p.After != nil {
		after = *p.After
	}
	b.Queue(queryDirectory.text, f.org, after.Recorded, after.Type, after.ID, p.Type, p.IDs, p.Limit).Query(f.collect)
}

var queryOneVersion = sql("one version", `
	SELECT v.type, v.id, v.version, v.patient, v.kind, v.recorded, v.deleted, v.sealed, v.entry_id::TEXT
	FROM record_versions AS v
	WHERE v.org = $1 AND v.type = $2 AND v.id = $3 AND v.patient = ''
		AND v.version = CASE WHEN $4::INT8 > 0 THEN $4::INT8 ELSE (
		SELECT r.version FROM records AS r WHERE r.org = $1 AND r.type = $2 AND r.id = $3) END`)

func (f *fetch) queueDirectoryOne(b *pgx.Batch) {
	b.Queue(queryOneVersion.text, f.org, f.sel.Ref.Type, f.sel.Ref.ID, f.sel.Number).Query(f.collect)
}

// queueVersions asks for versions whose content fits on one page.
func (f *fetch) queueVersions(b *pgx.Batch, wanted []*current) {
	f.versions = nil
	wanted = withinPage(wanted)
	if len(wanted) == 0 {
		return
	}
	types, ids, numbers := make([]string, len(wanted)), make([]string, len(wanted)), make([]int64, len(wanted))
	for i, c := range wanted {
		types[i], ids[i], numbers[i] = c.typ, c.id, c.version
	}
	b.Queue(queryVersions.text, f.org, types, ids, numbers).Query(f.collect)
}

func (f *fetch) collect(rows pgx.Rows) error {
	var err error
	f.versions, err = pgx.CollectRows(rows, scanVersion)
	return err
}

// arrange puts the versions in the order of what was wanted, and refuses where one of them is not there. Those whose
// content would not have fitted on the page stand there without it.
func (f *fetch) arrange(wanted []*current) error {
	found := make(map[string]records.SealedVersion, len(f.versions))
	for _, v := range f.versions {
		found[v.Type+"/"+v.ID+"/"+strconv.Itoa(v.Number)] = v
	}
	f.versions = make([]records.SealedVersion, len(wanted))
	read := len(withinPage(wanted))
	for i, c := range wanted {
		if i >= read {
			f.versions[i] = records.SealedVersion{
				Type:     c.typ,
				ID:       c.id,
				Number:   int(c.version),
				Patient:  c.patient,
				Kind:     c.kind,
				Recorded: c.recorded,
				Omitted:  true,
			}
			continue
		}
		v, ok := found[c.typ+"/"+c.id+"/"+strconv.FormatInt(c.version, 10)]
		if !ok {
			return f.db.refuse("record_versions", c.name(), CodeRowsMissing)
		}
		if v.Patient != c.patient || v.Kind != c.kind {
			return f.db.refuse("record_versions", c.name(), CodeRowAltered)
		}
		f.versions[i] = v
	}
	return nil
}

func scanVersion(row pgx.CollectableRow) (records.SealedVersion, error) {
	var v records.SealedVersion
	err := row.Scan(&v.Type, &v.ID, &v.Number, &v.Patient, &v.Kind, &v.Recorded, &v.Deleted, &v.Sealed, &v.Entry.ID)
	v.Recorded = v.Recorded.UTC()
	return v, err
}

// append writes the head first: of two transactions that append at once, one stops there and is run again. It returns
// the chain's new end.
func (f *fetch) append(ctx context.Context, tx pgx.Tx, a records.SealedAccess) (chainEnd, error) {
	b, key := &pgx.Batch{}, f.db.key
	head := key.Tag("access_heads", f.org, f.patient, a.Seq, a.Commitment)
	if f.end == nil {
		b.Queue(upsertAccessHead.text, f.org, f.patient, a.Seq, a.Commitment, head[:])
	} else {
		b.Queue(moveAccessHead.text, f.org, f.patient, a.Seq, a.Commitment, head[:], f.end.head.Seq, f.end.tag).Exec(
			wantRows(1, func() error { return errChainMoved }),
		)
	}
	row := key.Tag("access_log", f.org, f.patient, a.Seq, a.Commitment, a.Sealed, a.Entry.ID, a.Time)
	b.Queue(insertAccess.text, f.org, f.patient, a.Seq, a.Commitment, a.Sealed, a.Entry.ID, a.Time, row[:])
	if err := f.db.queueEntries(b, f.org, a.Entry); err != nil {
		return chainEnd{}, err
	}
	return chainEnd{records.AccessHead{Seq: a.Seq, Commitment: a.Commitment}, head[:]}, tx.SendBatch(ctx, b).Close()
}

// AccessEntries returns the head of a patient's chain and entries below before, newest first.
func (db *DB) AccessEntries(
	ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, before int64, limit int,
) (records.AccessHead, []records.SealedAccess, error) {
	f := db.newFetch(org, patient, nil)
	var entries []records.SealedAccess
	err := db.Read(ctx, func(tx pgx.Tx) error {
		if err := f.run(ctx, tx); err != nil {
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
	if err == nil {
		db.marks.note(org, place{roomAccess, string(patient)}, seen{seq: f.chain.Seq})
	}
	return f.chain, entries, err
}
