-- +goose Up
CREATE TABLE records (
    org      TEXT        NOT NULL,
    type     TEXT        NOT NULL,
    id       TEXT        NOT NULL,
    version  INT8        NOT NULL,
    patient  TEXT        NOT NULL,
    kind     TEXT        NOT NULL,
    deleted  BOOL        NOT NULL,
    recorded TIMESTAMPTZ NOT NULL,
    size     INT8        NOT NULL,
    tokens   INT8        NOT NULL,
    care_starts TIMESTAMPTZ NULL,
    care_ends   TIMESTAMPTZ NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (org, type, id)
);
CREATE INDEX records_by_patient ON records (org, patient);
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

-- +goose Down
DROP TABLE records;
