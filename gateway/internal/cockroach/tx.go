// Package cockroach keeps the gateway's state in CockroachDB or PostgreSQL: every SQL statement of the product stands
// here, a file per noun, beside its Scan. One SQL for both servers; a test parses each statement with CockroachDB's own
// grammar. Driver errors stop here: callers see the kinds of exchange/fault. The package decides nothing about
// permission, opens no other connection and never logs an argument.
package cockroach

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/cockroach-go/v2/crdb"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/internal/bound"
	"yilian.example/gateway/internal/weigh"
)

// DB is one organisation's part of the database: a schema that its role alone may use. Every row that belongs to an
// organisation carries its id all the same.
type DB struct {
	pool    *pgxpool.Pool
	schema  string
	key     *bound.Key // nil: for migrations only
	alarm   func(Alarm)
	lanes   *lanes
	marks   *marks
	indexes *lru.Cache[place, *index]
	chains  *lru.Cache[place, chainEnd] // by organisation and patient
	// heads of this process's last moves, for stores that are about one patient each
	lastHeads *lru.Cache[mark, lastHead]
	placed    *lru.Cache[string, struct{}] // by log and number: an entry gets no second place
	sweeps    sweeps
	scale     *weigh.Scale // of large pages that are being read
	retries   atomic.Int64
}

// Defaults of the pool and of retries.
const (
	defaultMaxConns = 16
	// maxRetries bounds how often one transaction is run again. Under contention on one row every round lets at least one
	// writer through, so the number is far above what a sane load needs, and a livelock still ends.
	maxRetries = 50
	backoffMin = time.Millisecond
	backoffMax = 100 * time.Millisecond
)

// Open connects and checks that the server answers and has the schema. Names are looked up in that schema alone, and
// first: in PostgreSQL a session's temporary tables would come before it were they not named last. The URL carries a
// password: it is never part of an error.
func Open(ctx context.Context, url, schema string, key *bound.Key, maxConns int32) (*DB, error) {
	return open(ctx, url, schema, key, maxConns, nil)
}

// open shows each statement to the tracer, where there is one.
func open(
	ctx context.Context, url, schema string, key *bound.Key, maxConns int32, tracer pgx.QueryTracer,
) (*DB, error) {
	if !consortium.OrgID(schema).Valid() {
		return nil, errors.New("open database: the schema's name is not as an organisation's id")
	}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("open database: the configured URL is not a valid postgresql:// URL")
	}
	cfg.MaxConns = maxConns
	if cfg.MaxConns <= 0 {
		cfg.MaxConns = defaultMaxConns
	}
	cfg.ConnConfig.Tracer = tracer
	cfg.ConnConfig.RuntimeParams["application_name"] = "yilian-gateway"
	cfg.ConnConfig.RuntimeParams["timezone"] = "UTC"
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = milliseconds(requestPatience)
	cfg.ConnConfig.ConnectTimeout = connectPatience
	cfg.ConnConfig.RuntimeParams["search_path"] = schema + ", pg_temp"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", classify(err))
	}
	indexes, err := lru.New[place, *index](maxIndexes)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	chains, err := lru.New[place, chainEnd](maxIndexes)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	lastHeads, err := lru.New[mark, lastHead](maxIndexes)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	placed, err := lru.New[string, struct{}](maxMarks)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := &DB{
		pool: pool, schema: schema, key: key, lanes: newLanes(), marks: newMarks(), indexes: indexes, chains: chains,
		lastHeads: lastHeads,
		placed:    placed,
	}
	db.sweeps.of = map[consortium.OrgID]*swept{}
	db.scale = weigh.NewScale(maxHeld)
	if err := db.checkPlace(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

var queryCurrentSchema = sql("where this connection stands", `SELECT COALESCE(current_schema(), '')`)

// checkPlace wants the first schema of the search path to be there: the server passes over one that is missing, or that
// the role may not use.
func (db *DB) checkPlace(ctx context.Context) error {
	var current string
	err := db.look(ctx, func(q querier) error { return q.QueryRow(ctx, queryCurrentSchema.text).Scan(&current) })
	if err != nil {
		return err
	}
	if current != db.schema {
		return fmt.Errorf("there is no schema %s that this role may use", db.schema)
	}
	return nil
}

// OnAlarm names who is told when something in the database turns out not to be what this organisation wrote. It is
// called before the first use.
func (db *DB) OnAlarm(tell func(Alarm)) { db.alarm = tell }

// Close waits for running work and closes the connections.
func (db *DB) Close() { db.pool.Close() }

// Ping asks the server for a sign of life.
func (db *DB) Ping(ctx context.Context) error { return classify(db.pool.Ping(ctx)) }

// Pool is for tests that must look at, or tamper with, what is stored. Product code uses Tx and Read.
func (db *DB) Pool() *pgxpool.Pool { return db.pool }

// Retries counts the transactions that were run again, since Open.
func (db *DB) Retries() int64 { return db.retries.Load() }

// Tx runs fn in one serialisable transaction and commits it. On a serialisation failure or deadlock the whole
// transaction is run again, so fn may run more than once: nothing may leave the database inside it, and it must reset
// what it fills in the caller's variables. All of it together ends after requestPatience.
//
// Cockroach-go retries the transaction as a whole (ExecuteCtx) and not within one (ExecuteTx): the latter takes RELEASE
// SAVEPOINT for the commit, as it is on CockroachDB, and drops COMMIT's own error, so that on PostgreSQL a commit
// refused for serialisation would be reported as done. TestTxWriteSkew fails with it.
func (db *DB) Tx(ctx context.Context, fn func(pgx.Tx) error) error {
	return db.run(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable}, fn)
}

