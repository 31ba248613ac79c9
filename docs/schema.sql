-- The schema of one organisation, as the migrations make it. Written by
-- go test ./gateway/internal/cockroach -run TestSchemaIsWrittenDown -update

CREATE TABLE access_heads (
    org text NOT NULL,
    patient text NOT NULL,
    seq bigint NOT NULL,
    commitment text NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (org, patient)
);
COMMENT ON TABLE access_heads IS 'The end of each patient''s chain of access entries at an organisation.';
COMMENT ON COLUMN access_heads.seq IS 'Number of the newest entry; entries run 1, 2, 3 … without a gap.';
COMMENT ON COLUMN access_heads.commitment IS 'Commitment of the newest entry, base64; the next entry names it.';
COMMENT ON COLUMN access_heads.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE access_log (
    org text NOT NULL,
    patient text NOT NULL,
    seq bigint NOT NULL,
    commitment text NOT NULL,
    sealed bytea NOT NULL,
    entry_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (org, patient, seq)
);
COMMENT ON TABLE access_log IS 'Every decided access to a patient''s records at an organisation, allowed or refused. Rows are never changed.';
COMMENT ON COLUMN access_log.seq IS 'Number in the patient''s chain, from 1.';
COMMENT ON COLUMN access_log.commitment IS 'What the log entry commits to, base64.';
COMMENT ON COLUMN access_log.sealed IS 'Salt of the commitment (32 bytes) and statement, under the data key of org and patient.';
COMMENT ON COLUMN access_log.entry_id IS 'Its entry in the log of the organisation.';
COMMENT ON COLUMN access_log.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE consent_orders (
    custodian text NOT NULL,
    consent text NOT NULL,
    op text NOT NULL,
    attempts bigint NOT NULL,
    due_at timestamp with time zone NOT NULL,
    claim uuid,
    claimed_until timestamp with time zone,
    last_problem text,
    PRIMARY KEY (custodian, consent, op),
    CHECK (op = ANY (ARRAY['grant'::text, 'withdraw'::text]))
);
CREATE INDEX consent_orders_due ON consent_orders USING btree (custodian, due_at);
COMMENT ON TABLE consent_orders IS 'What is still to be carried to the ledger; a row is removed when the ledger has it.';
COMMENT ON COLUMN consent_orders.attempts IS 'Counted when claimed: 0 means that no worker ever tried, so nothing can have reached the ledger.';
COMMENT ON COLUMN consent_orders.claim IS 'Fences the worker that holds the order: what it writes counts only while this is its own.';
COMMENT ON COLUMN consent_orders.claimed_until IS 'When another worker may take the order over.';
COMMENT ON COLUMN consent_orders.last_problem IS 'Code of what kept the last attempt from succeeding.';

