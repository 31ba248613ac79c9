package cockroach

import (
	"context"
	"crypto/sha256"
	_ "embed" // the schema as it should be
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// schemaText is what describe finds after all migrations, on PostgreSQL; a test writes and compares it.
//
//go:embed schema.txt
var schemaText string

var (
	queryServer = sql("which server this is", `SELECT version()`)

	// Goose's own table differs between servers.
	queryColumns = sql("columns of the schema", `
	SELECT 'column ' || table_name || '.' || column_name || ' '
		|| CASE data_type WHEN 'ARRAY' THEN udt_name ELSE data_type END
		|| CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
	FROM information_schema.columns
	WHERE table_schema = current_schema() AND table_name <> 'schema_migrations'`)

	// What could change what a statement does, or let somebody else in.
	queryObjects = sql("objects of the schema", `
	WITH r AS (
		SELECT c.oid, c.relname, c.relkind, c.relpersistence, c.relrowsecurity, c.relowner, c.relacl
		FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'v', 'm', 'p', 'f'))
	SELECT 'relation ' || r.relname || ' ' || r.relkind::TEXT || r.relpersistence::TEXT
		|| CASE WHEN r.relrowsecurity THEN ' row security' ELSE '' END
	FROM r
	UNION ALL
	SELECT 'default ' || r.relname || '.' || a.attname || ' ' || pg_get_expr(d.adbin, d.adrelid)
	FROM r JOIN pg_attrdef AS d ON d.adrelid = r.oid
	JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
	UNION ALL
	SELECT 'constraint ' || r.relname || '.' || k.conname || ' ' || pg_get_constraintdef(k.oid, true)
	FROM r JOIN pg_constraint AS k ON k.conrelid = r.oid WHERE k.contype <> 'n'
	UNION ALL
	SELECT 'index ' || pg_get_indexdef(i.indexrelid, 0, true) || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END
	FROM r JOIN pg_index AS i ON i.indrelid = r.oid
	UNION ALL
	SELECT 'trigger ' || r.relname || ' ' || pg_get_triggerdef(t.oid, true)
	FROM r JOIN pg_trigger AS t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
	UNION ALL
	SELECT 'rule ' || r.relname || ' ' || pg_get_ruledef(w.oid, true) FROM r JOIN pg_rewrite AS w ON w.ev_class = r.oid
	UNION ALL
	SELECT 'policy ' || r.relname || ' ' || p.polname FROM r JOIN pg_policy AS p ON p.polrelid = r.oid
	UNION ALL
	SELECT 'function ' || f.proname FROM pg_proc AS f JOIN pg_namespace AS n ON n.oid = f.pronamespace
	WHERE n.nspname = current_schema()
	UNION ALL
	SELECT 'grant ' || r.relname || ' ' || g.privilege_type || ' ' || g.grantee::TEXT
	FROM r, aclexplode(r.relacl) AS g WHERE g.grantee <> r.relowner`)
)

// SchemaDigest is the SHA-256 of what the connected schema looks like now: tables, columns, constraints, indexes,
// triggers, rules, policies, functions, and what was granted to others. Who adds a trigger or drops a constraint
// changes it.
func (db *DB) SchemaDigest(ctx context.Context) (string, error) {
	lines, err := db.describe(ctx)
	if err != nil {
		return "", fmt.Errorf("read schema: %w", classify(err))
	}
	return digest(lines), nil
}

// ExpectedSchemaDigest is what SchemaDigest returns on PostgreSQL when the schema is as this program's migrations make
// it.
func ExpectedSchemaDigest() string { return digest(expectedSchema(false)) }

func digest(lines []string) string {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

// expectedSchema is the description as it should be. CockroachDB's catalogue tells other things in other words, so that
// only columns are compared there.
func expectedSchema(columnsOnly bool) []string {
	var out []string
	for line := range strings.Lines(schemaText) {
		if !columnsOnly || strings.HasPrefix(line, "column ") {
			out = append(out, strings.TrimSuffix(line, "\n"))
		}
	}
	return out
}

// compareSchema is an error when the schema is not as the migrations make it. It names the first difference: names of
// tables and columns, never content.
func (db *DB) compareSchema(ctx context.Context) error {
	found, err := db.describe(ctx)
	if err != nil {
		return classify(err)
	}
	cockroach, err := db.onCockroach(ctx)
	if err != nil {
		return classify(err)
	}
	expected := expectedSchema(cockroach)
	for _, line := range expected {
		if !slices.Contains(found, line) {
			return errors.New("somebody changed the database's schema; missing: " + line)
		}
	}
	for _, line := range found {
		if !slices.Contains(expected, line) {
			return errors.New("somebody changed the database's schema; added: " + line)
		}
	}
	return nil
}

func (db *DB) onCockroach(ctx context.Context) (bool, error) {
	var version string
	err := db.look(ctx, func(q querier) error { return q.QueryRow(ctx, queryServer.text).Scan(&version) })
	return strings.Contains(version, "CockroachDB"), err
}

// describe lists what there is in the schema, a line each, sorted.
func (db *DB) describe(ctx context.Context) ([]string, error) {
	cockroach, err := db.onCockroach(ctx)
	if err != nil {
		return nil, err
	}
	queries := []statement{queryColumns, queryObjects}
	if cockroach {
		queries = queries[:1]
	}
	var lines []string
	for _, query := range queries {
		var found []string
		err := db.look(ctx, func(q querier) error {
			rows, err := q.Query(ctx, query.text)
			if err != nil {
				return err
			}
			found, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, line := range found {
			lines = append(lines, strings.ReplaceAll(line, "\n", " "))
		}
	}
	slices.Sort(lines)
	return lines, nil
}
