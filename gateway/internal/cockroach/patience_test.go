package cockroach_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/fault"
	"yilian.example/exchange/records"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// tolerable is how long somebody may wait for a database that hangs.
const tolerable = 20 * time.Second

// through opens the database at another address, with few connections.
func through(t *testing.T, address string) *cockroach.DB {
	t.Helper()
	db, err := cockroach.Open(t.Context(), address, cockroachtest.Schema, cockroachtest.Key(), 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// TestHangingDatabaseIsGivenUp asks a database that takes every question and answers none, in each way that there is,
// and more often than there are connections.
func TestHangingDatabaseIsGivenUp(t *testing.T) {
	t.Parallel()
	address, hang := cockroachtest.Hanging(t, cockroachtest.New(t).Pool().Config().ConnString())
	db := through(t, address)
	hang()
	ctx := t.Context()
	one := func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `SELECT 1`)
		return err
	}
	ways := map[string]func() error{
		"read":  func() error { return db.Read(ctx, one) },
		"write": func() error { return db.Tx(ctx, one) },
		"look":  func() error { _, err := db.Log("org1").Head(ctx); return err },
		"tiles": func() error { _, err := db.Log("org1").Places(ctx, nil); return err },
		"turn": func() error {
			one := records.SealedVersion{Patient: "p1", Type: "Observation", ID: "1", Number: 1}
			return db.SaveVersions(ctx, "org1", []records.SealedVersion{one})
		},
		"session": func() error {
			_, err := cockroach.NewSessions(db).TouchSession(ctx, "org1", [32]byte{}, time.Now(), time.Hour)
			return err
		},
		"schema": func() error { return db.CheckSchema(ctx) },
	}
	var all sync.WaitGroup
	for name, ask := range ways {
		for range 3 {
			all.Go(func() {
				began := time.Now()
				err := ask()
				if took := time.Since(began); took > tolerable {
					t.Errorf("%s: waited for %s", name, took)
				}
				if code := fault.Of(err).Code; code != cockroach.CodeDatabaseSlow && code != cockroach.CodeDatabaseDown {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	}
	all.Wait()
}

// TestCommitWithoutAnAnswerIsUnknown loses the answer to a COMMIT that was carried out: nobody may be told that nothing
// was changed.
func TestCommitWithoutAnAnswerIsUnknown(t *testing.T) {
	t.Parallel()
	plain := cockroachtest.New(t)
	exec(t, plain, `CREATE TABLE thing (id INT8 PRIMARY KEY)`)
	address := cockroachtest.Proxied(t, plain.Pool().Config().ConnString(), func(a cockroachtest.Answer) {
		if a.Command == "COMMIT" {
			<-t.Context().Done()
		}
	})
	db := through(t, address)
	began := time.Now()
	err := db.Tx(t.Context(), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `INSERT INTO thing (id) VALUES (1)`)
		return err
	})
	if took := time.Since(began); took > tolerable || fault.Of(err).Code != cockroach.CodeOutcomeUnknown {
		t.Errorf("after %s: %v", took, err)
	}
	var kept int
	if err := plain.Pool().QueryRow(t.Context(), `SELECT count(*) FROM thing`).Scan(&kept); err != nil || kept != 1 {
		t.Errorf("%d rows, %v: the commit was not carried out", kept, err)
	}
}

// TestServerEndsStatementsByItself has the server know how long anybody waits: a statement that goes on after that
// holds locks for nobody. What takes its time has the server wait with it.
func TestServerEndsStatementsByItself(t *testing.T) {
	t.Parallel()
	db := cockroachtest.New(t)
	setting := func(ctx context.Context) time.Duration {
		var text string
		err := db.Read(ctx, func(tx pgx.Tx) error {
			return tx.QueryRow(ctx, `SELECT current_setting('statement_timeout')`).Scan(&text)
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, unit := range []string{"", "ms"} { // "12s" on PostgreSQL, "12000" on CockroachDB
			if d, err := time.ParseDuration(text + unit); err == nil {
				return d
			}
		}
		t.Fatalf("the server's patience is %q", text)
		return 0
	}
	if d := setting(t.Context()); d <= 0 || d > tolerable {
		t.Errorf("the server is patient for %s", d)
	}
	long, cancel := cockroach.Within(t.Context(), time.Hour)
	defer cancel()
	if d := setting(long); d < 50*time.Minute || d > time.Hour {
		t.Errorf("the server is patient for %s with what may take an hour", d)
	}
	if d := setting(t.Context()); d > tolerable {
		t.Errorf("it stayed patient for %s", d)
	}
}
