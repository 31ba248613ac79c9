package database

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"yilian.example/network/topology"
)

// TestMembersAreStrangersInTheDatabase makes two members on a real PostgreSQL and has one try what it may not.
func TestMembersAreStrangersInTheDatabase(t *testing.T) {
	withPostgres(t, func(state topology.State, server Server, admin *pgx.Conn) {
		members := []string{"donghu", "qingshan"}
		for range 2 { // the second time finds all there
			err := server.Own(t.Context(), state, members)
			if err != nil {
				t.Fatal(err)
			}
		}
		other := connectAs(t, server, state, "qingshan")
		must(t, other, `CREATE TABLE qingshan.kept (v TEXT)`)
		must(t, other, `INSERT INTO qingshan.kept (v) VALUES ('theirs')`)
		own := connectAs(t, server, state, "donghu")
		must(t, own, `CREATE TABLE donghu.kept (v TEXT)`)
		must(t, own, `INSERT INTO donghu.kept (v) VALUES ('ours')`)
		for _, statement := range []string{
			`SELECT v FROM qingshan.kept`, `INSERT INTO qingshan.kept (v) VALUES ('x')`, `DELETE FROM qingshan.kept`,
			`UPDATE qingshan.kept SET v = 'x'`, `TRUNCATE qingshan.kept`, `DROP TABLE qingshan.kept`,
			`CREATE TABLE qingshan.mine (v TEXT)`, `CREATE INDEX ON qingshan.kept (v)`,
			`ALTER TABLE qingshan.kept ADD COLUMN w TEXT`, `ALTER SCHEMA qingshan OWNER TO CURRENT_USER`,
			`DROP SCHEMA qingshan CASCADE`, `GRANT USAGE ON SCHEMA qingshan TO CURRENT_USER`,
			`CREATE TABLE public.mine (v TEXT)`, `CREATE TABLE shared.mine (v TEXT)`, `CREATE SCHEMA mine`,
			`SET ROLE yilian_qingshan`, `SET SESSION AUTHORIZATION yilian_qingshan`, `SET ROLE yilian_shared`, `SET ROLE yilian`,
			`GRANT yilian_qingshan TO CURRENT_USER`, `ALTER ROLE yilian_qingshan PASSWORD 'x'`, `CREATE ROLE mine`,
			`ALTER ROLE CURRENT_USER SUPERUSER`, `COPY (SELECT 1) TO PROGRAM 'true'`, `CREATE TEMPORARY TABLE records (v TEXT)`,
		} {
			_, err := own.Exec(t.Context(), statement)
			var refused *pgconn.PgError
			if !errors.As(err, &refused) || refused.Code != "42501" { // insufficient_privilege
				t.Errorf("%s: %v", statement, err)
			}
		}
		must(t, own, `SET search_path = qingshan, donghu`)
		var v string
		err := own.QueryRow(t.Context(), `SELECT v FROM kept`).Scan(&v)
		if err != nil || v != "ours" {
			t.Errorf("with another's schema first on the search path: %q, %v", v, err)
		}
		err = own.QueryRow(t.Context(), `SELECT count(*)::TEXT FROM pg_stats WHERE schemaname = 'qingshan'`).Scan(&v)
		if err != nil || v != "0" {
			t.Errorf("statistics of another's rows: %s, %v", v, err)
		}
		_ = admin
	})
}