CREATE TABLE consent_positions (
    org text NOT NULL,
    block bigint NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (org)
);
COMMENT ON TABLE consent_positions IS 'How far each organisation has noted the consent events of the ledger.';
COMMENT ON COLUMN consent_positions.block IS 'Block to begin at after a restart.';
COMMENT ON COLUMN consent_positions.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE consents (
    custodian text NOT NULL,
    id text NOT NULL,
    patient text NOT NULL,
    recipient text NOT NULL,
    purpose text NOT NULL,
    kinds text[] NOT NULL,
    valid_from timestamp with time zone NOT NULL,
    valid_until timestamp with time zone NOT NULL,
    notice text NOT NULL,
    lang text NOT NULL,
    state text NOT NULL,
    sealed bytea NOT NULL,
    receipt bytea,
    refusal text,
    entry_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    withdrawn_at timestamp with time zone,
    ending bytea,
    ending_entry_id uuid,
    carried_at timestamp with time zone,
    tried boolean NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (custodian, id),
    CHECK (state = ANY (ARRAY['pending'::text, 'granted'::text, 'refused'::text, 'withdrawn'::text]))
);
CREATE INDEX consents_by_patient ON consents USING btree (patient, custodian);
CREATE INDEX consents_open ON consents USING btree (custodian, id) WHERE state = 'pending'::text OR state = 'withdrawn'::text AND carried_at IS NULL;
COMMENT ON TABLE consents IS 'What patients agreed to. The clear columns are for looking up; changing one of them breaks what is sealed.';
COMMENT ON COLUMN consents.custodian IS 'Organisation that holds the records and decides.';
COMMENT ON COLUMN consents.id IS 'Hex SHA-256 of the public key that was made for this consent alone.';
COMMENT ON COLUMN consents.patient IS 'Pseudonymous patient reference.';
COMMENT ON COLUMN consents.valid_until IS 'The consent holds before this moment.';
COMMENT ON COLUMN consents.state IS 'Only granted counts, and only with a receipt that opens; withdrawn is final.';
COMMENT ON COLUMN consents.sealed IS 'Statement, salts, key and both signatures, under the data key of the patient; bound to id and terms.';
COMMENT ON COLUMN consents.receipt IS 'Proof that the ledger committed the grant, sealed likewise; dropped at withdrawal.';
COMMENT ON COLUMN consents.refusal IS 'Code with which the ledger refused the grant for good.';
COMMENT ON COLUMN consents.entry_id IS 'Log entry of the grant.';
COMMENT ON COLUMN consents.ending IS 'Opens the commitment of the withdrawal''s log entry, sealed likewise.';
COMMENT ON COLUMN consents.ending_entry_id IS 'Log entry of the withdrawal.';
COMMENT ON COLUMN consents.carried_at IS 'When the withdrawal was known to stand on the ledger, or to have nothing to end there.';
COMMENT ON COLUMN consents.tried IS 'Whether the grant may have reached the ledger: set before it is first submitted.';
COMMENT ON COLUMN consents.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE head_anchors (
    org text NOT NULL,
    seq bigint NOT NULL,
    heads bigint NOT NULL,
    root bytea NOT NULL,
    prev bytea NOT NULL,
    sealed bytea NOT NULL,
    entry_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (org, seq)
);
COMMENT ON TABLE head_anchors IS 'Numbers of heads, put into the log of the organisation at intervals: a head below one of them is an older state. Rows are never changed.';
COMMENT ON COLUMN head_anchors.seq IS 'From 1 without a gap.';
COMMENT ON COLUMN head_anchors.heads IS 'How many heads it is about: those that moved since the one before.';
COMMENT ON COLUMN head_anchors.root IS 'Merkle root (RFC 6962) over room, blinded scope and number of each, sorted.';
COMMENT ON COLUMN head_anchors.prev IS 'What the entry of the anchor before commits to; empty for the first.';
COMMENT ON COLUMN head_anchors.sealed IS 'Opening of the log entry, and the heads with their numbers, under a key that is not in the database.';
COMMENT ON COLUMN head_anchors.entry_id IS 'Its entry in the log of the organisation.';
COMMENT ON COLUMN head_anchors.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE heads (
    org text NOT NULL,
    room text NOT NULL,
    scope text NOT NULL,
    seq bigint NOT NULL,
    state bytea NOT NULL,
    PRIMARY KEY (org, room, scope)
);
COMMENT ON TABLE heads IS 'What the rows of a room should sum up to, for each scope: what is missing, added or old shows.';
COMMENT ON COLUMN heads.room IS 'Which rows: records, consents, sessions.';
COMMENT ON COLUMN heads.scope IS 'Pseudonymous patient reference; empty for the organisation.';
COMMENT ON COLUMN heads.seq IS 'Grows by one with every change.';
COMMENT ON COLUMN heads.state IS 'Counts and sums by part, sealed for room, scope and seq under a key that is not in the database.';