// TxSnapshot is Tx for a transaction whose writes alone keep it apart from others: all that it rests on is a row that
// it writes, such as a head, or locks. It reads as of one moment, and is run again where somebody else wrote such a row
// meanwhile. What a serialisable transaction adds, that the server remembers every range that was read, makes
// neighbours in an index conflict who have nothing to do with one another. (CockroachDB runs it serialisably.)
func (db *DB) TxSnapshot(ctx context.Context, fn func(pgx.Tx) error) error {
	return db.run(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, fn)
}

// Read runs fn in one read-only serialisable transaction: all that it reads is of one moment.
func (db *DB) Read(ctx context.Context, fn func(pgx.Tx) error) error {
	return db.run(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable, AccessMode: pgx.ReadOnly}, fn)
}

// querier reads: a transaction, or the pool for a statement on its own.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// look is for a reading of exactly one statement, which sees one moment without a transaction around it, in a third of
// the round trips.
func (db *DB) look(ctx context.Context, fn func(querier) error) error {
	return db.repeat(ctx, func(ctx context.Context) error { return fn(limitedPool{db.pool, ctx}) })
}

func (db *DB) run(ctx context.Context, opts pgx.TxOptions, fn func(pgx.Tx) error) error {
	return db.repeat(ctx, func(ctx context.Context) error { return db.once(ctx, opts, fn) })
}

// repeat runs once again and again, with growing pauses, as long as the server says to and patience lasts.
func (db *DB) repeat(ctx context.Context, once func(context.Context) error) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	wait := backoffMin
	first := true
	return ended(ctx, crdb.ExecuteCtx(crdb.WithMaxRetries(ctx, maxRetries), func(ctx context.Context, _ ...any) error {
		if !first {
			db.retries.Add(1)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Duration(rand.Int64N(int64(wait)) + 1)):
			}
			wait = min(wait*2, backoffMax)
		}
		first = false
		return retryDeadlock(once(ctx))
	}))
}

func (db *DB) once(ctx context.Context, opts pgx.TxOptions, fn func(pgx.Tx) error) error {
	tx, err := db.pool.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	// After a commit this does nothing; after an error or a panic it frees the connection, even when ctx is over.
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = tx.Rollback(ctx)
	}()
	if err := extend(ctx, tx); err != nil {
		return err
	}
	if err := fn(limited{tx, ctx}); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return commitError{err}
	}
	return nil
}

// commitError marks an error of COMMIT itself: unless the server answered, it is not known whether the transaction was
// committed.
type commitError struct{ error }

func (e commitError) Unwrap() error { return e.error }

// deadlock makes PostgreSQL's deadlock look like the serialisation failure that it is on CockroachDB, so that
// cockroach-go retries it.
type deadlock struct{ *pgconn.PgError }

// SQLState returns the code that means "run the transaction again".
func (deadlock) SQLState() string { return "40001" }

// Unwrap returns the server's error.
func (d deadlock) Unwrap() error { return d.PgError }

func retryDeadlock(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "40P01" {
		return deadlock{pg}
	}
	return err
}
