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
