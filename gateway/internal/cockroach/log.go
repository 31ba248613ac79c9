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
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/bound"
)

var insertEntries = sql("add entries to the log", `
	INSERT INTO log_pending (org, id, leaf, created_at, bound)
	SELECT $1::TEXT, e.id, e.leaf, e.created_at, e.bound
	FROM unnest($2::UUID[], $3::BYTEA[], $4::TIMESTAMPTZ[], $5::BYTEA[]) AS e (id, leaf, created_at, bound)`)

// queueEntries writes pending entries with a batch, so that what they commit to and the entries are durable together.
// Each is bound: one that this organisation did not make is never signed.
func (db *DB) queueEntries(b *pgx.Batch, org consortium.OrgID, entries ...logbook.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	n := len(entries)
	ids, leaves, times, tags := make([]string, n), make([][]byte, n), make([]time.Time, n), make([][]byte, n)
	for i, e := range entries {
		if _, err := tlog.ParseLeaf(e.Leaf); err != nil {
			return fmt.Errorf("insert log entry: %w", err)
		}
		if id, err := uuid.Parse(e.ID); err != nil || id.String() != e.ID {
			return errors.New("insert log entry: its id is not a UUID")
		}
		tag := db.key.Tag("log_pending", org, e.ID, e.Leaf, e.At)
		ids[i], leaves[i], times[i], tags[i] = e.ID, e.Leaf, e.At, tag[:]
	}
	b.Queue(insertEntries.text, org, ids, leaves, times, tags)
	return nil
}

// InsertEntries writes pending entries within the caller's transaction. The sequencer does the rest.
func (db *DB) InsertEntries(ctx context.Context, tx pgx.Tx, org consortium.OrgID, entries ...logbook.Entry) error {
	b := &pgx.Batch{}
	if err := db.queueEntries(b, org, entries...); err != nil || b.Len() == 0 {
		return err
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
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

// Log returns the log of an organisation. It need not exist yet.
func (db *DB) Log(org consortium.OrgID) *Log { return &Log{db: db, org: string(org)} }

const logHeadColumns = `size, root, published, published_size, witnessed_at, unwitnessed_since, bound`

var (
	queryLogHead = sql("head of the log", `SELECT `+logHeadColumns+` FROM log_heads WHERE org = $1`)
	lockLogHead  = sql("hold the head of the log", `SELECT `+logHeadColumns+` FROM log_heads WHERE org = $1 FOR UPDATE`)

	upsertLogHead = sql("move the head of the log", `
		INSERT INTO log_heads (org, size, root, published, published_size, witnessed_at, unwitnessed_since, bound)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (org) DO UPDATE SET size = excluded.size, root = excluded.root, published = excluded.published,
			published_size = excluded.published_size, witnessed_at = excluded.witnessed_at,
			unwitnessed_since = excluded.unwitnessed_since, bound = excluded.bound`)
)

// logHead is a row of log_heads.
type logHead struct {
	size, publishedSize int64
	root, published     []byte
	witnessed, since    *time.Time
}

func (h *logHead) bind(l *Log) bound.Tag {
	return l.db.key.Tag("log_heads", l.org, h.size, h.root, h.published, h.publishedSize, h.witnessed, h.since)
}

// readHead reads the row, or what a new log has. It refuses one that is not bound, or older than one that was seen
// before the transaction began.
func (l *Log) readHead(ctx context.Context, q querier, s statement, known int64) (logHead, error) {
	var h logHead
	var tag []byte
	err := q.QueryRow(ctx, s.text, l.org).Scan(
		&h.size, &h.root, &h.published, &h.publishedSize, &h.witnessed, &h.since, &tag,
	)
	if errors.Is(err, pgx.ErrNoRows) {
		empty := tlog.EmptyRoot()
		h = logHead{publishedSize: -1, root: empty[:]}
	} else if err != nil {
		return logHead{}, err
	} else if want := h.bind(l); string(want[:]) != string(tag) {
		return logHead{}, l.db.refuse("log_heads", l.org, CodeRowAltered)
	}
	if h.size < known {
		return logHead{}, l.db.refuse("log_heads", l.org, CodeStateOld)
	}
	return h, nil
}

// knownSize is the size that this process saw. It is asked before a transaction begins.
func (l *Log) knownSize() int64 {
	return l.db.marks.known(consortium.OrgID(l.org), place{room: roomLog})[0].seq
}

func (l *Log) writeHead(ctx context.Context, tx pgx.Tx, h logHead) error {
	tag := h.bind(l)
	_, err := tx.Exec(
		ctx, upsertLogHead.text, l.org, h.size, h.root, h.published, h.publishedSize, h.witnessed, h.since, tag[:],
	)
	return err
}

// roomLog is the room of the log's size among the marks.
const roomLog = "log"

// Head implements anchor.Reader.
func (l *Log) Head(ctx context.Context) (anchor.Head, error) {
	var row logHead
	known := l.knownSize()
	err := l.db.look(ctx, func(q querier) error {
		var err error
		row, err = l.readHead(ctx, q, queryLogHead, known)
		return err
	})
	if err != nil {
		return anchor.Head{}, fmt.Errorf("read log head: %w", err)
	}
	l.db.marks.note(consortium.OrgID(l.org), place{room: roomLog}, seen{seq: row.size})
	h := anchor.Head{Size: row.size, Root: tlog.Hash(row.root), Published: row.published}
	if row.witnessed != nil {
		h.WitnessedAt = row.witnessed.UTC()
	}
	if row.since != nil {
		h.Since = row.since.UTC()
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
	found := make(map[[2]int64][]byte, len(tiles))
	err := l.db.look(ctx, func(q querier) error {
		rows, err := q.Query(ctx, queryTiles.text, l.org, levels, ns)
		if err != nil {
			return err
		}
		var level, n int64
		var data []byte
		_, err = pgx.ForEachRow(rows, []any{&level, &n, &data}, func() error {
			found[[2]int64{level, n}] = data
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read tiles: %w", err)
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
	return fault.Wrap(errors.New(t.Path()), fault.NotFound, CodeNoTile, "The log has no such tile.")
}

var queryBacklog = sql("what waits for its place", `
	SELECT count(*), min(created_at) FROM log_pending
	WHERE org = $1 AND created_at > '1970-01-01' AND created_at < '9999-01-01'`)

// Backlog implements anchor.Reader.
func (l *Log) Backlog(ctx context.Context) (anchor.Backlog, error) {
	var b anchor.Backlog
	var oldest *time.Time
	err := l.db.look(ctx, func(q querier) error {
		return q.QueryRow(ctx, queryBacklog.text, l.org).Scan(&b.Pending, &oldest)
	})
	if err != nil {
		return anchor.Backlog{}, fmt.Errorf("read backlog: %w", err)
	}
	if oldest != nil {
		b.Oldest = oldest.UTC()
	}
	return b, nil
}
