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
    PRIMARY KEY (org, type, id)
);
CREATE INDEX records_by_patient ON records (org, patient, recorded, type, id);
COMMENT ON TABLE records IS 'Where each record stands now; its content is in record_versions.';
COMMENT ON COLUMN records.org IS 'Custodian organisation.';
COMMENT ON COLUMN records.type IS 'FHIR resource type.';
COMMENT ON COLUMN records.id IS 'FHIR logical id, unique within organisation and type.';
COMMENT ON COLUMN records.version IS 'Number of the current version, from 1.';
COMMENT ON COLUMN records.patient IS 'Pseudonymous patient reference; empty for directory data. It never changes.';
COMMENT ON COLUMN records.kind IS 'Kind of data that a consent can name.';
COMMENT ON COLUMN records.deleted IS 'Whether the current version is a deletion.';
COMMENT ON COLUMN records.recorded IS 'When the current version was recorded.';

-- +goose Down
DROP TABLE records;
