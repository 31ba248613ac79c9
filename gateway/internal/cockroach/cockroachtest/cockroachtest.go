// Package cockroachtest gives each test a migrated database of its own on a real server: on DATABASE_URL where that is
// set, else on one private PostgreSQL cluster per test process, else on a private CockroachDB node. A machine without
// any of them fails the test; it is never skipped.
package cockroachtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/gateway/internal/bound"
	"yilian.example/gateway/internal/cockroach"
)

// Schema is the one schema of each test's database. Tests of several organisations share it, as the organisation stands
// in every row.
const Schema = "test"

// server is where the databases of this process are made.
type server struct {
	admin    string // URL of a database in which CREATE DATABASE can be run
	template string // migrated database to copy; empty where the server cannot copy
	prefix   string
}

// shared is the one server of this process; start fills it once. create serialises CREATE DATABASE, as a template may
// have one copier at a time.
var shared struct {
	start  sync.Once
	create sync.Mutex
	server server
	err    error
}

// Key is the binding key of test databases.
func Key() *bound.Key {
	key, err := bound.New(make([]byte, bound.KeyBytes))
	if err != nil {
		panic(err) // the length is right
	}
	return key
}

// New returns a fresh, migrated database, removed when the test ends.
func New(t testing.TB) *cockroach.DB {
	t.Helper()
	db, err := cockroach.Open(t.Context(), URL(t), Schema, Key(), 16)
	if err != nil {
		t.Fatalf("open test database: %v", err)
	}
	t.Cleanup(db.Close)
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatalf("migrate test database: %v", err)
	}
	return db
}

// URL returns the address of a fresh database, removed when the test ends. It is migrated already where the server can
// copy databases, and empty elsewhere, so callers migrate in any case.
func URL(t testing.TB) string {
	t.Helper()
	return create(t, true)
}

// EmptyURL returns the address of a fresh database whose Schema is empty.
func EmptyURL(t testing.TB) string {
	t.Helper()
	return create(t, false)
}

func create(t testing.TB, migrated bool) string {
	t.Helper()
	shared.start.Do(func() { shared.server, shared.err = startServer() })
	if shared.err != nil {
		t.Fatalf("a database server is needed for this test: %v", shared.err)
	}
	name := shared.server.prefix + randomName()
	statement := "CREATE DATABASE " + name
	if migrated && shared.server.template != "" {
		statement += " TEMPLATE " + shared.server.template
	}
	if err := admin(t.Context(), statement); err != nil {
		t.Fatalf("create test database: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context is over by now.
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := dropDatabase(ctx, name); err != nil {
			t.Errorf("drop test database: %v", err)
		}
	})
	url := withDatabase(shared.server.admin, name)
	if !migrated || shared.server.template == "" {
		if err := createSchema(t.Context(), url); err != nil {
			t.Fatalf("create test schema: %v", err)
		}
	}
	return url
}

func createSchema(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE SCHEMA "+Schema)
	return err
}

func startServer() (server, error) {
	s := server{admin: os.Getenv("DATABASE_URL"), prefix: "yilian_test_"}
	if s.admin == "" {
		adminURL, err := startPrivate()
		if err != nil {
			return server{}, err
		}
		s.admin = adminURL
	}
	return s, makeTemplate(&s)
}

// makeTemplate migrates one database for the others to be copied from: a copy takes some 20 ms. CockroachDB cannot
// copy.
func makeTemplate(s *server) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var version string
	if err := conn.QueryRow(ctx, "SELECT version()").Scan(&version); err != nil {
		return err
	}
	if strings.Contains(version, "CockroachDB") {
		return nil
	}
	name := s.prefix + "template_" + randomName()
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return err
	}
	if err := createSchema(ctx, withDatabase(s.admin, name)); err != nil {
		return err
	}
	db, err := cockroach.Open(ctx, withDatabase(s.admin, name), Schema, nil, 4)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		return err
	}
	s.template = name
	removeAtExit(s.admin, name)
	return nil
}

func admin(ctx context.Context, statement string) error {
	shared.create.Lock()
	defer shared.create.Unlock()
	conn, err := pgx.Connect(ctx, shared.server.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// dropDatabase waits for the server to notice that the test's connections are closed.
func dropDatabase(ctx context.Context, name string) error {
	var err error
	for range 50 {
		if err = admin(ctx, "DROP DATABASE IF EXISTS "+name); err == nil {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return err
}

func randomName() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

func withDatabase(server, name string) string {
	u, err := url.Parse(server)
	if err != nil {
		panic(fmt.Sprintf("cockroachtest: the server's URL does not parse: %v", err))
	}
	u.Path = "/" + name
	return u.String()
}
