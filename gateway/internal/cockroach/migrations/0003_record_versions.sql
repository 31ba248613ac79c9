-- +goose Up
CREATE TABLE record_versions (
    org      TEXT        NOT NULL,
    type     TEXT        NOT NULL,
    id       TEXT        NOT NULL,
    version  INT8        NOT NULL,
    patient  TEXT        NOT NULL,
    kind     TEXT        NOT NULL,
    deleted  BOOL        NOT NULL,
    recorded TIMESTAMPTZ NOT NULL,
    sealed   BYTEA       NOT NULL,
    entry_id UUID        NOT NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (org, type, id, version)
);
COMMENT ON TABLE record_versions IS 'Every version of every record, encrypted. Rows are never changed.';
COMMENT ON COLUMN record_versions.sealed IS 'Salt of the commitment (32 bytes) and FHIR JSON, under the data key of org and patient; all other columns are bound into it.';
COMMENT ON COLUMN record_versions.entry_id IS 'Its entry in the log of the organisation.';
COMMENT ON COLUMN record_versions.deleted IS 'A deletion is a version without content.';
COMMENT ON COLUMN record_versions.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE record_versions;
