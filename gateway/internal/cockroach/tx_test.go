package cockroach_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// TestTxSerialises would lose updates if a refused commit were taken for done: read-modify-write on one row by many
// writers.
func TestTxSerialises(t *testing.T) {
	db := cockroachtest.New(t)
	ctx := t.Context()
	exec(t, db, `CREATE TABLE counter (id INT8 PRIMARY KEY, n INT8 NOT NULL)`)
	exec(t, db, `INSERT INTO counter (id, n) VALUES (1, 0)`)
	const writers, rounds = 8, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range rounds {
				err := db.Tx(ctx, func(tx pgx.Tx) error {
					var n int64
					if err := tx.QueryRow(ctx, `SELECT n FROM counter WHERE id = 1`).Scan(&n); err != nil {
						return err
					}
					_, err := tx.Exec(ctx, `UPDATE counter SET n = $1 WHERE id = 1`, n+1)
					return err
				})
				if err != nil {
					t.Errorf("add one: %v", err)
				}
			}
		})
	}
	wg.Wait()
	var n int64
	if err := db.Pool().QueryRow(ctx, `SELECT n FROM counter WHERE id = 1`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	if n != writers*rounds {
		t.Errorf("counter = %d, want %d", n, writers*rounds)
	}
}

// TestTxWriteSkew is the case that PostgreSQL finds only at COMMIT: two transactions read both rows, each writes one,
// and both are done with their statements before either commits. What was reported as done must be what is stored.
func TestTxWriteSkew(t *testing.T) {
	db := cockroachtest.New(t)
	ctx := t.Context()
	exec(t, db, `CREATE TABLE duty (id INT8 PRIMARY KEY, present BOOL NOT NULL)`)
	exec(t, db, `INSERT INTO duty (id, present) VALUES (1, true), (2, true)`)
	var both sync.WaitGroup
	both.Add(2)
	var left atomic.Int64
	var wg sync.WaitGroup
	for id := range 2 {
		wg.Go(func() {
			first, leaves := true, false
			err := db.Tx(ctx, func(tx pgx.Tx) error {
				leaves = false
				var present int
				if err := tx.QueryRow(ctx, `SELECT count(*) FROM duty WHERE present`).Scan(&present); err != nil {
					return err
				}
				if present < 2 {
					return nil // somebody must stay
				}
				leaves = true
				if _, err := tx.Exec(ctx, `UPDATE duty SET present = false WHERE id = $1`, id+1); err != nil {
					return err
				}
				if first {
					first = false
					both.Done()
					both.Wait()
				}
				return nil
			})
			if err != nil {
				t.Errorf("leave duty: %v", err)
			} else if leaves {
				left.Add(1)
			}
		})
	}
	wg.Wait()
	var present int
	if err := db.Pool().QueryRow(ctx, `SELECT count(*) FROM duty WHERE present`).Scan(&present); err != nil {
		t.Fatal(err)
	}
	if present != 1 || left.Load() != 1 {
		t.Errorf("%d on duty and %d told that they may leave, want 1 and 1", present, left.Load())
	}
}

func TestTxRollsBackAndClassifies(t *testing.T) {
	db := cockroachtest.New(t)
	ctx := t.Context()
	exec(t, db, `CREATE TABLE thing (id INT8 PRIMARY KEY)`)
	insert := func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO thing (id) VALUES (7)`)
		return err
	}
	refused := fault.New(fault.Forbidden, "NO", "No.")
	err := db.Tx(ctx, func(tx pgx.Tx) error {
		if err := insert(tx); err != nil {
			return err
		}
		return refused
	})
	if !fault.Is(err, fault.Forbidden) {
		t.Errorf("error of the closure = %v, want it unchanged", err)
	}
	if err := db.Tx(ctx, insert); err != nil {
		t.Fatalf("insert after a rollback: %v", err)
	}
	if err := db.Tx(ctx, insert); !fault.Is(err, fault.Conflict) {
		t.Errorf("insert twice = %v, want a conflict", err)
	}
	var id int64
	err = db.Read(ctx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, `SELECT id FROM thing WHERE id = 8`).Scan(&id) })
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("read of an absent row = %v, want not found", err)
	}
	if err := db.Read(ctx, insert); err == nil {
		t.Error("a read transaction wrote")
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	if err := db.Tx(done, insert); !fault.Is(err, fault.Unavailable) {
		t.Errorf("cancelled transaction = %v, want unavailable", err)
	}
}

func TestMigrateByFourGatewaysAtOnce(t *testing.T) {
	url := cockroachtest.EmptyURL(t)
	ctx := t.Context()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			db, err := cockroach.Open(ctx, url, cockroachtest.Schema, cockroachtest.Key(), 4)
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			defer db.Close()
			if err := db.Migrate(ctx); err != nil {
				t.Errorf("migrate: %v", err)
			}
		})
	}
	wg.Wait()
	db, err := cockroach.Open(ctx, url, cockroachtest.Schema, cockroachtest.Key(), 4)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.CheckSchema(ctx); err != nil {
		t.Errorf("after migrating: %v", err)
	}
	var twice int
	err = db.Pool().QueryRow(ctx, `SELECT count(*) - count(DISTINCT version_id) FROM schema_migrations`).Scan(&twice)
	if err != nil {
		t.Fatal(err)
	}
	if twice != 0 {
		t.Errorf("%d migrations were applied twice", twice)
	}
}

func exec(t *testing.T, db *cockroach.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.Pool().Exec(t.Context(), statement, args...); err != nil {
		t.Fatal(err)
	}
}

func init() { cockroach.SetOpenTestDB(cockroachtest.New) }

// TestTxRetriesDeadlock has two transactions take two rows in opposite order: PostgreSQL ends one with a deadlock, and
// both must succeed.
func TestTxRetriesDeadlock(t *testing.T) {
	db := cockroachtest.New(t)
	ctx := t.Context()
	exec(t, db, `CREATE TABLE pair (id INT8 PRIMARY KEY, n INT8 NOT NULL)`)
	exec(t, db, `INSERT INTO pair (id, n) VALUES (1, 0), (2, 0)`)
	var both sync.WaitGroup
	both.Add(2)
	var wg sync.WaitGroup
	for i := range 2 {
		order := []int{1 + i, 2 - i}
		wg.Go(func() {
			first := true
			err := db.Tx(ctx, func(tx pgx.Tx) error {
				for _, id := range order {
					if _, err := tx.Exec(ctx, `UPDATE pair SET n = n + 1 WHERE id = $1`, id); err != nil {
						return err
					}
					if first {
						first = false
						both.Done()
						both.Wait()
					}
				}
				return nil
			})
			if err != nil {
				t.Errorf("update both: %v", err)
			}
		})
	}
	wg.Wait()
	var sum int
	if err := db.Pool().QueryRow(ctx, `SELECT sum(n)::INT8 FROM pair`).Scan(&sum); err != nil || sum != 4 {
		t.Errorf("sum = %d, %v; want 4", sum, err)
	}
	if db.Retries() == 0 {
		t.Error("nothing was retried: the test did not deadlock")
	}
}

func TestSchemaThatIsNotThereIsNamed(t *testing.T) {
	db, err := cockroach.Open(t.Context(), cockroachtest.EmptyURL(t), cockroachtest.Schema, cockroachtest.Key(), 4)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.CheckSchema(t.Context()); err == nil || !strings.Contains(err.Error(), "gateway migrate") {
		t.Fatalf("got %v", err)
	}
}
