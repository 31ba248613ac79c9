-- +goose Up
CREATE TABLE log_pending (
    org        TEXT        NOT NULL,
    id         UUID        NOT NULL,
    leaf       BYTEA       NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    bound      BYTEA       NOT NULL,
    PRIMARY KEY (org, id)
);
COMMENT ON TABLE log_pending IS 'Entries that wait for their place in the log of the organisation.';
COMMENT ON COLUMN log_pending.org IS 'Whose log.';
COMMENT ON COLUMN log_pending.id IS 'Random, so that no key range is hot.';
COMMENT ON COLUMN log_pending.leaf IS 'Public leaf bytes; once placed they stand in the entry bundle.';
COMMENT ON COLUMN log_pending.created_at IS 'When the entry was written, by the writer''s clock.';
COMMENT ON COLUMN log_pending.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound). An entry without it is never signed.';

-- +goose Down
DROP TABLE log_pending;
