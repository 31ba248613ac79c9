package cockroach

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/records"
)

// The statements of a save take columns as arrays, so that a batch of any size is one round trip.
var (
	insertVersions = sql("add versions", `
		INSERT INTO record_versions (org, type, id, version, patient, kind, deleted, recorded, sealed, entry_id)
		SELECT $1, u.type, u.id, u.version, u.patient, u.kind, u.deleted, u.recorded, u.sealed, u.entry_id
		FROM unnest($2::TEXT[], $3::TEXT[], $4::INT8[], $5::TEXT[], $6::TEXT[], $7::BOOL[], $8::TIMESTAMPTZ[], $9::BYTEA[], $10::UUID[])
			AS u (type, id, version, patient, kind, deleted, recorded, sealed, entry_id)`)

	insertRecords = sql("add records", `
		INSERT INTO records (org, type, id, version, patient, kind, deleted, recorded)
		SELECT $1, u.type, u.id, 1, u.patient, u.kind, false, u.recorded
		FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::TIMESTAMPTZ[]) AS u (type, id, patient, kind, recorded)
		ON CONFLICT (org, type, id) DO NOTHING`)

	updateRecords = sql("update records", `
		UPDATE records SET version = u.version, deleted = u.deleted, recorded = u.recorded
		FROM unnest($2::TEXT[], $3::TEXT[], $4::INT8[], $5::BOOL[], $6::TIMESTAMPTZ[]) AS u (type, id, version, deleted, recorded)
		WHERE records.org = $1 AND records.type = u.type AND records.id = u.id AND records.version = u.version - 1`)

	insertLogEntries = sql("add log entries of a batch", `
		INSERT INTO log_entries (org, id, leaf, created_at)
		SELECT $1, u.id, u.leaf, $4 FROM unnest($2::UUID[], $3::BYTEA[]) AS u (id, leaf)`)

	deleteTokens = sql("delete tokens", `
		DELETE FROM search_tokens
		WHERE org = $1 AND (type, id) IN (SELECT u.type, u.id FROM unnest($2::TEXT[], $3::TEXT[]) AS u (type, id))`)

	insertTokens = sql("add tokens", `
		INSERT INTO search_tokens (org, type, token, id)
		SELECT $1, u.type, u.token, u.id FROM unnest($2::TEXT[], $3::BYTEA[], $4::TEXT[]) AS u (type, token, id)
		ON CONFLICT (org, type, token, id) DO NOTHING`)

	deleteCare = sql("delete care", `
		DELETE FROM care_windows
		WHERE org = $1 AND (patient, type, id) IN (
			SELECT u.patient, u.type, u.id FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[]) AS u (patient, type, id))`)

	upsertCare = sql("keep care", `
		INSERT INTO care_windows (org, patient, type, id, starts_at, ends_at)
		SELECT $1, u.patient, u.type, u.id, u.starts_at, u.ends_at
		FROM unnest($2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TIMESTAMPTZ[], $6::TIMESTAMPTZ[]) AS u (patient, type, id, starts_at, ends_at)
		ON CONFLICT (org, patient, type, id) DO UPDATE SET starts_at = excluded.starts_at, ends_at = excluded.ends_at`)

	upsertHoldings = sql("count holdings", `
		INSERT INTO holdings (patient, org, kind, held, latest)
		SELECT u.patient, $1, u.kind, u.change, u.latest
		FROM unnest($2::TEXT[], $3::TEXT[], $4::INT8[], $5::TIMESTAMPTZ[]) AS u (patient, kind, change, latest)
		ON CONFLICT (patient, org, kind) DO UPDATE
			SET held = holdings.held + excluded.held, latest = greatest(holdings.latest, excluded.latest)`)

	countDestroyedKeys = sql("destroyed keys", `
		SELECT count(patient) FROM patient_keys WHERE org = $1 AND patient = ANY ($2::TEXT[]) AND destroyed_at IS NOT NULL`)
)

// save is a batch turned into columns.
type save struct {
	all, first, further versionColumns
	entries             struct {
		ids    []string
		leaves [][]byte
		at     time.Time
	}
	tokens struct {
		types, ids []string
		tokens     [][]byte
	}
	care     careColumns
	noCare   careColumns // of further versions that give no window any more
	holdings []holdingChange
	patients []string
}

type versionColumns struct {
	types, ids, patients, kinds, entries []string
	numbers                              []int64
	deleted                              []bool
	recorded                             []time.Time
	sealed                               [][]byte
}

func (c *versionColumns) add(v records.SealedVersion) {
	c.types, c.ids = append(c.types, v.Type), append(c.ids, v.ID)
	c.patients, c.kinds = append(c.patients, string(v.Patient)), append(c.kinds, string(v.Kind))
	c.entries, c.numbers = append(c.entries, v.Entry.ID), append(c.numbers, int64(v.Number))
	c.deleted, c.recorded = append(c.deleted, v.Deleted), append(c.recorded, v.Recorded)
	c.sealed = append(c.sealed, v.Sealed)
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
			types: c.types[from:to], ids: c.ids[from:to], patients: c.patients[from:to], kinds: c.kinds[from:to], entries: c.entries[from:to],
			numbers: c.numbers[from:to], deleted: c.deleted[from:to], recorded: c.recorded[from:to], sealed: c.sealed[from:to],
		})
		from = to
	}
	return out
}

type careColumns struct {
	patients, types, ids []string
	starts               []time.Time
	ends                 []*time.Time
}

