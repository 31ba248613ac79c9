package cockroach

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/tlog"
)

var queryPending = sql("pending entries", `
	SELECT id, leaf, created_at FROM log_entries
	WHERE org = $1 AND idx IS NULL AND id > $2
	ORDER BY id LIMIT $3`)

// Pending implements anchor.Writer. It reads outside a transaction: what it misses comes with the next batch, and
// Integrate checks that each entry was still pending.
func (l *Log) Pending(ctx context.Context, after string, limit int) ([]anchor.Entry, error) {
	var from uuid.UUID // the nil UUID is below all random ones
	if after != "" {
		var err error
		if from, err = uuid.Parse(after); err != nil {
			return nil, errors.New("read pending entries: not a UUID to go on from")
		}
	}
	rows, err := l.db.pool.Query(ctx, queryPending.text, l.org, from, limit)
	if err != nil {
		return nil, fmt.Errorf("read pending entries: %w", classify(err))
	}
	defer rows.Close()
	var entries []anchor.Entry
	for rows.Next() {
		var id uuid.UUID
		var e anchor.Entry
		if err := rows.Scan(&id, &e.Leaf, &e.Created); err != nil {
			return nil, fmt.Errorf("read pending entries: %w", classify(err))
		}
		e.ID = id.String()
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read pending entries: %w", classify(err))
	}
	return entries, nil
}

// Integrate implements anchor.Writer.
func (l *Log) Integrate(ctx context.Context, lease anchor.Lease, b anchor.Batch) error {
	err := l.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := l.fence(ctx, tx, lease); err != nil {
			return err
		}
		if err := l.moveHead(ctx, tx, b); err != nil {
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
	return nil
}

var (
	insertLogHead = sql("begin a log", `
		INSERT INTO log_heads (org, size, root, published_size) VALUES ($1, 0, $2, -1)
		ON CONFLICT (org) DO NOTHING`)

	moveLogHead = sql("move the head of the log", `
		UPDATE log_heads SET size = $4, root = $5,
			unwitnessed_since = CASE WHEN unwitnessed_since < $6 THEN unwitnessed_since ELSE $6 END
		WHERE org = $1 AND size = $2 AND root = $3`)
)

// moveHead takes the head from the old tree to the new one.
func (l *Log) moveHead(ctx context.Context, tx pgx.Tx, b anchor.Batch) error {
	if b.OldSize == 0 {
		empty := tlog.EmptyRoot()
		if _, err := tx.Exec(ctx, insertLogHead.text, l.org, empty[:]); err != nil {
			return err
		}
	}
	done, err := tx.Exec(ctx, moveLogHead.text, l.org, b.OldSize, b.OldRoot[:], b.Size, b.Root[:], b.Oldest)
	if err != nil {
		return err
	}
	if done.RowsAffected() != 1 {
		return anchor.ErrMoved
	}
	return nil
}

var placeEntries = sql("place entries", `
	UPDATE log_entries SET idx = placed.idx, leaf = NULL
	FROM unnest($2::UUID[], $3::INT8[]) AS placed (id, idx)
	WHERE log_entries.org = $1 AND log_entries.id = placed.id AND log_entries.idx IS NULL`)

// placeEntries gives each entry its index; all must have been pending.
func (l *Log) placeEntries(ctx context.Context, tx pgx.Tx, entries []anchor.Placed) error {
	ids, indexes := make([]uuid.UUID, len(entries)), make([]int64, len(entries))
	for i, e := range entries {
		id, err := uuid.Parse(e.ID)
		if err != nil {
			return errors.New("an entry's id is not a UUID")
		}
		ids[i], indexes[i] = id, e.Index
	}
	done, err := tx.Exec(ctx, placeEntries.text, l.org, ids, indexes)
	if err != nil {
		return err
	}
	if done.RowsAffected() != int64(len(entries)) {
		return anchor.ErrMoved
	}
	return nil
}

var upsertTiles = sql("store tiles", `
	INSERT INTO log_tiles (org, level, n, width, data)
	SELECT $1::TEXT, t.level, t.n, t.width, t.data
	FROM unnest($2::INT8[], $3::INT8[], $4::INT8[], $5::BYTEA[]) AS t (level, n, width, data)
	ON CONFLICT (org, level, n) DO UPDATE SET width = excluded.width, data = excluded.data`)

// putTiles stores tiles in place of narrower versions of themselves.
func (l *Log) putTiles(ctx context.Context, tx pgx.Tx, tiles []tlog.TileData) error {
	levels, ns, widths, data := make([]int64, len(tiles)), make(
		[]int64,
		len(tiles),
	), make([]int64, len(tiles)), make(
		[][]byte,
		len(tiles),
	)
	for i, t := range tiles {
		levels[i], ns[i], widths[i], data[i] = int64(t.Level), t.N, int64(t.Width), t.Data
	}
	_, err := tx.Exec(ctx, upsertTiles.text, l.org, levels, ns, widths, data)
	return err
}

var publishCheckpoint = sql("publish a checkpoint", `
	UPDATE log_heads SET published = $3, published_size = $2, witnessed_at = $4,
		unwitnessed_since = CASE WHEN size = $2 THEN NULL ELSE COALESCE($5, unwitnessed_since) END
	WHERE org = $1 AND published_size < $2 AND size >= $2`)

// Publish implements anchor.Writer.
func (l *Log) Publish(ctx context.Context, lease anchor.Lease, p anchor.Publication) error {
	var since *time.Time
	if !p.Since.IsZero() {
		since = &p.Since
	}
	err := l.db.Tx(ctx, func(tx pgx.Tx) error {
		if err := l.fence(ctx, tx, lease); err != nil {
			return err
		}
		if p.Size == 0 {
			empty := tlog.EmptyRoot()
			if _, err := tx.Exec(ctx, insertLogHead.text, l.org, empty[:]); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, publishCheckpoint.text, l.org, p.Size, p.Note, p.WitnessedAt, since)
		return err
	})
	if err != nil {
		return fmt.Errorf("publish checkpoint: %w", err)
	}
	return nil
}

var queryPlace = sql("place of an entry", `SELECT idx FROM log_entries WHERE org = $1 AND id = $2`)

// Place gives an entry's place in the log; false while it is pending. An entry that was never written is NotFound.
func (l *Log) Place(ctx context.Context, id string) (int64, bool, error) {
	entry, err := uuid.Parse(id)
	if err != nil {
		return 0, false, errors.New("find log entry: its id is not a UUID")
	}
	var index *int64
	if err := l.db.pool.QueryRow(ctx, queryPlace.text, l.org, entry).Scan(&index); err != nil {
		return 0, false, fmt.Errorf("find log entry: %w", classify(err))
	}
	if index == nil {
		return 0, false, nil
	}
	return *index, true, nil
}
