-- +goose Up
CREATE TABLE holdings (
    patient TEXT        NOT NULL,
    org     TEXT        NOT NULL,
    kind    TEXT        NOT NULL,
    held    INT8        NOT NULL,
    latest  TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (patient, org, kind)
);
COMMENT ON TABLE holdings IS 'Which member holds what kinds of records on a patient. The one table about patients that all members read; whoever asks it is logged.';
COMMENT ON COLUMN holdings.patient IS 'Pseudonymous patient reference.';
COMMENT ON COLUMN holdings.held IS 'Number of records that are not deleted.';
COMMENT ON COLUMN holdings.latest IS 'When the newest change was recorded.';

-- +goose Down
DROP TABLE holdings;
