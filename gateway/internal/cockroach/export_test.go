package cockroach

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/gateway/internal/weigh"
)

// openTestDB is set by the external tests, since cockroachtest imports this package.
var openTestDB func(testing.TB) *DB

// SetOpenTestDB says how white-box tests get a database.
func SetOpenTestDB(open func(testing.TB) *DB) { openTestDB = open }

func openPlanDB(t testing.TB) *DB {
	t.Helper()
	return openTestDB(t)
}

// Statements are all registered statements by name.
func Statements() map[string]string {
	out := make(map[string]string, len(statements))
	for _, s := range statements {
		if _, twice := out[s.name]; twice {
			panic("two statements are named " + s.name)
		}
		out[s.name] = s.text
	}
	return out
}

// Describe is what the schema's digest is made of.
func (db *DB) Describe(t testing.TB) []string {
	t.Helper()
	lines, err := db.describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// OnCockroach tells CockroachDB from PostgreSQL.
func (db *DB) OnCockroach(t testing.TB) bool {
	t.Helper()
	on, err := db.onCockroach(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return on
}

// CompareTables says where the list of audited tables differs from the schema.
func (db *DB) CompareTables(t testing.TB) []string {
	t.Helper()
	have := map[string][]string{}
	rows, err := db.pool.Query(t.Context(), `SELECT table_name, column_name FROM information_schema.columns
		WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position`)
	if err != nil {
		t.Fatal(err)
	}
	var name, column string
	if _, err := pgx.ForEachRow(rows, []any{&name, &column}, func() error {
		have[name] = append(have[name], column)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var out []string
	compared := strings.Join(strings.Fields(entryRows), " ")
	for _, spec := range tables {
		want := append(spec.bound(), "bound")
		if spec.why != "" {
			want = strings.Split(spec.columns, ", ")
		}
		if !slices.Equal(want, have[spec.name]) {
			out = append(out, fmt.Sprintf("%s: audited %v, there are %v", spec.name, want, have[spec.name]))
		}
		for _, column := range have[spec.name] {
			if strings.HasSuffix(column, "entry_id") && !strings.Contains(compared, column+" FROM "+spec.name) &&
				!strings.Contains(compared, column+" AS entry FROM "+spec.name) {
				out = append(out, spec.name+"."+column+": names an entry of the log and is not compared with it")
			}
		}
		delete(have, spec.name)
	}
	for name := range have {
		out = append(out, name+": is not audited")
	}
	return out
}

// SetMaxHeld makes the scale of large pages smaller.
func (db *DB) SetMaxHeld(most int64) { db.scale = weigh.NewScale(most) }

// held calls hold before each statement, commit and batch, with the text of the latter's first statement.
type held struct{ hold func(sql string) }

func (h held) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	h.hold(d.SQL)
	return ctx
}

func (held) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (h held) TraceBatchStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	h.hold(d.Batch.QueuedQueries[0].SQL)
	return ctx
}

func (held) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (held) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// OpenHeld opens the database of db once more, as another process would, and holds it up at every step.
func (db *DB) OpenHeld(t testing.TB, hold func(sql string)) *DB {
	t.Helper()
	other, err := open(t.Context(), db.pool.Config().ConnString(), db.schema, db.key, 16, held{hold})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	return other
}

// Within ends a context after d, as for what may take long.
func Within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return within(ctx, d)
}
