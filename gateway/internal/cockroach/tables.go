package cockroach

import "strings"

// table says how the rows of one table are bound, so that the audit can check each without knowing what it is about. A
// test compares the list with the schema: a table or a column that is not here would not be audited.
type table struct {
	name    string
	key     string    // columns that name a row
	owner   string    // column that says whose the row is
	rows    statement // reads the columns in the order in which they are bound, the tag, and what the head says
	room    string    // room of the head that sums the rows up, where there is one
	scope   string    // column with the scope of that head; empty for the organisation's
	part    string    // column with the part of that head
	parts   bool      // rows are large: the statement reads a range of them
	columns string    // of tables without rows to read, for the comparison with the schema
	why     string    // why their rows have no tag
}

var tables = []table{
	{name: "patient_keys", owner: "org", key: "patient", rows: sql("audit patient_keys", `
		SELECT org, patient, wrapped, created_at, destroyed_at, bound FROM patient_keys`)},
	{
		name: "records", owner: "org", key: "type, id", room: roomRecords, scope: "patient", part: "kind",
		rows: sql("audit records", `
			SELECT t.org, t.type, t.id, t.version, t.patient, t.kind, t.deleted, t.recorded, t.size, t.tokens, t.care_starts,
				t.care_ends, t.bound, h.seq, h.state
			FROM records AS t LEFT JOIN heads AS h ON h.org = t.org AND h.room = 'records' AND h.scope = t.patient
			ORDER BY t.org, t.patient`),
	},
	{
		name: "record_versions", owner: "org", key: "type, id, version", parts: true,
		rows: sql("audit record_versions", `
			SELECT org, type, id, version, patient, kind, deleted, recorded, sealed, entry_id::TEXT, bound FROM record_versions
			WHERE org = $1 AND (type, id, version) > ($2::TEXT, $3::TEXT, $4::INT8)
				AND (type, id, version) <= ($5::TEXT, $6::TEXT, $7::INT8)`),
	},
	{name: "search_tokens", owner: "org", key: "type, id, token", rows: sql("audit search_tokens", `
		SELECT org, type, token, id, version, bound FROM search_tokens`)},
	{name: "access_heads", owner: "org", key: "patient", rows: sql("audit access_heads", `
		SELECT org, patient, seq, commitment, bound FROM access_heads`)},
	{name: "access_log", owner: "org", key: "patient, seq", rows: sql("audit access_log", `
		SELECT org, patient, seq, commitment, sealed, entry_id::TEXT, at, bound FROM access_log`)},
	{
		name: "head_anchors", key: "seq", owner: "org", parts: true, rows: sql("audit head_anchors", `
			SELECT org, seq, heads, root, prev, sealed, entry_id::TEXT, at, bound FROM head_anchors
			WHERE org = $1 AND seq = $2`),
	},
	{name: "log_pending", owner: "org", key: "id", rows: sql("audit log_pending", `
		SELECT org, id::TEXT, leaf, created_at, bound FROM log_pending`)},
	{name: "log_places", owner: "org", key: "id", rows: sql("audit log_places", `
		SELECT org, id::TEXT, idx, leaf_hash, bound FROM log_places`)},
	{name: "log_heads", owner: "org", key: "org", rows: sql("audit log_heads", `
		SELECT org, size, root, published, published_size, witnessed_at, unwitnessed_since, bound FROM log_heads`)},
	{name: "leases", owner: "name", key: "name", rows: sql("audit leases", `
		SELECT name, holder, epoch, expires_at, bound FROM leases`)},
	{
		name: "consents", owner: "custodian", key: "id", room: roomConsents, scope: "patient",
		rows: sql("audit consents", `
			SELECT t.custodian, t.id, t.patient, t.recipient, t.purpose, t.kinds, t.valid_from, t.valid_until, t.notice, t.lang,
				t.state, t.sealed, t.receipt, t.refusal, t.entry_id::TEXT, t.created_at, t.withdrawn_at, t.ending,
				t.ending_entry_id::TEXT, t.carried_at, t.tried, t.bound, h.seq, h.state
			FROM consents AS t LEFT JOIN heads AS h ON h.org = t.custodian AND h.room = 'consents' AND h.scope = t.patient
			ORDER BY t.custodian, t.patient`),
	},
	{name: "consent_positions", owner: "org", key: "org", rows: sql("audit consent_positions", `
		SELECT org, block, bound FROM consent_positions`)},
	{name: "sessions", owner: "org", key: "id_hash", rows: sql("audit sessions", `
		SELECT org, id_hash, sealed, created_at, seen_at, expires_at, bound FROM sessions`)},
	{
		name: "session_ends", owner: "org", key: "id_hash", room: roomSessions,
		rows: sql("audit session_ends", `
			SELECT t.org, t.id_hash, t.keep_until, t.bound, h.seq, h.state
			FROM session_ends AS t LEFT JOIN heads AS h ON h.org = t.org AND h.room = 'sessions' AND h.scope = ''
			ORDER BY t.org`),
	},
	{name: "release_requests", owner: "org", key: "from_org, id", rows: sql("audit release_requests", `
		SELECT org, from_org, id::TEXT, received_at, bound FROM release_requests`)},
	{name: "releases", owner: "org", key: "request_id", rows: sql("audit releases", `
		SELECT org, request_id::TEXT, recipient, patient, allowed, sealed, entry_id::TEXT, created_at, bound FROM releases`)},
	{name: "received", owner: "org", key: "request_id", rows: sql("audit received", `
		SELECT org, request_id::TEXT, actor, patient, custodian, allowed, sealed, entry_id::TEXT, created_at, expires_at,
			bound
		FROM received`)},

	{name: "heads", columns: "org, room, scope, seq, state", why: "sealed for their place and number"},
	{
		name: "log_tiles", columns: "org, level, n, width, data",
		why: "the tree that they make up has the root that the head of the log is bound to",
	},
	{
		name: "consent_orders", columns: "custodian, consent, op, attempts, due_at, claim, claimed_until, last_problem",
		why: "a queue that is made again from the consents",
	},
	{
		name: "schema_migrations", columns: "id, version_id, is_applied, tstamp",
		why: "which migrations ran; the schema is compared",
	},
	{name: "migration_lock", columns: "id", why: "one row, held while migrations run"},
}

// bound returns the columns that a row's tag binds, in order.
func (t table) bound() []string {
	list, _, _ := strings.Cut(t.rows.text, "FROM")
	list = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(list), "SELECT"))
	var out []string
	for _, column := range strings.Split(list, ",") {
		column = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(column), "t."), "::TEXT")
		if column == "bound" {
			return out
		}
		out = append(out, column)
	}
	return out
}

// owned returns what the owner's column must hold.
func (t table) owned(org string) string {
	if t.owner == "name" {
		return "log/" + org
	}
	return org
}
