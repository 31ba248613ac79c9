package database

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/network/internal/durable"
	"yilian.example/network/internal/supervisor"
	"yilian.example/network/topology"
)

func TestDatabaseURLComesFirst(t *testing.T) {
	server, err := Prepare(t.Context(), topology.State(t.TempDir()), 1, "postgresql://u:p@db.example/x")
	if err != nil || server.URL != "postgresql://u:p@db.example/x" || server.Process != nil {
		t.Errorf("got %+v, %v", server, err)
	}
}

func TestErrorsDoNotTellThePassword(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // now nothing listens there
	err = Server{URL: "postgresql://u:s3cret@" + address + "/x"}.Await(ctx)
	if err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("got %v", err)
	}
}

func TestCockroach(t *testing.T) {
	dir := t.TempDir()
	err := os.WriteFile(filepath.Join(dir, "cockroach"), []byte("#!/bin/sh\n"), 0o700)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	server, err := Prepare(t.Context(), topology.State(t.TempDir()), 26257, "")
	if err != nil || server.Kind != "CockroachDB" ||
		server.URL != "postgresql://root@127.0.0.1:26257/yilian?sslmode=disable" {
		t.Fatalf("got %+v, %v", server, err)
	}
	args := strings.Join(server.Process.Args, " ")
	if !strings.HasPrefix(args, "start-single-node ") || !strings.Contains(args, "--listen-addr=127.0.0.1:26257") {
		t.Errorf("arguments %s", args)
	}
}

// TestPostgres makes a real cluster, stops it, and finds its data again. It is the way every machine without
// CockroachDB goes.
func TestPostgres(t *testing.T) {
	_, err := findPostgres(t.Context())
	if err != nil && os.Getenv("DATABASE_URL") != "" {
		// Whoever names a server need not have one installed; then the message must say what would help.
		if !strings.Contains(err.Error(), "setup.sh") {
			t.Error(err)
		}
		return
	}
	t.Setenv("PATH", "/usr/bin:/bin") // no cockroach
	state := openState(t)
	port := freePort(t)
	interrupted, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = Prepare(interrupted, state, port, "")
	if err == nil {
		t.Error("initdb took less than it ever does: the interruption is not tested")
	}
	for n := range 2 {
		server, err := Prepare(t.Context(), state, port, "")
		if err != nil {
			t.Fatal(err)
		}
		run(t, state, server, func(c *pgx.Conn) {
			if n == 0 {
				_, err = c.Exec(t.Context(), `CREATE TABLE kept (v text)`)
				if err != nil {
					t.Fatal(err)
				}
			}
			var fsync, tables string
			err = c.QueryRow(t.Context(), `SELECT current_setting('fsync'), count(*)::text FROM pg_tables WHERE tablename = 'kept'`).
				Scan(&fsync, &tables)
			if err != nil || fsync != "on" || tables != "1" {
				t.Errorf("start %d: fsync %s, tables %s, %v", n+1, fsync, tables, err)
			}
		})
	}
	wrong, err := Prepare(t.Context(), state, port, "")
	if err != nil {
		t.Fatal(err)
	}
	run(t, state, wrong, func(*pgx.Conn) {
		_, err = pgx.Connect(t.Context(), strings.Replace(wrong.URL, "yilian:", "yilian:x", 1))
		if err == nil {
			t.Error("a wrong password is let in")
		}
	})
	err = Remove(state)
	if err != nil {
		t.Error(err)
	}
}

func run(t *testing.T, state topology.State, server Server, use func(*pgx.Conn)) {
	t.Helper()
	s, err := supervisor.New(state.Status(), state.Log, slog.New(slog.NewTextHandler(io.Discard, nil)), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	err = s.Start(*server.Process)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	err = server.Await(ctx)
	if err != nil {
		log, _ := os.ReadFile(state.Log("database"))
		t.Fatalf("%v\n%s", err, log)
	}
	c, err := pgx.Connect(ctx, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	use(c)
}

// openState is a state directory that the server's user can reach, which t.TempDir is not when root runs the tests.
func openState(t *testing.T) topology.State {
	t.Helper()
	dir, err := os.MkdirTemp("", "yilian-database-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	err = os.Chmod(dir, 0o755)
	if err != nil {
		t.Fatal(err)
	}
	return topology.State(dir)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestPlaceUnreachableState(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only root gives the server away to another user; checking the other half")
		place, err := placeCluster("/root/yilian", nil)
		if err != nil || place != "/root/yilian/pg" {
			t.Errorf("got %s, %v", place, err)
		}
		return
	}
	credential, err := postgresUser()
	if err != nil {
		t.Fatal(err)
	}
	state := topology.State(filepath.Join(t.TempDir(), "closed"))
	err = os.MkdirAll(string(state), 0o700)
	if err != nil {
		t.Fatal(err)
	}
	first, err := placeCluster(state, credential)
	if err != nil || !strings.HasPrefix(first, "/var/lib/yilian-") {
		t.Fatalf("got %s, %v", first, err)
	}
	again, err := placeCluster(state, credential)
	if err != nil || again != first {
		t.Errorf("second time: %s, %v", again, err)
	}
	err = Remove(state)
	if err != nil {
		t.Error(err)
	}
}

func TestRemoveRefusesWhatIsNotOurs(t *testing.T) {
	state := topology.State(t.TempDir())
	err := os.Symlink("/var/lib/postgresql", state.Path("pg"))
	if err != nil {
		t.Fatal(err)
	}
	if Remove(state) == nil {
		t.Error("another server's data would be removed")
	}
}

// cluster makes what looks like a data directory.
func cluster(t *testing.T, data string) {
	t.Helper()
	err := os.MkdirAll(data, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	err = os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("17\n"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
}

// A state directory that was removed by hand leaves its database outside of it, with a password that is gone. A server
// started on that refused everybody for a minute.
func TestLeftoverClusterIsSetAside(t *testing.T) {
	state := topology.State(t.TempDir())
	data := filepath.Join(t.TempDir(), "yilian-0123")
	for n := range 2 {
		cluster(t, data)
		err := checkPassword(state, data, false)
		if err != nil {
			t.Fatal(err)
		}
		if aside := fmt.Sprintf("%s.removed-%d", data, n+1); isCluster(data) || !isCluster(aside) {
			t.Errorf("not set aside as %s", aside)
		}
	}
}

func TestLostPasswordIsSaid(t *testing.T) {
	state := topology.State(t.TempDir())
	cluster(t, state.Path("pg"))
	file := state.Path("secrets", "database")
	for _, content := range []string{"", "\n"} {
		err := durable.WriteFile(file, []byte(content))
		if err != nil {
			t.Fatal(err)
		}
		_, err = placeCluster(state, nil)
		if err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "network clean") {
			t.Errorf("got %v", err)
		}
	}
	_, err := os.Stat(state.Path("pg", "PG_VERSION"))
	if err != nil {
		t.Error(err)
	}
}

func TestEmptySecretIsMadeAnew(t *testing.T) {
	file := filepath.Join(t.TempDir(), "database")
	err := os.WriteFile(file, nil, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	value, err := secret(file)
	again, againErr := secret(file)
	if err != nil || againErr != nil || len(value) != 48 || again != value {
		t.Errorf("got %q, then %q: %v, %v", value, again, err, againErr)
	}
}
