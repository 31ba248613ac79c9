-- +goose Up
CREATE TABLE access_log (
    org        TEXT        NOT NULL,
    patient    TEXT        NOT NULL,
    seq        INT8        NOT NULL,
    commitment TEXT        NOT NULL,
    sealed     BYTEA       NOT NULL,
    entry_id   UUID        NOT NULL,
    at         TIMESTAMPTZ NOT NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (org, patient, seq)
);
COMMENT ON TABLE access_log IS 'Every decided access to a patient''s records at an organisation, allowed or refused. Rows are never changed.';
COMMENT ON COLUMN access_log.seq IS 'Number in the patient''s chain, from 1.';
COMMENT ON COLUMN access_log.commitment IS 'What the log entry commits to, base64.';
COMMENT ON COLUMN access_log.sealed IS 'Salt of the commitment (32 bytes) and statement, under the data key of org and patient.';
COMMENT ON COLUMN access_log.entry_id IS 'Its entry in the log of the organisation.';
COMMENT ON COLUMN access_log.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE access_log;
