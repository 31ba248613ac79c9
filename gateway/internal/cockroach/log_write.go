package cockroach

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
)

// An entry that stands in the log already was put back by somebody else.
var queryPending = sql("pending entries", `
	SELECT e.id::TEXT, e.leaf, e.created_at, e.bound, p.id IS NOT NULL
	FROM log_pending AS e LEFT JOIN log_places AS p ON p.org = e.org AND p.id = e.id
	WHERE e.org = $1 AND e.id > $2 AND e.created_at > '1970-01-01' AND e.created_at < '9999-01-01'
	ORDER BY e.id LIMIT $3`)

// Pending implements anchor.Writer. It reads outside a transaction: what it misses comes with the next batch, and
// Integrate checks that each entry was still pending. Entries that this organisation did not make are passed over, so
// that they are never signed and keep nobody else from being.
func (l *Log) Pending(ctx context.Context, after string, limit int) ([]anchor.Entry, error) {
	from := uuid.UUID{}.String() // the nil UUID is below all random ones
	if after != "" {
		id, err := uuid.Parse(after)
		if err != nil {
			return nil, errors.New("read pending entries: not a UUID to go on from")
		}
		from = id.String()
	}
	entries := make([]anchor.Entry, 0, limit)
	for {
		last, read, err := l.pendingFrom(ctx, from, limit-len(entries), &entries)
		if err != nil {
			return nil, fmt.Errorf("read pending entries: %w", classify(err))
		}
		if read == 0 || len(entries) == limit {
			return entries, nil
		}
		from = last
	}
}

// pendingFrom adds what counts of the next rows, and tells how many it read and which was the last.
func (l *Log) pendingFrom(ctx context.Context, from string, limit int, out *[]anchor.Entry) (string, int, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	rows, err := l.db.pool.Query(ctx, queryPending.text, l.org, from, limit)
	if err != nil {
		return "", 0, ended(ctx, err)
	}
	read := 0
	var e anchor.Entry
	var tag []byte
	var placed bool
	_, err = pgx.ForEachRow(rows, []any{&e.ID, &e.Leaf, &e.Created, &tag, &placed}, func() error {
		read++
		again := placed || l.db.placed.Contains(l.org+" "+e.ID)
		if again || !l.db.key.Check(tag, "log_pending", l.org, e.ID, e.Leaf, e.Created) {
			_ = l.db.refuse("log_pending", e.ID, CodeRowAltered)
			return nil
		}
		*out = append(*out, e)
		return nil
	})
	return e.ID, read, ended(ctx, err)
}

// Integrate implements anchor.Writer.
func (l *Log) Integrate(ctx context.Context, lease anchor.Lease, b anchor.Batch) error {
	known := l.knownSize()
	err := l.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := l.fence(ctx, tx, lease); err != nil {
			return err
		}
		if err := l.moveHead(ctx, tx, b, known); err != nil {
			return err
		}
		if err := l.placeEntries(ctx, tx, b.Entries); err != nil {
			return err
		}
		return l.putTiles(ctx, tx, b.Tiles)
	})
	if err != nil {
		return fmt.Errorf("integrate log entries: %w", err)
	}
	l.db.marks.note(consortium.OrgID(l.org), place{room: roomLog}, seen{seq: b.Size})
	for _, e := range b.Entries {
		l.db.placed.Add(l.org+" "+e.ID, struct{}{})
	}
	return nil
}

// moveHead takes the head from the old tree to the new one.
func (l *Log) moveHead(ctx context.Context, tx pgx.Tx, b anchor.Batch, known int64) error {
	h, err := l.readHead(ctx, tx, lockLogHead, known)
	if err != nil {
		return err
	}
	if h.size != b.OldSize || string(h.root) != string(b.OldRoot[:]) {
		return anchor.ErrMoved
	}
	h.size, h.root = b.Size, b.Root[:]
	if h.since == nil || b.Oldest.Before(*h.since) {
		oldest := b.Oldest.Truncate(time.Microsecond)
		h.since = &oldest
	}
	return l.writeHead(ctx, tx, h)
}

var (
	deletePending = sql(
		"take entries from those that wait",
		`DELETE FROM log_pending WHERE org = $1 AND id = ANY ($2::UUID[])`,
	)

	insertPlaces = sql("place entries", `
		INSERT INTO log_places (org, id, idx, leaf_hash, bound)
		SELECT $1::TEXT, p.id, p.idx, p.leaf_hash, p.bound
		FROM unnest($2::UUID[], $3::INT8[], $4::BYTEA[], $5::BYTEA[]) AS p (id, idx, leaf_hash, bound)
		ON CONFLICT DO NOTHING`)
)

// placeEntries returns each entry its index; all must have been pending.
func (l *Log) placeEntries(ctx context.Context, tx pgx.Tx, entries []anchor.Placed) error {
	n := len(entries)
	ids, indexes, hashes, tags := make([]string, n), make([]int64, n), make([][]byte, n), make([][]byte, n)
	for i, e := range entries {
		tag := l.db.key.Tag("log_places", l.org, e.ID, e.Index, e.LeafHash[:])
		ids[i], indexes[i], hashes[i], tags[i] = e.ID, e.Index, e.LeafHash[:], tag[:]
	}
	moved := wantRows(int64(n), func() error { return anchor.ErrMoved })
	b := &pgx.Batch{}
	b.Queue(deletePending.text, l.org, ids).Exec(moved)
	b.Queue(insertPlaces.text, l.org, ids, indexes, hashes, tags).Exec(moved)
	return tx.SendBatch(ctx, b).Close()
}

var upsertTiles = sql("store tiles", `
	INSERT INTO log_tiles (org, level, n, width, data)
	SELECT $1::TEXT, t.level, t.n, t.width, t.data
	FROM unnest($2::INT8[], $3::INT8[], $4::INT8[], $5::BYTEA[]) AS t (level, n, width, data)
	ON CONFLICT (org, level, n) DO UPDATE SET width = excluded.width, data = excluded.data`)

// putTiles stores tiles in place of narrower versions of themselves. Tiles need no tag: the tree that they make up is
// held against what the ledger witnessed.
func (l *Log) putTiles(ctx context.Context, tx pgx.Tx, tiles []tlog.TileData) error {
	levels, ns := make([]int64, len(tiles)), make([]int64, len(tiles))
	widths, data := make([]int64, len(tiles)), make([][]byte, len(tiles))
	for i, t := range tiles {
		levels[i], ns[i], widths[i], data[i] = int64(t.Level), t.N, int64(t.Width), t.Data
	}
	_, err := tx.Exec(ctx, upsertTiles.text, l.org, levels, ns, widths, data)
	return err
}

// Publish implements anchor.Writer.
func (l *Log) Publish(ctx context.Context, lease anchor.Lease, p anchor.Publication) error {
	known := l.knownSize()
	err := l.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := l.fence(ctx, tx, lease); err != nil {
			return err
		}
		h, err := l.readHead(ctx, tx, lockLogHead, known)
		if err != nil || h.publishedSize >= p.Size || h.size < p.Size {
			return err
		}
		witnessed := p.WitnessedAt.Truncate(time.Microsecond)
		h.published, h.publishedSize, h.witnessed = p.Note, p.Size, &witnessed
		switch {
		case h.size == p.Size:
			h.since = nil
		case !p.Since.IsZero():
			since := p.Since.Truncate(time.Microsecond)
			h.since = &since
		}
		return l.writeHead(ctx, tx, h)
	})
	if err != nil {
		return fmt.Errorf("publish checkpoint: %w", err)
	}
	return nil
}
