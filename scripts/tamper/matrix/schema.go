package matrix

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Table is one table as the database describes it.
type Table struct {
	Schema, Name string
	Columns      []Column
	Key          []string // primary key; all columns where there is none
}

// Column is one column of a table.
type Column struct {
	Name, Type string
	Nullable   bool
}

// String is the table's name as SQL wants it.
func (t Table) String() string { return pgx.Identifier{t.Schema, t.Name}.Sanitize() }

func (t Table) has(column string) bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == column })
}

// Row is one row: by column, its value as the database writes it in JSON.
type Row map[string]string

func (r Row) text() string {
	out := map[string]json.RawMessage{}
	for column, value := range r {
		out[column] = json.RawMessage(value)
	}
	encoded, err := json.Marshal(out)
	if err != nil {
		return "{}" // every value came out of a decoder
	}
	return string(encoded)
}

// with returns a copy with one other value.
func (r Row) with(column, value string) Row {
	out := make(Row, len(r))
	for c, v := range r {
		out[c] = v
	}
	out[column] = value
	return out
}

// key names a row within its table.
func (t Table) key(r Row) string {
	parts := make([]string, len(t.Key))
	for i, c := range t.Key {
		parts[i] = r[c]
	}
	return strings.Join(parts, "|")
}

// owner is the organisation that a row belongs to: the one that its column names, or else the one whose schema it is
// in.
func (t Table) owner(r Row) string {
	for _, column := range []string{"org", "custodian"} {
		if t.has(column) {
			return strings.Trim(r[column], `"`)
		}
	}
	return t.Schema
}

// tables describes every table of the database that is not the server's own. None is left out: a table that nobody
// thought of is what this is for.
func tables(ctx context.Context, db *pgx.Conn) ([]Table, error) {
	const columns = `SELECT c.table_schema, c.table_name, c.column_name, c.data_type, c.is_nullable = 'YES'
		FROM information_schema.columns c JOIN information_schema.tables t
			ON t.table_schema = c.table_schema AND t.table_name = c.table_name AND t.table_type = 'BASE TABLE'
		WHERE c.table_schema NOT IN ('pg_catalog', 'information_schema', 'crdb_internal', 'pg_extension')
		ORDER BY c.table_schema, c.table_name, c.ordinal_position`
	rows, err := db.Query(ctx, columns)
	if err != nil {
		return nil, fmt.Errorf("list columns: %w", err)
	}
	defer rows.Close()
	var out []Table
	for rows.Next() {
		var schema, name string
		var c Column
		if err := rows.Scan(&schema, &name, &c.Name, &c.Type, &c.Nullable); err != nil {
			return nil, fmt.Errorf("list columns: %w", err)
		}
		if n := len(out); n == 0 || out[n-1].Schema != schema || out[n-1].Name != name {
			out = append(out, Table{Schema: schema, Name: name})
		}
		t := &out[len(out)-1]
		t.Columns = append(t.Columns, c)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list columns: %w", err)
	}
	return out, keys(ctx, db, out)
}

// keys fills in the primary keys.
func keys(ctx context.Context, db *pgx.Conn, all []Table) error {
	const columns = `SELECT k.table_schema, k.table_name, k.column_name
		FROM information_schema.key_column_usage k JOIN information_schema.table_constraints c
			ON c.constraint_schema = k.constraint_schema AND c.constraint_name = k.constraint_name
			AND c.table_name = k.table_name AND c.constraint_type = 'PRIMARY KEY'
		ORDER BY k.table_schema, k.table_name, k.ordinal_position`
	rows, err := db.Query(ctx, columns)
	if err != nil {
		return fmt.Errorf("list keys: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var schema, name, column string
		if err := rows.Scan(&schema, &name, &column); err != nil {
			return fmt.Errorf("list keys: %w", err)
		}
		i := slices.IndexFunc(all, func(t Table) bool { return t.Schema == schema && t.Name == name })
		if i >= 0 && !slices.Contains(all[i].Key, column) {
			all[i].Key = append(all[i].Key, column)
		}
	}
	for i, t := range all {
		if len(t.Key) == 0 {
			for _, c := range t.Columns {
				all[i].Key = append(all[i].Key, c.Name)
			}
		}
	}
	return rows.Err()
}

// State is all rows of all tables at one moment, by Table.String.
type State map[string][]Row

// state reads all rows in one transaction.
func state(ctx context.Context, db *pgx.Conn, all []Table) (State, error) {
	tx, err := db.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable, AccessMode: pgx.ReadOnly})
	if err != nil {
		return nil, fmt.Errorf("read state: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // only read from
	out := State{}
	for _, t := range all {
		out[t.String()], err = rowsOf(ctx, tx, t)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// rowsOf reads a table, in the order of its keys.
func rowsOf(ctx context.Context, q querier, t Table) ([]Row, error) {
	rows, err := q.Query(ctx, "SELECT to_jsonb(t)::TEXT FROM "+t.String()+" AS t")
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Name, err)
	}
	out := make([]Row, 0, len(texts))
	for _, text := range texts {
		raw := map[string]json.RawMessage{}
		if err := json.Unmarshal([]byte(text), &raw); err != nil {
			return nil, fmt.Errorf("read %s: %w", t.Name, err)
		}
		r := make(Row, len(raw))
		for column, value := range raw {
			r[column] = string(value)
		}
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Row) int { return strings.Compare(t.key(a), t.key(b)) })
	return out, nil
}
