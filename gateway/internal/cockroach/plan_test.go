package cockroach

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// TestHotStatementsUseIndexes fills the tables as a busy hospital would and has the server say how it would run what
// every request runs. A full scan in any of them would grow with all patients of all members.
func TestHotStatementsUseIndexes(t *testing.T) {
	db := openPlanDB(t)
	ctx := t.Context()
	at := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	fill := []string{
		`INSERT INTO records (org, type, id, version, patient, kind, deleted, recorded)
			SELECT 'org' || (n % 4)::TEXT, 'Observation', 'id' || n::TEXT, 1, 'p' || (n % 2000)::TEXT, 'observations', false, $1 FROM generate_series(1, 40000) AS n`,
		`INSERT INTO record_versions (org, type, id, version, patient, kind, deleted, recorded, sealed, entry_id)
			SELECT org, type, id, version, patient, kind, deleted, recorded, '\x00'::BYTEA, gen_random_uuid() FROM records WHERE recorded <= $1`,
		`INSERT INTO search_tokens (org, type, token, id)
			SELECT org, type, decode(md5(id), 'hex'), id FROM records WHERE recorded <= $1`,
		`INSERT INTO care_windows (org, patient, type, id, starts_at, ends_at)
			SELECT org, patient, 'Encounter', id, recorded, NULL FROM records WHERE recorded <= $1`,
		`INSERT INTO holdings (patient, org, kind, held, latest)
			SELECT DISTINCT patient, org, kind, 1, recorded FROM records WHERE recorded <= $1`,
		`INSERT INTO access_heads (org, patient, seq, commitment) SELECT DISTINCT org, patient, 5, '' FROM records WHERE recorded <= $1`,
		`INSERT INTO access_log (org, patient, seq, commitment, sealed, entry_id, at)
			SELECT h.org, h.patient, s, '', '\x00'::BYTEA, gen_random_uuid(), $1 FROM access_heads AS h, generate_series(1, 5) AS s`,
		`INSERT INTO patient_keys (org, patient, wrapped, created_at) SELECT DISTINCT org, patient, '\x00'::BYTEA, recorded FROM records WHERE recorded <= $1`,
	}
	for _, statement := range fill {
		if _, err := db.pool.Exec(ctx, statement, at); err != nil {
			t.Fatalf("%.40s: %v", statement, err)
		}
	}
	for _, table := range []string{"records", "record_versions", "search_tokens", "care_windows", "holdings", "access_heads", "access_log", "patient_keys"} {
		if _, err := db.pool.Exec(ctx, `ANALYZE `+table); err != nil {
			t.Fatal(err)
		}
	}
	types, ids := []string{"Observation", "Observation"}, []string{"id1", "id2"}
	hot := []struct {
		name, sql string
		args      []any
	}{
		{"where records stand", queryCurrentVersions, []any{"org1", types, ids}},
		{"current version", queryCurrentVersion, []any{"org1", "Observation", "id1"}},
		{"one version", queryVersion, []any{"org1", "Observation", "id1", 1}},
		{
			"page of a patient",
			queryPage,
			[]any{"org1", "p1", at.Add(time.Hour), "", "", []string{"observations"}, "", nil, 50},
		},
		{"access head", queryAccessHead, []any{"org1", "p1"}},
		{"access entries", queryAccessEntries, []any{"org1", "p1", int64(5), 3}},
		{"find", queryFindIDs, []any{"org1", "Observation", [][]byte{[]byte("0123456789abcdef")}, 1, 10}},
		{"holdings", queryHoldings, []any{"p1"}},
		{"care", queryInCare, []any{"org1", "p1", at, at}},
		{
			"update records",
			updateRecords,
			[]any{"org1", types, ids, []int64{2, 2}, []bool{false, false}, []time.Time{at, at}},
		},
		{"delete tokens", deleteTokens, []any{"org1", types, ids}},
		{"delete care", deleteCare, []any{"org1", []string{"p1", "p2"}, types, ids}},
		{"destroyed keys", countDestroyedKeys, []any{"org1", []string{"p1"}}},
	}
	for _, h := range hot {
		t.Run(strings.ReplaceAll(h.name, " ", "_"), func(t *testing.T) {
			plan := explain(t, db, h.sql, h.args)
			if strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "FULL SCAN") {
				t.Errorf("reads a whole table:\n%s", plan)
			}
		})
	}
	if plan := explain(t, db, `SELECT id FROM records WHERE version = $1`, []any{9}); !strings.Contains(
		plan, "Seq Scan",
	) &&
		!strings.Contains(plan, "FULL SCAN") {
		t.Errorf("the check for full scans does not see one:\n%s", plan)
	}
}

func explain(t *testing.T, db *DB, sql string, args []any) string {
	t.Helper()
	var lines []string
	err := db.Tx(t.Context(), func(tx pgx.Tx) error {
		rows, err := tx.Query(t.Context(), "EXPLAIN "+sql, args...)
		if err != nil {
			return err
		}
		lines, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
			values, err := row.Values()
			return fmt.Sprint(values...), err
		})
		return err
	})
	if err != nil {
		t.Fatalf("explain: %v", err)
	}
	return strings.Join(lines, "\n")
}
