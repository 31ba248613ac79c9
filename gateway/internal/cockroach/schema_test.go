package cockroach_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

var update = flag.Bool("update", false, "write docs/schema.sql and schema.txt as the migrations make them")

const schemaHead = "-- The schema of one organisation, as the migrations make it. Written by\n" +
	"-- go test ./gateway/internal/cockroach -run TestSchemaIsWrittenDown -update\n"

// TestSchemaIsWrittenDown compares what the migrations make with docs/schema.sql, for people, and schema.txt, by which
// a gateway sees at its start that somebody changed the schema.
func TestSchemaIsWrittenDown(t *testing.T) {
	db := cockroachtest.New(t)
	if db.OnCockroach(t) {
		if err := db.CheckSchema(t.Context()); err != nil {
			t.Error(err)
		}
		return
	}
	compare(t, "schema.txt", strings.Join(db.Describe(t), "\n")+"\n")
	compare(t, "../../../docs/schema.sql", schemaHead+strings.Join(render(t, db), ""))
}

func compare(t *testing.T, file, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("%s is not what the migrations make: run this test with -update, and read the difference", file)
	}
}

// render writes each table as a statement that would make it.
func render(t *testing.T, db *cockroach.DB) []string {
	t.Helper()
	var out []string
	for _, table := range texts(t, db, `SELECT table_name FROM information_schema.tables
		WHERE table_schema = current_schema() ORDER BY table_name`) {
		lines := texts(t, db, `SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
			|| CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
			FROM pg_attribute AS a WHERE a.attrelid = $1::TEXT::REGCLASS AND a.attnum > 0 AND NOT a.attisdropped
			ORDER BY a.attnum`, table)
		lines = append(lines, texts(t, db, `SELECT pg_get_constraintdef(oid, true) FROM pg_constraint
			WHERE conrelid = $1::TEXT::REGCLASS AND contype <> 'n' ORDER BY contype DESC, conname`, table)...)
		text := fmt.Sprintf("\nCREATE TABLE %s (\n    %s\n);\n", table, strings.Join(lines, ",\n    "))
		for _, line := range texts(t, db, `SELECT pg_get_indexdef(indexrelid, 0, true) FROM pg_index
			WHERE indrelid = $1::TEXT::REGCLASS AND NOT indisprimary ORDER BY 1`, table) {
			text += line + ";\n"
		}
		for _, line := range texts(t, db, `SELECT 'COMMENT ON ' || CASE d.objsubid WHEN 0 THEN 'TABLE ' || $1::TEXT
			ELSE 'COLUMN ' || $1::TEXT || '.' || a.attname END || ' IS ' || quote_literal(d.description)
			FROM pg_description AS d
			LEFT JOIN pg_attribute AS a ON a.attrelid = d.objoid AND a.attnum = d.objsubid AND d.objsubid > 0
			WHERE d.classoid = 'pg_class'::REGCLASS AND d.objoid = $1::TEXT::REGCLASS ORDER BY d.objsubid`, table) {
			text += line + ";\n"
		}
		out = append(out, text)
	}
	return out
}

func texts(t *testing.T, db *cockroach.DB, query string, args ...any) []string {
	t.Helper()
	rows, err := db.Pool().Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestChangedSchemaIsRefused changes the schema in the ways by which stored rows could be made to lie.
func TestChangedSchemaIsRefused(t *testing.T) {
	db := cockroachtest.New(t)
	if err := db.CheckSchema(t.Context()); err != nil {
		t.Fatal(err)
	}
	changes := []struct{ do, undo string }{
		{`ALTER TABLE records ADD COLUMN extra TEXT`, `ALTER TABLE records DROP COLUMN extra`},
		{`ALTER TABLE records ALTER COLUMN kind DROP NOT NULL`, `ALTER TABLE records ALTER COLUMN kind SET NOT NULL`},
		{`CREATE TABLE extra (v TEXT PRIMARY KEY)`, `DROP TABLE extra`},
	}
	if !db.OnCockroach(t) {
		if got, err := db.SchemaDigest(t.Context()); err != nil || got != cockroach.ExpectedSchemaDigest() {
			t.Fatalf("digest %s, %v", got, err)
		}
		changes = append(changes, []struct{ do, undo string }{
			{`CREATE RULE quiet AS ON DELETE TO records DO INSTEAD NOTHING`, `DROP RULE quiet ON records`},
			{
				`CREATE FUNCTION lie() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
				CREATE TRIGGER lie BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION lie()`,
				`DROP TRIGGER lie ON records; DROP FUNCTION lie()`,
			},
			{`CREATE POLICY few ON records USING (false)`, `DROP POLICY few ON records`},
			{`ALTER TABLE records ENABLE ROW LEVEL SECURITY`, `ALTER TABLE records DISABLE ROW LEVEL SECURITY`},
			{`ALTER TABLE records ALTER COLUMN kind SET DEFAULT ''`, `ALTER TABLE records ALTER COLUMN kind DROP DEFAULT`},
			{`GRANT SELECT ON records TO PUBLIC`, `REVOKE SELECT ON records FROM PUBLIC`},
			{
				`ALTER TABLE consent_orders DROP CONSTRAINT consent_orders_op_check`,
				`ALTER TABLE consent_orders ADD CONSTRAINT consent_orders_op_check CHECK (op IN ('grant', 'withdraw'))`,
			},
			{`DROP INDEX records_by_patient`, `CREATE INDEX records_by_patient ON records (org, patient)`},
		}...)
	}
	for _, c := range changes {
		if _, err := db.Pool().Exec(t.Context(), c.do); err != nil {
			t.Fatalf("%s: %v", c.do, err)
		}
		if err := db.CheckSchema(t.Context()); err == nil {
			t.Errorf("%s: not seen", c.do)
		}
		if got, err := db.SchemaDigest(t.Context()); err != nil || got == cockroach.ExpectedSchemaDigest() {
			t.Errorf("%s: digest unchanged, %v", c.do, err)
		}
		if _, err := db.Pool().Exec(t.Context(), c.undo); err != nil {
			t.Fatalf("%s: %v", c.undo, err)
		}
	}
	if err := db.CheckSchema(t.Context()); err != nil {
		t.Errorf("all undone: %v", err)
	}
}
