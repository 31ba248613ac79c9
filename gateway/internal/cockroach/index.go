package cockroach

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/gateway/internal/bound"
)

// current is a row of records: where one record stands now.
type current struct {
	org      consortium.OrgID
	typ, id  string
	version  int64
	patient  consortium.PatientRef
	kind     consortium.Kind
	deleted  bool
	recorded time.Time
	size     int64 // bytes of sealed content
	tokens   int64 // search tokens of this version
	starts   *time.Time
	ends     *time.Time
	tag      []byte
}

const currentColumns = `r.type, r.id, r.version, r.patient, r.kind, r.deleted, r.recorded, r.size, r.tokens,
			r.care_starts, r.care_ends, r.bound`

func (c *current) fields() []any {
	return []any{
		&c.typ, &c.id, &c.version, &c.patient, &c.kind, &c.deleted, &c.recorded, &c.size, &c.tokens,
		&c.starts, &c.ends, &c.tag,
	}
}

// bind returns the row's tag.
func (c *current) bind(k *bound.Key) bound.Tag {
	return k.Tag(
		"records", c.org, c.typ, c.id, c.version, c.patient, c.kind, c.deleted, c.recorded, c.size, c.tokens, c.starts,
		c.ends,
	)
}

func (c *current) name() string { return c.typ + "/" + c.id + " v" + strconv.FormatInt(c.version, 10) }

func (c *current) ref() exchange.RecordRef {
	return exchange.RecordRef{Org: c.org, Type: c.typ, ID: c.id}
}

func (c *current) noun() exchange.Current {
	return exchange.Current{Number: int(c.version), Patient: c.patient, Kind: c.kind, Deleted: c.deleted}
}

// index is a patient's records as they stand now, proven to be all of them and none other: what is listed, counted and
// decided on is chosen from it, never by the database.
type index struct {
	seq  int64 // of the head that it was proven by
	rows map[exchange.RecordRef]*current
}

// Bounds of the indexes that a process keeps: patients, and records of one patient beyond which they are read anew.
const (
	maxIndexes   = 4096
	maxIndexRows = 10_000
)

var queryIndex = sql("records of a patient", `
	SELECT `+currentColumns+`
	FROM records AS r WHERE r.org = $1 AND r.patient = $2`)

// indexOf returns the proven index of a patient, from memory where the head says that nothing has changed.
func (db *DB) indexOf(
	ctx context.Context, q querier, org consortium.OrgID, patient consortium.PatientRef, head bound.Head,
) (*index, error) {
	at := place{string(org), string(patient)}
	if ix, ok := db.indexes.Get(at); ok && ix.seq == head.Seq {
		return ix, nil
	}
	rows, err := q.Query(ctx, queryIndex.text, org, patient)
	if err != nil {
		return nil, err
	}
	ix := &index{seq: head.Seq, rows: map[exchange.RecordRef]*current{}}
	sums := map[string]bound.Sum{}
	row := current{org: org}
	_, err = pgx.ForEachRow(rows, row.fields(), func() error {
		c := row
		c.recorded = c.recorded.UTC()
		tag := c.bind(db.key)
		if string(tag[:]) != string(c.tag) {
			return db.refuse("records", c.name(), CodeRowAltered)
		}
		sum := sums[string(c.kind)]
		db.key.Add(&sum, tag)
		sums[string(c.kind)] = sum
		ix.rows[c.ref()] = &c
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !sameSums(sums, head.Parts) {
		return nil, db.refuse("records", "of "+string(patient), CodeRowsMissing)
	}
	if len(ix.rows) <= maxIndexRows {
		db.indexes.Add(at, ix)
	}
	return ix, nil
}

// sameSums compares sums by part; a part that is not there is one of no rows.
func sameSums(a, b map[string]bound.Sum) bool {
	for part, sum := range a {
		if b[part] != sum {
			return false
		}
	}
	for part, sum := range b {
		if a[part] != sum {
			return false
		}
	}
	return true
}

// page chooses current versions of some kinds, newest first; those that the page must not cut before all others.
func (ix *index) page(kinds []consortium.Kind, p exchange.Page) []*current {
	var out []*current
	for _, c := range ix.rows {
		if !c.deleted && slices.Contains(kinds, c.kind) && (p.Type == "" || c.typ == p.Type) &&
			(p.IDs == nil || slices.Contains(p.IDs, c.id)) && (p.After == nil || newestFirst(c, cursorRow(p.After)) > 0) {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, newestFirst)
	return exchange.Choose(p, out, func(c *current) consortium.Kind { return c.kind })
}

// maxPageBytes bounds the content that one page of records holds in memory.
const maxPageBytes = 32 << 20

// withinPage returns the first of the records, as many as have their content on one page: one at least.
func withinPage(list []*current) []*current {
	var size int64
	for i, c := range list {
		if size += c.size; size > maxPageBytes && i > 0 {
			return list[:i]
		}
	}
	return list
}

func cursorRow(c *exchange.Cursor) *current {
	return &current{recorded: c.Recorded, typ: c.Type, id: c.ID}
}

func newestFirst(a, b *current) int {
	return cmp.Or(b.recorded.Compare(a.recorded), cmp.Compare(b.typ, a.typ), cmp.Compare(b.id, a.id))
}

// inCare says whether an encounter had begun by at and lasts, or ended at since or later.
func (ix *index) inCare(at, since time.Time) bool {
	for _, c := range ix.rows {
		if !c.deleted && c.starts != nil && !c.starts.After(at) && (c.ends == nil || !c.ends.Before(since)) {
			return true
		}
	}
	return false
}

// holdings counts what is held of each kind.
func (ix *index) holdings(org consortium.OrgID) []exchange.Holding {
	by := map[consortium.Kind]*exchange.Holding{}
	for _, c := range ix.rows {
		h := by[c.kind]
		if h == nil {
			h = &exchange.Holding{Org: org, Kind: c.kind}
			by[c.kind] = h
		}
		if !c.deleted {
			h.Count++
		}
		if c.recorded.After(h.Latest) {
			h.Latest = c.recorded
		}
	}
	out := make([]exchange.Holding, 0, len(by))
	for _, h := range by {
		if h.Count > 0 {
			out = append(out, *h)
		}
	}
	slices.SortFunc(out, func(a, b exchange.Holding) int { return cmp.Compare(a.Kind, b.Kind) })
	return out
}