func (c *careColumns) add(v records.SealedVersion) {
	c.patients, c.types, c.ids = append(c.patients, string(v.Patient)), append(c.types, v.Type), append(c.ids, v.ID)
	if v.Care == nil {
		return
	}
	var end *time.Time
	if !v.Care.End.IsZero() {
		end = &v.Care.End
	}
	c.starts, c.ends = append(c.starts, v.Care.Start), append(c.ends, end)
}

type holdingKey struct {
	patient consortium.PatientRef
	kind    consortium.Kind
}

type holdingChange struct {
	holdingKey
	change int64
	latest time.Time
}

func newSave(org consortium.OrgID, known map[exchange.RecordRef]exchange.Current, batch []records.SealedVersion) save {
	var s save
	held := map[holdingKey]holdingChange{}
	for _, v := range batch {
		s.all.add(v)
		s.entries.ids, s.entries.leaves = append(s.entries.ids, v.Entry.ID), append(s.entries.leaves, v.Entry.Leaf)
		s.patients = append(s.patients, string(v.Patient))
		was := known[exchange.RecordRef{Org: org, Type: v.Type, ID: v.ID}]
		if v.Number == 1 {
			s.first.add(v)
		} else {
			s.further.add(v)
		}
		for _, token := range v.Tokens {
			s.tokens.types, s.tokens.ids = append(s.tokens.types, v.Type), append(s.tokens.ids, v.ID)
			s.tokens.tokens = append(s.tokens.tokens, token)
		}
		if v.Care != nil {
			s.care.add(v)
		} else if v.Number > 1 {
			s.noCare.add(v)
		}
		if v.Patient != "" {
			key := holdingKey{v.Patient, v.Kind}
			h := held[key]
			h.change += heldAfter(v) - heldBefore(was)
			if v.Recorded.After(h.latest) {
				h.latest = v.Recorded
			}
			held[key] = h
		}
		if v.Recorded.After(s.entries.at) {
			s.entries.at = v.Recorded
		}
	}
	slices.Sort(s.patients)
	s.patients = slices.Compact(s.patients)
	s.holdings = sortHoldings(held)
	return s
}

func heldAfter(v records.SealedVersion) int64 {
	if v.Deleted {
		return 0
	}
	return 1
}

func heldBefore(c exchange.Current) int64 {
	if c.Number == 0 || c.Deleted {
		return 0
	}
	return 1
}

// sortHoldings gives all stores one order of locking, so that they wait for one another instead of for ever.
func sortHoldings(held map[holdingKey]holdingChange) []holdingChange {
	out := make([]holdingChange, 0, len(held))
	for key, h := range held {
		h.holdingKey = key
		out = append(out, h)
	}
	slices.SortFunc(out, func(a, b holdingChange) int {
		return cmp.Or(cmp.Compare(a.patient, b.patient), cmp.Compare(a.kind, b.kind))
	})
	return out
}

// sendSave sends all statements in one go. Those that could find a conflict come first.
func sendSave(ctx context.Context, tx pgx.Tx, org consortium.OrgID, s save) error {
	b := &pgx.Batch{}
	wantRows := func(want int) func(tag pgconn.CommandTag) error {
		return func(tag pgconn.CommandTag) error {
			if tag.RowsAffected() != int64(want) {
				return versionConflict()
			}
			return nil
		}
	}
	if n := len(s.first.ids); n > 0 {
		c := s.first
		b.Queue(insertRecords.text, org, c.types, c.ids, c.patients, c.kinds, c.recorded).Exec(wantRows(n))
	}
	if n := len(s.further.ids); n > 0 {
		c := s.further
		b.Queue(updateRecords.text, org, c.types, c.ids, c.numbers, c.deleted, c.recorded).Exec(wantRows(n))
		b.Queue(deleteTokens.text, org, c.types, c.ids)
	}
	b.Queue(countDestroyedKeys.text, org, s.patients).QueryRow(func(row pgx.Row) error {
		var destroyed int
		if err := row.Scan(&destroyed); err != nil {
			return err
		}
		if destroyed > 0 {
			return fault.New(fault.Gone, "ERASED", "The data on this patient was erased here; nothing more can be stored.")
		}
		return nil
	})
	for _, c := range s.all.parts() {
		b.Queue(
			insertVersions.text, org, c.types, c.ids, c.numbers, c.patients, c.kinds, c.deleted, c.recorded, c.sealed, c.entries,
		)
	}
	b.Queue(insertLogEntries.text, org, s.entries.ids, s.entries.leaves, s.entries.at)
	queueDerived(b, org, s)
	return tx.SendBatch(ctx, b).Close()
}

// queueDerived queues what is derived from the versions: search tokens, windows of care, holdings.
func queueDerived(b *pgx.Batch, org consortium.OrgID, s save) {
	if len(s.tokens.ids) > 0 {
		b.Queue(insertTokens.text, org, s.tokens.types, s.tokens.tokens, s.tokens.ids)
	}
	if c := s.noCare; len(c.ids) > 0 {
		b.Queue(deleteCare.text, org, c.patients, c.types, c.ids)
	}
	if c := s.care; len(c.ids) > 0 {
		b.Queue(upsertCare.text, org, c.patients, c.types, c.ids, c.starts, c.ends)
	}
	if len(s.holdings) > 0 {
		var patients, kinds []string
		var changes []int64
		var latest []time.Time
		for _, h := range s.holdings {
			patients, kinds = append(patients, string(h.patient)), append(kinds, string(h.kind))
			changes, latest = append(changes, h.change), append(latest, h.latest)
		}
		b.Queue(upsertHoldings.text, org, patients, kinds, changes, latest)
	}
}
