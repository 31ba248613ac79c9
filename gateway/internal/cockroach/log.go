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
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// LogEntry is an entry to be written to an organisation's log.
type LogEntry struct {
	ID   string // UUID, random
	Leaf []byte // as tlog.NewLeaf gives it
}

// InsertEntry writes one pending entry within the caller's transaction, so that what it commits to and the entry are
// durable together. The sequencer does the rest.
func InsertEntry(ctx context.Context, tx pgx.Tx, org consortium.OrgID, id string, leaf []byte, now time.Time) error {
	return InsertEntries(ctx, tx, org, []LogEntry{{ID: id, Leaf: leaf}}, now)
}

var insertEntries = sql("add entries to the log", `
	INSERT INTO log_entries (org, id, leaf, created_at)
	SELECT $1::TEXT, e.id, e.leaf, $4::TIMESTAMPTZ
	FROM unnest($2::UUID[], $3::BYTEA[]) AS e (id, leaf)`)

// InsertEntries is InsertEntry for many entries, in one statement.
func InsertEntries(ctx context.Context, tx pgx.Tx, org consortium.OrgID, entries []LogEntry, now time.Time) error {
	if len(entries) == 0 {
		return nil
	}
	ids, leaves := make([]uuid.UUID, len(entries)), make([][]byte, len(entries))
	for i, e := range entries {
		if _, err := tlog.ParseLeaf(e.Leaf); err != nil {
			return fmt.Errorf("insert log entry: %w", err)
		}
		id, err := uuid.Parse(e.ID)
		if err != nil {
			return errors.New("insert log entry: its id is not a UUID")
		}
		ids[i], leaves[i] = id, e.Leaf
	}
	if _, err := tx.Exec(ctx, insertEntries.text, string(org), ids, leaves, now); err != nil {
		return fmt.Errorf("insert log entries: %w", err)
	}
	return nil
}

// Log is one organisation's log as it is stored.
type Log struct {
	db  *DB
	org string
}

var _ anchor.Store = (*Log)(nil)

// Log gives the log of an organisation. It need not exist yet.
func (db *DB) Log(org consortium.OrgID) *Log { return &Log{db: db, org: string(org)} }

func (l *Log) leaseName() string { return "log/" + l.org }

var acquireLease = sql("acquire a lease", `
	INSERT INTO leases (name, holder, epoch, expires_at)
	VALUES ($1, $2, 1, now() + $3::INTERVAL)
	ON CONFLICT (name) DO UPDATE SET
		holder = excluded.holder,
		epoch = CASE WHEN leases.holder = excluded.holder AND leases.expires_at > now() THEN leases.epoch ELSE leases.epoch + 1 END,
		expires_at = excluded.expires_at
	WHERE leases.holder = excluded.holder OR leases.expires_at <= now()
	RETURNING epoch`)

// Acquire implements anchor.Leaser, by the database's clock.
func (l *Log) Acquire(ctx context.Context, holder string, ttl time.Duration) (anchor.Lease, error) {
	lease := anchor.Lease{Holder: holder}
	err := l.db.Tx(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, acquireLease.text, l.leaseName(), holder, ttl).Scan(&lease.Epoch)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return anchor.Lease{}, anchor.ErrHeld
	}
	if err != nil {
		return anchor.Lease{}, fmt.Errorf("acquire lease: %w", err)
	}
	return lease, nil
}

var releaseLease = sql("release a lease", `
	UPDATE leases SET expires_at = now() WHERE name = $1 AND holder = $2 AND epoch = $3`)

// Release implements anchor.Leaser.
func (l *Log) Release(ctx context.Context, lease anchor.Lease) error {
	err := l.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, releaseLease.text, l.leaseName(), lease.Holder, lease.Epoch)
		return err
	})
	if err != nil {
		return fmt.Errorf("release lease: %w", err)
	}
	return nil
}

var holdLease = sql("hold a lease", `
	SELECT epoch FROM leases WHERE name = $1 AND holder = $2 AND epoch = $3 FOR UPDATE`)