// TestWhoMayNotMakeRolesGetsTheSQL goes the way of a DATABASE_URL whose user is nobody special.
func TestWhoMayNotMakeRolesGetsTheSQL(t *testing.T) {
	withPostgres(t, func(state topology.State, server Server, admin *pgx.Conn) {
		must(t, admin, `CREATE ROLE guest LOGIN PASSWORD 'guest'`)
		members := []string{"donghu", "qingshan"}
		guest := server
		guest.URL = strings.Replace(
			server.URL,
			server.URL[len("postgresql://"):strings.Index(server.URL, "@")],
			"guest:guest",
			1,
		)
		err := guest.Own(t.Context(), state, members)
		file := state.Path("secrets", "database.sql")
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Fatalf("got %v", err)
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		password, err := secret(passwordFile(state, "donghu"))
		if err != nil || strings.Contains(string(text), password) {
			t.Errorf("the file holds a password, or there is none: %v", err)
		}
		must(t, admin, string(text))
		must(t, admin, `GRANT CONNECT ON DATABASE yilian TO guest`)
		err = guest.Own(t.Context(), state, members)
		if err != nil {
			t.Errorf("after the file was run: %v", err)
		}
	})
}

// TestOwnerOfTheDatabaseIsEnough: a user who owns the database and makes roles need not be a superuser.
func TestOwnerOfTheDatabaseIsEnough(t *testing.T) {
	withPostgres(t, func(state topology.State, server Server, admin *pgx.Conn) {
		must(t, admin, `CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'keeper'`)
		must(t, admin, `CREATE DATABASE kept OWNER keeper`)
		keeper := server
		keeper.URL = "postgresql://keeper:keeper@" + server.URL[strings.Index(server.URL, "@")+1:]
		keeper.URL = strings.Replace(keeper.URL, "/yilian?", "/kept?", 1)
		err := keeper.Own(t.Context(), state, []string{"donghu", "qingshan"})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestOldTablesAndStrangersStateAreRefused(t *testing.T) {
	withPostgres(t, func(state topology.State, server Server, admin *pgx.Conn) {
		must(t, admin, `CREATE TABLE public.schema_migrations (id INT8)`)
		err := server.Own(t.Context(), state, []string{"donghu"})
		if err == nil || !strings.Contains(err.Error(), "make clean") {
			t.Errorf("tables of all members in one schema: %v", err)
		}
		must(t, admin, `DROP TABLE public.schema_migrations`)
		err = server.Own(t.Context(), state, []string{"donghu"})
		if err != nil {
			t.Fatal(err)
		}
		err = server.Own(t.Context(), openState(t), []string{"donghu"})
		if err == nil || !strings.Contains(err.Error(), "another consortium") {
			t.Errorf("another state's passwords: %v", err)
		}
		must(t, admin, `DROP SCHEMA donghu`)
		err = server.Own(t.Context(), openState(t), []string{"donghu"})
		if err != nil {
			t.Errorf("a role left over from a dropped database: %v", err)
		}
	})
}

func TestOwnershipByTwoAtOnce(t *testing.T) {
	withPostgres(t, func(state topology.State, server Server, _ *pgx.Conn) {
		members := []string{"donghu", "qingshan", "baicao", "anhe"}
		for _, org := range members { // one state directory, so one set of passwords
			_, err := server.MemberURL(state, org)
			if err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan error)
		for range 4 {
			go func() { done <- server.Own(t.Context(), state, members) }()
		}
		for range 4 {
			err := <-done
			if err != nil {
				t.Error(err)
			}
		}
	})
}

// withPostgres runs a cluster of its own for a test.
func withPostgres(t *testing.T, use func(topology.State, Server, *pgx.Conn)) {
	t.Helper()
	_, err := findPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", "/usr/bin:/bin") // no cockroach
	state := openState(t)
	server, err := Prepare(t.Context(), state, freePort(t), "")
	if err != nil {
		t.Fatal(err)
	}
	run(t, state, server, func(admin *pgx.Conn) { use(state, server, admin) })
	err = Remove(state)
	if err != nil {
		t.Error(err)
	}
}

func connectAs(t *testing.T, server Server, state topology.State, org string) *pgx.Conn {
	t.Helper()
	address, err := server.MemberURL(state, org)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close(t.Context()) })
	return connection
}

func must(t *testing.T, connection *pgx.Conn, statement string) {
	t.Helper()
	_, err := connection.Exec(t.Context(), statement)
	if err != nil {
		t.Fatalf("%.60s: %v", statement, err)
	}
}