CREATE TABLE leases (
    name text NOT NULL,
    holder text NOT NULL,
    epoch bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (name)
);
COMMENT ON TABLE leases IS 'Who may do a job of which only one process at a time should do it. Expiry is by the database''s clock; writes are fenced by epoch.';
COMMENT ON COLUMN leases.epoch IS 'Grows whenever the lease changes hands.';
COMMENT ON COLUMN leases.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE log_heads (
    org text NOT NULL,
    size bigint NOT NULL,
    root bytea NOT NULL,
    published bytea,
    published_size bigint NOT NULL,
    witnessed_at timestamp with time zone,
    unwitnessed_since timestamp with time zone,
    bound bytea NOT NULL,
    PRIMARY KEY (org)
);
COMMENT ON TABLE log_heads IS 'State of each organisation''s log. What the ledger has witnessed is the ledger''s to say; published follows it.';
COMMENT ON COLUMN log_heads.size IS 'Entries integrated.';
COMMENT ON COLUMN log_heads.root IS 'Root of the tree of size entries.';
COMMENT ON COLUMN log_heads.published IS 'Signed checkpoint, witnessed by the ledger, that is served to the public.';
COMMENT ON COLUMN log_heads.published_size IS 'Its size; -1 before the first.';
COMMENT ON COLUMN log_heads.witnessed_at IS 'Ledger time of the published checkpoint.';
COMMENT ON COLUMN log_heads.unwitnessed_since IS 'Creation of the oldest integrated entry that is not under the published checkpoint, or earlier.';
COMMENT ON COLUMN log_heads.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE log_pending (
    org text NOT NULL,
    id uuid NOT NULL,
    leaf bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (org, id)
);
COMMENT ON TABLE log_pending IS 'Entries that wait for their place in the log of the organisation.';
COMMENT ON COLUMN log_pending.org IS 'Whose log.';
COMMENT ON COLUMN log_pending.id IS 'Random, so that no key range is hot.';
COMMENT ON COLUMN log_pending.leaf IS 'Public leaf bytes; once placed they stand in the entry bundle.';
COMMENT ON COLUMN log_pending.created_at IS 'When the entry was written, by the writer''s clock.';
COMMENT ON COLUMN log_pending.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound). An entry without it is never signed.';

CREATE TABLE log_places (
    org text NOT NULL,
    id uuid NOT NULL,
    idx bigint NOT NULL,
    leaf_hash bytea NOT NULL,
    bound bytea NOT NULL,
    UNIQUE (org, idx),
    PRIMARY KEY (org, id)
);
CREATE UNIQUE INDEX log_places_org_idx_key ON log_places USING btree (org, idx);
COMMENT ON TABLE log_places IS 'Where each entry stands in the log of the organisation. Rows are never changed.';
COMMENT ON COLUMN log_places.id IS 'As it was in log_pending.';
COMMENT ON COLUMN log_places.idx IS 'Place in the log, from 0 without a gap.';
COMMENT ON COLUMN log_places.leaf_hash IS 'Hash of its leaf (RFC 6962), as the tree holds it there.';
COMMENT ON COLUMN log_places.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE log_tiles (
    org text NOT NULL,
    level bigint NOT NULL,
    n bigint NOT NULL,
    width bigint NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (org, level, n)
);
COMMENT ON TABLE log_tiles IS 'Merkle tree tiles and entry bundles (C2SP tlog-tiles), each in its widest version; narrower ones are a prefix of it.';
COMMENT ON COLUMN log_tiles.level IS '-1 for entry bundles.';
COMMENT ON COLUMN log_tiles.n IS 'Index of the tile within its level.';
COMMENT ON COLUMN log_tiles.width IS 'Hashes or entries in data: 1 to 256.';

