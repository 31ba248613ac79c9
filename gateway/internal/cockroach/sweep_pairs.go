package cockroach

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/fault"
)

// entryRows are all rows that name an entry of the log.
const entryRows = `(
		SELECT 'record_versions' AS tab, type || '/' || id || '/' || version::TEXT AS name, entry_id AS entry
			FROM record_versions
		UNION ALL SELECT 'access_log', patient || '/' || seq::TEXT, entry_id FROM access_log
		UNION ALL SELECT 'consents', id, entry_id FROM consents
		UNION ALL SELECT 'consents', id, ending_entry_id FROM consents WHERE ending_entry_id IS NOT NULL
		UNION ALL SELECT 'releases', request_id::TEXT, entry_id FROM releases
		UNION ALL SELECT 'head_anchors', seq::TEXT, entry_id FROM head_anchors
		UNION ALL SELECT 'received', request_id::TEXT, entry_id FROM received)`

// Each of these returns what does not fit: table, row and code.
var (
	queryLeafMissing = sql("audit rows without a leaf", `
		SELECT e.tab, e.name, 'LEAF_MISSING' FROM `+entryRows+` AS e
		LEFT JOIN log_pending AS w ON w.org = $1 AND w.id = e.entry
		LEFT JOIN log_places AS p ON p.org = $1 AND p.id = e.entry
		WHERE w.id IS NULL AND p.id IS NULL LIMIT $2`)

	queryRowMissing = sql("audit leaves without a row", `
		SELECT l.tab, l.id::TEXT, CASE WHEN e.n IS NULL THEN 'ROW_MISSING' ELSE 'ROWS_MISSING' END
		FROM (SELECT 'log_pending' AS tab, id FROM log_pending UNION ALL SELECT 'log_places', id FROM log_places) AS l
		LEFT JOIN (SELECT entry, count(entry) AS n FROM `+entryRows+` AS r GROUP BY entry) AS e ON e.entry = l.id
		WHERE $1::TEXT <> '' AND (e.n IS NULL OR e.n <> 1) LIMIT $2`)

	queryPlacedPending = sql("audit entries that wait and stand in the log", `
		SELECT 'log_pending', w.id::TEXT, 'ROW_ALTERED' FROM log_pending AS w
		JOIN log_places AS p ON p.org = w.org AND p.id = w.id WHERE w.org = $1 LIMIT $2`)

	queryVersionChains = sql("audit versions of records", `
		SELECT 'record_versions', COALESCE(r.type, v.type) || '/' || COALESCE(r.id, v.id), 'ROWS_MISSING'
		FROM (SELECT org, type, id, version, patient, kind FROM records WHERE org = $1) AS r
		FULL JOIN (
			SELECT org, type, id, count(version) AS n, max(version) AS top, min(patient) AS first_patient,
				max(patient) AS last_patient, min(kind) AS first_kind, max(kind) AS last_kind
			FROM record_versions GROUP BY org, type, id) AS v ON v.org = r.org AND v.type = r.type AND v.id = r.id
		WHERE r.version IS NULL OR v.n IS NULL OR v.n <> v.top OR r.version <> v.top OR r.patient <> v.first_patient
			OR r.patient <> v.last_patient OR r.kind <> v.first_kind OR r.kind <> v.last_kind
		LIMIT $2`)

	queryNewestVersions = sql("audit newest versions", `
		SELECT 'record_versions', r.type || '/' || r.id, 'ROW_ALTERED'
		FROM records AS r JOIN record_versions AS v
			ON v.org = r.org AND v.type = r.type AND v.id = r.id AND v.version = r.version
		WHERE r.org = $1 AND (r.deleted <> v.deleted OR r.recorded <> v.recorded OR r.size <> octet_length(v.sealed))
		LIMIT $2`)

	queryTokensOfRecords = sql("audit tokens of records", `
		SELECT 'search_tokens', COALESCE(r.type, t.type) || '/' || COALESCE(r.id, t.id), 'ROWS_MISSING'
		FROM (SELECT type, id, version, tokens FROM records WHERE org = $1) AS r
		FULL JOIN (
			SELECT type, id, count(token) AS n, min(version) AS oldest, max(version) AS newest
			FROM search_tokens GROUP BY type, id) AS t ON t.type = r.type AND t.id = r.id
		WHERE r.version IS NULL OR r.tokens <> COALESCE(t.n, 0) OR t.oldest <> r.version OR t.newest <> r.version
		LIMIT $2`)

	queryAccessChains = sql("audit access chains", `
		SELECT 'access_log', COALESCE(h.patient, l.patient), 'ROWS_MISSING'
		FROM (SELECT patient, seq, commitment FROM access_heads WHERE org = $1) AS h
		FULL JOIN (SELECT patient, count(seq) AS n, max(seq) AS top FROM access_log GROUP BY patient) AS l
			ON l.patient = h.patient
		LEFT JOIN access_log AS e ON e.org = $1 AND e.patient = l.patient AND e.seq = l.top
		WHERE h.seq IS NULL OR l.n IS NULL OR h.seq <> l.n OR l.top <> l.n OR e.commitment IS NULL
			OR e.commitment <> h.commitment
		LIMIT $2`)

	queryKeysMissing = sql("audit keys of patients", `
		SELECT 'patient_keys', d.patient, 'KEY_MISSING'
		FROM (
			SELECT patient FROM records UNION SELECT patient FROM record_versions UNION SELECT patient FROM access_heads
			UNION SELECT patient FROM access_log UNION SELECT patient FROM consents UNION SELECT patient FROM releases
			UNION SELECT patient FROM received UNION SELECT scope FROM heads) AS d
		LEFT JOIN patient_keys AS k ON k.org = $1 AND k.patient = d.patient
		WHERE d.patient <> '' AND k.patient IS NULL LIMIT $2`)

	queryEndedSessions = sql("audit sessions that ended", `
		SELECT 'sessions', substr(encode(s.id_hash, 'hex'), 1, 8), 'ROW_ALTERED'
		FROM sessions AS s JOIN session_ends AS e ON e.org = s.org AND e.id_hash = s.id_hash WHERE s.org = $1 LIMIT $2`)
)

// pairs compares tables with each other.
func (s *sweep) pairs(ctx context.Context) error {
	for _, st := range []statement{
		queryLeafMissing, queryRowMissing, queryPlacedPending, queryVersionChains, queryNewestVersions, queryTokensOfRecords,
		queryAccessChains, queryKeysMissing, queryEndedSessions,
	} {
		rows, err := s.tx.Query(ctx, st.text, s.org, maxAlarms)
		if err != nil {
			return fmt.Errorf("%s: %w", st.name, err)
		}
		var table, row, code string
		_, err = pgx.ForEachRow(rows, []any{&table, &row, &code}, func() error {
			s.alarm(table, row, fault.Code(code))
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s: %w", st.name, err)
		}
	}
	return nil
}
