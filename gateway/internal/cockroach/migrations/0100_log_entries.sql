-- +goose Up
CREATE TABLE log_entries (
    org        TEXT        NOT NULL,
    id         UUID        NOT NULL,
    leaf       BYTEA       NULL,
    idx        INT8        NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (org, id)
);
COMMENT ON TABLE log_entries IS 'Entries of the organisations'' logs: pending until the sequencer gives them their place.';
COMMENT ON COLUMN log_entries.org IS 'Whose log.';
COMMENT ON COLUMN log_entries.id IS 'Random, so that no key range is hot.';
COMMENT ON COLUMN log_entries.leaf IS 'Public leaf bytes while pending; afterwards they stand in the entry bundle.';
COMMENT ON COLUMN log_entries.idx IS 'Place in the log; null while pending.';
COMMENT ON COLUMN log_entries.created_at IS 'When the entry was written, by the writer''s clock.';

-- +goose Down
DROP TABLE log_entries;
