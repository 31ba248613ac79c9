-- +goose Up
CREATE TABLE consents (
    custodian       TEXT        NOT NULL,
    id              TEXT        NOT NULL,
    patient         TEXT        NOT NULL,
    recipient       TEXT        NOT NULL,
    purpose         TEXT        NOT NULL,
    kinds           TEXT[]      NOT NULL,
    valid_from      TIMESTAMPTZ NOT NULL,
    valid_until     TIMESTAMPTZ NOT NULL,
    notice          TEXT        NOT NULL,
    lang            TEXT        NOT NULL,
    state           TEXT        NOT NULL CHECK (state IN ('pending', 'granted', 'refused', 'withdrawn')),
    sealed          BYTEA       NOT NULL,
    receipt         BYTEA       NULL,
    refusal         TEXT        NULL,
    entry_id        UUID        NOT NULL,
    created_at      TIMESTAMPTZ NOT NULL,
    withdrawn_at    TIMESTAMPTZ NULL,
    ending          BYTEA       NULL,
    ending_entry_id UUID        NULL,
    carried_at      TIMESTAMPTZ NULL,
    tried           BOOL        NOT NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (custodian, id)
);
CREATE INDEX consents_by_patient ON consents (patient, custodian);
COMMENT ON TABLE consents IS 'What patients agreed to. The clear columns are for looking up; changing one of them breaks what is sealed.';
COMMENT ON COLUMN consents.custodian IS 'Organisation that holds the records and decides.';
COMMENT ON COLUMN consents.id IS 'Hex SHA-256 of the public key that was made for this consent alone.';
COMMENT ON COLUMN consents.patient IS 'Pseudonymous patient reference.';
COMMENT ON COLUMN consents.valid_until IS 'The consent holds before this moment.';
COMMENT ON COLUMN consents.state IS 'Only granted counts, and only with a receipt that opens; withdrawn is final.';
COMMENT ON COLUMN consents.sealed IS 'Statement, salts, key and both signatures, under the data key of the patient; bound to id and terms.';
COMMENT ON COLUMN consents.receipt IS 'Proof that the ledger committed the grant, sealed likewise; dropped at withdrawal.';
COMMENT ON COLUMN consents.tried IS 'Whether the grant may have reached the ledger: set before it is first submitted.';
COMMENT ON COLUMN consents.refusal IS 'Code with which the ledger refused the grant for good.';
COMMENT ON COLUMN consents.entry_id IS 'Log entry of the grant.';
COMMENT ON COLUMN consents.ending IS 'Opens the commitment of the withdrawal''s log entry, sealed likewise.';
COMMENT ON COLUMN consents.ending_entry_id IS 'Log entry of the withdrawal.';
COMMENT ON COLUMN consents.carried_at IS 'When the withdrawal was known to stand on the ledger, or to have nothing to end there.';
COMMENT ON COLUMN consents.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE consents;