CREATE TABLE migration_lock (
    id bigint NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE patient_keys (
    org text NOT NULL,
    patient text NOT NULL,
    wrapped bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    destroyed_at timestamp with time zone,
    bound bytea NOT NULL,
    PRIMARY KEY (org, patient)
);
COMMENT ON TABLE patient_keys IS 'One data key for each patient and organisation; all clinical bytes of the pair are encrypted under it.';
COMMENT ON COLUMN patient_keys.org IS 'Custodian organisation: only its gateway can unwrap the key.';
COMMENT ON COLUMN patient_keys.patient IS 'Pseudonymous patient reference; empty for directory data.';
COMMENT ON COLUMN patient_keys.wrapped IS 'Data key (32 bytes, AES-256-GCM) encrypted under the organisation''s wrapping key; empty once destroyed.';
COMMENT ON COLUMN patient_keys.created_at IS 'When the key was made.';
COMMENT ON COLUMN patient_keys.destroyed_at IS 'When the key was destroyed (erasure): what was encrypted under it is gone.';
COMMENT ON COLUMN patient_keys.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE received (
    org text NOT NULL,
    request_id uuid NOT NULL,
    actor text NOT NULL,
    patient text NOT NULL,
    custodian text NOT NULL,
    allowed boolean NOT NULL,
    sealed bytea NOT NULL,
    entry_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (org, request_id)
);
CREATE INDEX received_due ON received USING btree (org, expires_at, request_id) WHERE actor <> ''::text;
COMMENT ON TABLE received IS 'answers that a member got from a custodian, to be shown to the one who asked until they expire';
COMMENT ON COLUMN received.actor IS 'who asked: subject at the identity provider of the organisation; empty once the copy is over and was deleted';
COMMENT ON COLUMN received.sealed IS 'the signed reply, under the data key of the patient at the receiving organisation; once it is over, what opens the receipt in the log';
COMMENT ON COLUMN received.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE record_versions (
    org text NOT NULL,
    type text NOT NULL,
    id text NOT NULL,
    version bigint NOT NULL,
    patient text NOT NULL,
    kind text NOT NULL,
    deleted boolean NOT NULL,
    recorded timestamp with time zone NOT NULL,
    sealed bytea NOT NULL,
    entry_id uuid NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (org, type, id, version)
);
COMMENT ON TABLE record_versions IS 'Every version of every record, encrypted. Rows are never changed.';
COMMENT ON COLUMN record_versions.deleted IS 'A deletion is a version without content.';
COMMENT ON COLUMN record_versions.sealed IS 'Salt of the commitment (32 bytes) and FHIR JSON, under the data key of org and patient; all other columns are bound into it.';
COMMENT ON COLUMN record_versions.entry_id IS 'Its entry in the log of the organisation.';
COMMENT ON COLUMN record_versions.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE records (
    org text NOT NULL,
    type text NOT NULL,
    id text NOT NULL,
    version bigint NOT NULL,
    patient text NOT NULL,
    kind text NOT NULL,
    deleted boolean NOT NULL,
    recorded timestamp with time zone NOT NULL,
    size bigint NOT NULL,
    tokens bigint NOT NULL,
    care_starts timestamp with time zone,
    care_ends timestamp with time zone,
    bound bytea NOT NULL,
    PRIMARY KEY (org, type, id)
);
CREATE INDEX records_by_patient ON records USING btree (org, patient);
COMMENT ON TABLE records IS 'Where each record stands now; its content is in record_versions. The head of its patient sums up the rows.';
COMMENT ON COLUMN records.org IS 'Custodian organisation.';
COMMENT ON COLUMN records.type IS 'FHIR resource type.';
COMMENT ON COLUMN records.id IS 'FHIR logical id, unique within organisation and type.';
COMMENT ON COLUMN records.version IS 'Number of the current version, from 1.';
COMMENT ON COLUMN records.patient IS 'Pseudonymous patient reference; empty for directory data. It never changes.';
COMMENT ON COLUMN records.kind IS 'Kind of data that a consent can name.';
COMMENT ON COLUMN records.deleted IS 'Whether the current version is a deletion.';
COMMENT ON COLUMN records.recorded IS 'When the current version was recorded.';
COMMENT ON COLUMN records.size IS 'Bytes of sealed content, so that a page can be bounded before it is read.';
COMMENT ON COLUMN records.tokens IS 'Number of rows in search_tokens of the current version.';
COMMENT ON COLUMN records.care_starts IS 'Of an encounter: since when the patient was in the care of the organisation, the fact that treatment access rests on.';
COMMENT ON COLUMN records.care_ends IS 'Null while it lasts.';
COMMENT ON COLUMN records.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE release_requests (
    org text NOT NULL,
    from_org text NOT NULL,
    id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (org, from_org, id)
);
CREATE INDEX release_requests_old ON release_requests USING btree (org, received_at);
COMMENT ON TABLE release_requests IS 'ids of signed requests that were used; a request is answered once';
COMMENT ON COLUMN release_requests.org IS 'the custodian that was asked';
COMMENT ON COLUMN release_requests.from_org IS 'the member that asked';
COMMENT ON COLUMN release_requests.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE releases (
    org text NOT NULL,
    request_id uuid NOT NULL,
    recipient text NOT NULL,
    patient text NOT NULL,
    allowed boolean NOT NULL,
    sealed bytea NOT NULL,
    entry_id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (org, request_id)
);
COMMENT ON TABLE releases IS 'what a custodian handed to another member, or refused';
COMMENT ON COLUMN releases.patient IS 'pseudonymous patient reference';
COMMENT ON COLUMN releases.sealed IS 'opens the commitment of the log entry: salt and statement, under the data key of the patient';
COMMENT ON COLUMN releases.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE schema_migrations (
    id integer NOT NULL,
    version_id bigint NOT NULL,
    is_applied boolean NOT NULL,
    tstamp timestamp without time zone NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE search_tokens (
    org text NOT NULL,
    type text NOT NULL,
    token bytea NOT NULL,
    id text NOT NULL,
    version bigint NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (org, type, token, id)
);
CREATE INDEX search_tokens_by_record ON search_tokens USING btree (org, type, id);
COMMENT ON TABLE search_tokens IS 'What the current version of a record can be found by.';
COMMENT ON COLUMN search_tokens.token IS 'HMAC of type, search parameter, system and value under a key of the organisation.';
COMMENT ON COLUMN search_tokens.id IS 'FHIR logical id of the record.';
COMMENT ON COLUMN search_tokens.version IS 'Version of the record that has the value; it counts only while that is the current one.';
COMMENT ON COLUMN search_tokens.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

CREATE TABLE session_ends (
    org text NOT NULL,
    id_hash bytea NOT NULL,
    keep_until timestamp with time zone NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (org, id_hash)
);
COMMENT ON TABLE session_ends IS 'Sessions that were signed out: one of them that stands in sessions again is not used.';
COMMENT ON COLUMN session_ends.id_hash IS 'SHA-256 of the session id.';
COMMENT ON COLUMN session_ends.keep_until IS 'When the session would have ended by itself.';
COMMENT ON COLUMN session_ends.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound). The head of the organisation sums up the rows.';

CREATE TABLE sessions (
    org text NOT NULL,
    id_hash bytea NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    bound bytea NOT NULL,
    PRIMARY KEY (org, id_hash)
);
COMMENT ON TABLE sessions IS 'People who are signed in; any gateway of the organisation can serve them.';
COMMENT ON COLUMN sessions.id_hash IS 'SHA-256 of the session id, which only the browser has.';
COMMENT ON COLUMN sessions.sealed IS 'Who it is, encrypted by the gateway; bound to organisation and id.';
COMMENT ON COLUMN sessions.seen_at IS 'Last use, to the minute: ends the session when idle.';
COMMENT ON COLUMN sessions.expires_at IS 'End of the session whatever its use.';
COMMENT ON COLUMN sessions.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';
