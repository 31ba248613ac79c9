-- +goose Up
CREATE TABLE patient_keys (
    org          TEXT        NOT NULL,
    patient      TEXT        NOT NULL,
    wrapped      BYTEA       NOT NULL,
    created_at   TIMESTAMPTZ NOT NULL,
    destroyed_at TIMESTAMPTZ NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (org, patient)
);
COMMENT ON TABLE patient_keys IS 'One data key for each patient and organisation; all clinical bytes of the pair are encrypted under it.';
COMMENT ON COLUMN patient_keys.org IS 'Custodian organisation: only its gateway can unwrap the key.';
COMMENT ON COLUMN patient_keys.patient IS 'Pseudonymous patient reference; empty for directory data.';
COMMENT ON COLUMN patient_keys.wrapped IS 'Data key (32 bytes, AES-256-GCM) encrypted under the organisation''s wrapping key; empty once destroyed.';
COMMENT ON COLUMN patient_keys.created_at IS 'When the key was made.';
COMMENT ON COLUMN patient_keys.destroyed_at IS 'When the key was destroyed (erasure): what was encrypted under it is gone.';
COMMENT ON COLUMN patient_keys.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE patient_keys;
