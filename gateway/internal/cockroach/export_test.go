package cockroach

import "testing"

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
