package cockroach

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// notExplained are statements that have no plan, with the reason.
var notExplained = map[string]string{
	"make the migration lock": "a definition has no plan",
	"columns of the schema":   "reads the catalogue, at the start",
	"objects of the schema":   "reads the catalogue, at the start",
	"which server this is":    "reads no table",
}

// fullScans are statements that read a whole table, with the reason why they may.
var fullScans = map[string]string{
	"hold the migration lock": "the table has one row",
}

// narrowAudits are the statements of the audit that read a part of a table in turn. The others read whole tables: that
// is what an audit is for, and it rests twenty times as long as it takes.
var narrowAudits = []string{
	"audit record_versions", "audit sizes of record_versions", "audit numbers that were seen", "audit a range of places",
	"audit tiles", "audit head_anchors", "audit a range of anchors", "audit leaf of an anchor",
}

// TestStatementsUseIndexes fills the tables as a busy hospital would and has the server say how it would run each
// statement of the product. A full scan in any of them would grow with all patients.
func TestStatementsUseIndexes(t *testing.T) {
	db := openPlanDB(t)
	ctx := t.Context()
	at := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	fill := []string{
		`INSERT INTO records (org, type, id, version, patient, kind, deleted, recorded, size, tokens, bound)
			SELECT 'org' || (n % 4)::TEXT, 'Observation', 'id' || n::TEXT, 1, 'p' || (n % 2000)::TEXT, 'observations', false, $1,
			1, 1, '\x00'::BYTEA FROM generate_series(1, 40000) AS n`,
		`INSERT INTO record_versions (org, type, id, version, patient, kind, deleted, recorded, sealed, entry_id, bound)
			SELECT org, type, id, version, patient, kind, deleted, recorded, '\x00'::BYTEA, gen_random_uuid(), '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO search_tokens (org, type, token, id, version, bound)
			SELECT org, type, decode(md5(id), 'hex'), id, 1, '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO heads (org, room, scope, seq, state)
			SELECT DISTINCT org, 'records', patient, 1, '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO head_anchors (org, seq, heads, root, prev, sealed, entry_id, at, bound)
			SELECT 'org' || (n % 4)::TEXT, n, 1, '\x00', '\x00', '\x00', gen_random_uuid(), $1, '\x00' FROM generate_series(1, 9000) AS n`,
		`INSERT INTO access_heads (org, patient, seq, commitment, bound)
			SELECT DISTINCT org, patient, 5, '', '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO access_log (org, patient, seq, commitment, sealed, entry_id, at, bound)
			SELECT h.org, h.patient, s, '', '\x00'::BYTEA, gen_random_uuid(), $1, '\x00'::BYTEA FROM access_heads AS h, generate_series(1, 5) AS s`,
		`INSERT INTO patient_keys (org, patient, wrapped, created_at, bound)
			SELECT DISTINCT org, patient, '\x00'::BYTEA, recorded, '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO consents (custodian, id, patient, recipient, purpose, kinds, valid_from, valid_until, notice, lang,
			state, sealed, entry_id, created_at, tried, bound)
			SELECT org, id, patient, 'org2', 'TREAT', '{observations}', $1, $1, '', 'zh', 'granted', '\x00'::BYTEA,
			gen_random_uuid(), $1, true, '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO consent_orders (custodian, consent, op, attempts, due_at)
			SELECT org, id, 'grant', 0, recorded + INTERVAL '1 day' FROM records WHERE recorded <= $1`,
		`INSERT INTO consent_positions (org, block, bound) SELECT DISTINCT patient, 1, '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO log_pending (org, id, leaf, created_at, bound)
			SELECT org, gen_random_uuid(), '\x00'::BYTEA, recorded, '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO log_places (org, id, idx, leaf_hash, bound)
			SELECT org, gen_random_uuid(), row_number() OVER (), '\x00'::BYTEA, '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO log_heads (org, size, root, published_size, bound)
			SELECT DISTINCT patient, 0, '\x00'::BYTEA, -1, '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO log_tiles (org, level, n, width, data)
			SELECT 'org1', l, n, 256, '\x00'::BYTEA FROM generate_series(-1, 1) AS l, generate_series(1, 5000) AS n
			WHERE $1::TIMESTAMPTZ IS NOT NULL`,
		`INSERT INTO leases (name, holder, epoch, expires_at, bound)
			SELECT DISTINCT patient, '', 1, recorded, '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO sessions (org, id_hash, sealed, created_at, seen_at, expires_at, bound)
			SELECT org, decode(md5(id), 'hex'), '\x00'::BYTEA, $1, $1, $1, '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO session_ends (org, id_hash, keep_until, bound)
			SELECT org, decode(md5(id), 'hex'), $1::TIMESTAMPTZ + INTERVAL '1 day', '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO release_requests (org, from_org, id, received_at, bound)
			SELECT org, 'org9', gen_random_uuid(), $1, '\x00'::BYTEA FROM records WHERE recorded <= $1`,
		`INSERT INTO releases (org, request_id, recipient, patient, allowed, sealed, entry_id, created_at, bound)
			SELECT org, gen_random_uuid(), 'org9', patient, true, '\x00'::BYTEA, gen_random_uuid(), $1, '\x00'::BYTEA
			FROM records WHERE recorded <= $1`,
		`INSERT INTO received (org, request_id, actor, patient, custodian, allowed, sealed, entry_id, created_at, expires_at, bound)
			SELECT org, gen_random_uuid(), CASE WHEN random() < 0.05 THEN 'me' ELSE '' END, patient, 'org9', true,
				'\x00'::BYTEA, gen_random_uuid(), $1, $1::TIMESTAMPTZ + random() * INTERVAL '1 day', '\x00'::BYTEA
			FROM records WHERE recorded <= $1`,
	}
	for _, statement := range fill {
		if _, err := db.pool.Exec(ctx, statement, at); err != nil {
			t.Fatalf("%.40s: %v", statement, err)
		}
	}
	if _, err := db.pool.Exec(ctx, `ANALYZE`); err != nil {
		t.Fatal(err)
	}
	for _, st := range statements {
		t.Run(strings.ReplaceAll(st.name, " ", "_"), func(t *testing.T) {
			if reason, ok := notExplained[st.name]; ok && reason != "" {
				return
			}
			args, ok := examples(at)[st.name]
			if !ok {
				t.Fatal("has no example arguments: give some beside the others, so that its plan can be seen")
			}
			plan := explain(t, db, st.text, args)
			if strings.HasPrefix(st.name, "audit ") && !slices.Contains(narrowAudits, st.name) {
				return // see narrowAudits
			}
			full := strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "FULL SCAN")
			if reason, ok := fullScans[st.name]; ok {
				if !full {
					t.Errorf("reads no whole table any more (%s): take it from the list", reason)
				}
				return
			}
			if full {
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
