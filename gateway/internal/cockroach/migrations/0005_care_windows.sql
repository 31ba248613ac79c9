-- +goose Up
CREATE TABLE care_windows (
    org       TEXT        NOT NULL,
    patient   TEXT        NOT NULL,
    type      TEXT        NOT NULL,
    id        TEXT        NOT NULL,
    starts_at TIMESTAMPTZ NOT NULL,
    ends_at   TIMESTAMPTZ NULL,
    PRIMARY KEY (org, patient, type, id)
);
COMMENT ON TABLE care_windows IS 'When a patient was in the care of an organisation: the fact that treatment access rests on.';
COMMENT ON COLUMN care_windows.type IS 'Type of the record that says so: Encounter.';
COMMENT ON COLUMN care_windows.id IS 'Id of that record.';
COMMENT ON COLUMN care_windows.ends_at IS 'Null while it lasts.';

-- +goose Down
DROP TABLE care_windows;