// fence holds the lease's row until the transaction ends, or says that the lease was lost.
func (l *Log) fence(ctx context.Context, tx pgx.Tx, lease anchor.Lease) error {
	var epoch int64
	err := tx.QueryRow(ctx, holdLease.text, l.leaseName(), lease.Holder, lease.Epoch).Scan(&epoch)
	if errors.Is(err, pgx.ErrNoRows) {
		return anchor.ErrFenced
	}
	return err
}

var queryLogHead = sql("head of the log", `
	SELECT size, root, published, witnessed_at, unwitnessed_since FROM log_heads WHERE org = $1`)

// Head implements anchor.Reader.
func (l *Log) Head(ctx context.Context) (anchor.Head, error) {
	var h anchor.Head
	var root []byte
	var witnessed, since *time.Time
	err := l.db.pool.QueryRow(ctx, queryLogHead.text, l.org).Scan(&h.Size, &root, &h.Published, &witnessed, &since)
	if errors.Is(err, pgx.ErrNoRows) {
		return anchor.Head{Root: tlog.EmptyRoot()}, nil
	}
	if err != nil {
		return anchor.Head{}, fmt.Errorf("read log head: %w", classify(err))
	}
	if len(root) != len(tlog.Hash{}) {
		return anchor.Head{}, errors.New("read log head: the root is not 32 bytes")
	}
	h.Root = tlog.Hash(root)
	if witnessed != nil {
		h.WitnessedAt = witnessed.UTC()
	}
	if since != nil {
		h.Since = since.UTC()
	}
	return h, nil
}

var queryTiles = sql("tiles of the log", `
	SELECT t.level, t.n, t.data
	FROM unnest($2::INT8[], $3::INT8[]) AS want (level, n)
	JOIN log_tiles AS t ON t.org = $1 AND t.level = want.level AND t.n = want.n`)

// Tiles implements anchor.Reader. Tiles only ever grow, so statements of their own, outside a transaction, give what a
// transaction would.
func (l *Log) Tiles(ctx context.Context, tiles []tlog.Tile) ([][]byte, error) {
	levels, ns := make([]int64, len(tiles)), make([]int64, len(tiles))
	for i, t := range tiles {
		levels[i], ns[i] = int64(t.Level), t.N
	}
	rows, err := l.db.pool.Query(ctx, queryTiles.text, l.org, levels, ns)
	if err != nil {
		return nil, fmt.Errorf("read tiles: %w", classify(err))
	}
	defer rows.Close()
	found := make(map[[2]int64][]byte, len(tiles))
	for rows.Next() {
		var key [2]int64
		var data []byte
		if err := rows.Scan(&key[0], &key[1], &data); err != nil {
			return nil, fmt.Errorf("read tiles: %w", classify(err))
		}
		found[key] = data
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read tiles: %w", classify(err))
	}
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		data, ok := found[[2]int64{levels[i], ns[i]}]
		if !ok {
			return nil, fmt.Errorf("read tiles: %w", noTile(t))
		}
		if out[i], err = t.Cut(data); err != nil {
			return nil, fmt.Errorf("read tiles: %w: %w", noTile(t), err)
		}
	}
	return out, nil
}

func noTile(t tlog.Tile) error {
	return fault.Wrap(errors.New(t.Path()), fault.NotFound, "NO_SUCH_TILE", "The log has no such tile.")
}

var queryBacklog = sql("what waits for its place", `
	SELECT count(*), min(created_at) FROM log_entries WHERE org = $1 AND idx IS NULL`)

// Backlog implements anchor.Reader.
func (l *Log) Backlog(ctx context.Context) (anchor.Backlog, error) {
	var b anchor.Backlog
	var oldest *time.Time
	if err := l.db.pool.QueryRow(ctx, queryBacklog.text, l.org).Scan(&b.Pending, &oldest); err != nil {
		return anchor.Backlog{}, fmt.Errorf("read backlog: %w", classify(err))
	}
	if oldest != nil {
		b.Oldest = oldest.UTC()
	}
	return b, nil
}
