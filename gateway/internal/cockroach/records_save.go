package cockroach

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/records"
)

// The statements of a save take columns as arrays, so that a batch of any size is one round trip.
var (
	insertVersions = sql("add versions", `
		INSERT INTO record_versions (org, type, id, version, patient, kind, deleted, recorded, sealed, entry_id, bound)
		SELECT $1, u.type, u.id, u.version, u.patient, u.kind, u.deleted, u.recorded, u.sealed, u.entry_id, u.bound
		FROM unnest($2::TEXT[], $3::TEXT[], $4::INT8[], $5::TEXT[], $6::TEXT[], $7::BOOL[], $8::TIMESTAMPTZ[],
			$9::BYTEA[], $10::UUID[], $11::BYTEA[])
			AS u (type, id, version, patient, kind, deleted, recorded, sealed, entry_id, bound)`)

	insertRecords = sql("begin records", `
		INSERT INTO records (org, type, id, version, patient, kind, deleted, recorded, size, tokens,
			care_starts, care_ends, bound)
		SELECT $1, u.type, u.id, 1, u.patient, u.kind, false, u.recorded, u.size, u.tokens,
			u.care_starts, u.care_ends, u.bound
		FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TIMESTAMPTZ[], $7::INT8[], $8::INT8[],
			$9::TIMESTAMPTZ[], $10::TIMESTAMPTZ[], $11::BYTEA[])
			AS u (type, id, patient, kind, recorded, size, tokens, care_starts, care_ends, bound)
		ON CONFLICT (org, type, id) DO NOTHING`)

	updateRecords = sql("move records on", `
		UPDATE records SET version = u.version, deleted = u.deleted, recorded = u.recorded, size = u.size, tokens = u.tokens,
			care_starts = u.care_starts, care_ends = u.care_ends, bound = u.bound
		FROM unnest($2::TEXT[], $3::TEXT[], $4::INT8[], $5::BOOL[], $6::TIMESTAMPTZ[], $7::INT8[], $8::INT8[],
			$9::TIMESTAMPTZ[], $10::TIMESTAMPTZ[], $11::BYTEA[])
			AS u (type, id, version, deleted, recorded, size, tokens, care_starts, care_ends, bound)
		WHERE records.org = $1 AND records.type = u.type AND records.id = u.id AND records.version = u.version - 1`)

	deleteTokens = sql("remove search tokens", `
		DELETE FROM search_tokens
		WHERE org = $1 AND (type, id) IN (SELECT u.type, u.id FROM unnest($2::TEXT[], $3::TEXT[]) AS u (type, id))`)

	insertTokens = sql("add search tokens", `
		INSERT INTO search_tokens (org, type, token, id, version, bound)
		SELECT $1, u.type, u.token, u.id, u.version, u.bound
		FROM unnest($2::TEXT[], $3::BYTEA[], $4::TEXT[], $5::INT8[], $6::BYTEA[]) AS u (type, token, id, version, bound)`)

	queryDestroyed = sql("destroyed keys", `
		SELECT destroyed_at IS NOT NULL FROM patient_keys WHERE org = $1 AND patient = ANY ($2::TEXT[]) FOR SHARE`)
)

// SaveVersions keeps a batch in one transaction of at most five round trips, however large the batch is.
func (db *DB) SaveVersions(ctx context.Context, org consortium.OrgID, batch []records.SealedVersion) error {
	ctx, cancel := bounded(ctx) // the turn and the transaction together
	defer cancel()
	leave, err := db.lanes.enterFor(ctx, org, batch)
	if err != nil {
		return err
	}
	defer leave()
	heads := db.expectHeads(org, patientPlaces(roomRecords, patientsOf(batch))...)
	heads.remember()
	err = db.saveVersions(ctx, org, heads, batch)
	if errors.Is(err, errHeadsMoved) { // by another process, or by nobody of ours: they are read and looked at
		heads.last = nil
		err = db.saveVersions(ctx, org, heads, batch)
	}
	return err
}

func (db *DB) saveVersions(
	ctx context.Context, org consortium.OrgID, heads *heads, batch []records.SealedVersion,
) error {
	// Of two conditional creates that both find nothing one must fail, which takes a serialisable transaction. Otherwise
	// records and heads are rows that are written, and keys are locked.
	run := db.TxSnapshot
	if slices.ContainsFunc(batch, func(v records.SealedVersion) bool { return v.Unless != nil }) {
		run = db.Tx
	}
	err := run(ctx, func(tx pgx.Tx) error {
		known, err := db.readForSave(ctx, tx, org, heads, batch)
		if err != nil {
			return err
		}
		if err := checkNext(org, known, batch); err != nil {
			return err
		}
		if err := checkUnless(ctx, tx, org, batch); err != nil {
			return err
		}
		return db.newSave(org, heads, known, batch).send(ctx, tx)
	})
	if err != nil {
		return err
	}
	heads.committed()
	return nil
}

