-- +goose Up
CREATE TABLE releases (
    org         TEXT        NOT NULL,
    request_id  UUID        NOT NULL,
    recipient   TEXT        NOT NULL,
    patient     TEXT        NOT NULL,
    allowed     BOOL        NOT NULL,
    sealed      BYTEA       NOT NULL,
    entry_id    UUID        NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (org, request_id)
);
COMMENT ON TABLE releases IS 'what a custodian handed to another member, or refused';
COMMENT ON COLUMN releases.patient IS 'pseudonymous patient reference';
COMMENT ON COLUMN releases.sealed IS 'opens the commitment of the log entry: salt and statement, under the data key of the patient';
COMMENT ON COLUMN releases.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE releases;