func patientsOf(batch []records.SealedVersion) []string {
	out := make([]string, len(batch))
	for i, v := range batch {
		out[i] = string(v.Patient)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// readForSave reads the heads, and the records that should exist already. First versions are not looked up: their
// insert finds out.
func (db *DB) readForSave(
	ctx context.Context, tx pgx.Tx, org consortium.OrgID, heads *heads, batch []records.SealedVersion,
) (map[exchange.RecordRef]*current, error) {
	known := map[exchange.RecordRef]*current{}
	var refs []exchange.RecordRef
	for _, v := range batch {
		if v.Number > 1 {
			refs = append(refs, exchange.RecordRef{Org: org, Type: v.Type, ID: v.ID})
		}
	}
	b := &pgx.Batch{}
	heads.queue(b)
	if len(refs) > 0 {
		types, ids := refColumns(org, refs)
		b.Queue(queryCurrentVersions.text, org, types, ids).Query(func(rows pgx.Rows) error {
			return db.scanCurrent(rows, org, known)
		})
	}
	if b.Len() == 0 {
		return known, nil
	}
	return known, tx.SendBatch(ctx, b).Close()
}

func checkNext(org consortium.OrgID, known map[exchange.RecordRef]*current, batch []records.SealedVersion) error {
	for _, v := range batch {
		if v.Number == 1 {
			continue
		}
		was, ok := known[exchange.RecordRef{Org: org, Type: v.Type, ID: v.ID}]
		if !ok || was.version != int64(v.Number)-1 {
			return versionConflict()
		}
		if was.patient != v.Patient || was.kind != v.Kind {
			return fault.New(
				fault.Conflict, CodePatientChanged,
				"A record cannot be moved to another patient. Delete it and store it again under a new id.",
			)
		}
	}
	return nil
}

// save is a batch turned into columns.
type save struct {
	db             *DB
	org            consortium.OrgID
	heads          *heads
	versions       versionColumns
	first, further recordColumns
	entries        []logbook.Entry
	tokens         tokenColumns
	patients       []string
}

type versionColumns struct {
	types, ids, patients, kinds, entries []string
	numbers                              []int64
	deleted                              []bool
	recorded                             []time.Time
	sealed, bound                        [][]byte
}

func (c *versionColumns) add(v records.SealedVersion, tag []byte) {
	c.types, c.ids = append(c.types, v.Type), append(c.ids, v.ID)
	c.patients, c.kinds = append(c.patients, string(v.Patient)), append(c.kinds, string(v.Kind))
	c.entries, c.numbers = append(c.entries, v.Entry.ID), append(c.numbers, int64(v.Number))
	c.deleted, c.recorded = append(c.deleted, v.Deleted), append(c.recorded, v.Recorded)
	c.sealed, c.bound = append(c.sealed, v.Sealed), append(c.bound, tag)
}

// maxStatement is about how many bytes of content one statement carries: CockroachDB refuses messages over 16 MiB.
const maxStatement = 4 << 20

// parts cuts the columns so that each part's content is within maxStatement, or is one record.
func (c *versionColumns) parts() []versionColumns {
	var out []versionColumns
	for from := 0; from < len(c.ids); {
		to, size := from, 0
		for to < len(c.ids) && (to == from || size+len(c.sealed[to]) <= maxStatement) {
			size += len(c.sealed[to])
			to++
		}
		out = append(out, versionColumns{
			types: c.types[from:to], ids: c.ids[from:to], patients: c.patients[from:to], kinds: c.kinds[from:to],
			entries: c.entries[from:to], numbers: c.numbers[from:to], deleted: c.deleted[from:to],
			recorded: c.recorded[from:to], sealed: c.sealed[from:to], bound: c.bound[from:to],
		})
		from = to
	}
	return out
}

type recordColumns struct {
	types, ids, patients, kinds []string
	numbers, sizes, tokens      []int64
	deleted                     []bool
	recorded                    []time.Time
	starts, ends                []*time.Time
	bound                       [][]byte
}

func (c *recordColumns) add(r *current) {
	c.types, c.ids, c.numbers = append(c.types, r.typ), append(c.ids, r.id), append(c.numbers, r.version)
	c.patients, c.kinds = append(c.patients, string(r.patient)), append(c.kinds, string(r.kind))
	c.sizes, c.tokens = append(c.sizes, r.size), append(c.tokens, r.tokens)
	c.deleted, c.recorded = append(c.deleted, r.deleted), append(c.recorded, r.recorded)
	c.starts, c.ends, c.bound = append(c.starts, r.starts), append(c.ends, r.ends), append(c.bound, r.tag)
}

type tokenColumns struct {
	types, ids    []string
	versions      []int64
	tokens, bound [][]byte
}

func (db *DB) newSave(
	org consortium.OrgID, heads *heads, known map[exchange.RecordRef]*current, batch []records.SealedVersion,
) *save {
	s := &save{db: db, org: org, heads: heads, patients: patientsOf(batch)}
	for _, v := range batch {
		tag := db.key.Tag(
			"record_versions", org, v.Type, v.ID, v.Number, v.Patient, v.Kind, v.Deleted, v.Recorded, v.Sealed, v.Entry.ID,
		)
		s.versions.add(v, tag[:])
		s.entries = append(s.entries, v.Entry)
		s.addRecord(known, v)
		for _, token := range v.Tokens {
			tag := db.key.Tag("search_tokens", org, v.Type, token, v.ID, v.Number)
			s.tokens.types, s.tokens.ids = append(s.tokens.types, v.Type), append(s.tokens.ids, v.ID)
			s.tokens.versions = append(s.tokens.versions, int64(v.Number))
			s.tokens.tokens, s.tokens.bound = append(s.tokens.tokens, token), append(s.tokens.bound, tag[:])
		}
	}
	return s
}

// addRecord moves the record on to a version, and its patient's head with it. Directory data is about nobody and has
// no head.
func (s *save) addRecord(known map[exchange.RecordRef]*current, v records.SealedVersion) {
	r := &current{
		org: s.org, typ: v.Type, id: v.ID, version: int64(v.Number), patient: v.Patient, kind: v.Kind, deleted: v.Deleted,
		recorded: v.Recorded, size: int64(len(v.Sealed)), tokens: int64(len(v.Tokens)),
	}
	if v.Care != nil {
		r.starts = &v.Care.Start
		if !v.Care.End.IsZero() {
			r.ends = &v.Care.End
		}
	}
	tag := r.bind(s.db.key)
	r.tag = tag[:]
	at := place{roomRecords, string(v.Patient)}
	if v.Patient != "" {
		s.heads.add(at, string(v.Kind), tag)
	}
	if v.Number == 1 {
		s.first.add(r)
		return
	}
	s.further.add(r)
	if was := known[r.ref()]; v.Patient != "" {
		s.heads.remove(at, string(was.kind), was.bind(s.db.key))
	}
}

// wantRows returns what checks that a statement changed as many rows as it should.
func wantRows(want int64, otherwise func() error) func(tag pgconn.CommandTag) error {
	return func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != want {
			return otherwise()
		}
		return nil
	}
}

// send sends all statements in one go. Those that could find a conflict come first.
func (s *save) send(ctx context.Context, tx pgx.Tx) error {
	b := &pgx.Batch{}
	if n := len(s.first.ids); n > 0 {
		c := s.first
		b.Queue(
			insertRecords.text, s.org, c.types, c.ids, c.patients, c.kinds, c.recorded, c.sizes, c.tokens, c.starts, c.ends,
			c.bound,
		).Exec(wantRows(int64(n), versionConflict))
	}
	if n := len(s.further.ids); n > 0 {
		c := s.further
		b.Queue(
			updateRecords.text, s.org, c.types, c.ids, c.numbers, c.deleted, c.recorded, c.sizes, c.tokens, c.starts, c.ends,
			c.bound,
		).Exec(wantRows(int64(n), versionConflict))
		b.Queue(deleteTokens.text, s.org, c.types, c.ids)
	}
	if err := s.heads.queueMoves(b); err != nil {
		return err
	}
	b.Queue(queryDestroyed.text, s.org, s.patients).Query(noneDestroyed)
	for _, c := range s.versions.parts() {
		b.Queue(
			insertVersions.text, s.org, c.types, c.ids, c.numbers, c.patients, c.kinds, c.deleted, c.recorded, c.sealed,
			c.entries, c.bound,
		)
	}
	if err := s.db.queueEntries(b, s.org, s.entries...); err != nil {
		return err
	}
	if t := s.tokens; len(t.ids) > 0 {
		b.Queue(insertTokens.text, s.org, t.types, t.tokens, t.ids, t.versions, t.bound)
	}
	return tx.SendBatch(ctx, b).Close()
}

func noneDestroyed(rows pgx.Rows) error {
	var destroyed bool
	_, err := pgx.ForEachRow(rows, []any{&destroyed}, func() error {
		if destroyed {
			return fault.New(fault.Gone, CodeErased, "The data on this patient was erased here; nothing more can be stored.")
		}
		return nil
	})
	return err
}
