-- +goose Up
CREATE TABLE session_ends (
    org      TEXT        NOT NULL,
    id_hash  BYTEA       NOT NULL,
    keep_until TIMESTAMPTZ NOT NULL,
    bound      BYTEA       NOT NULL,
    PRIMARY KEY (org, id_hash)
);
COMMENT ON TABLE session_ends IS 'Sessions that were signed out: one of them that stands in sessions again is not used.';
COMMENT ON COLUMN session_ends.id_hash IS 'SHA-256 of the session id.';
COMMENT ON COLUMN session_ends.keep_until IS 'When the session would have ended by itself.';
COMMENT ON COLUMN session_ends.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound). The head of the organisation sums up the rows.';

-- +goose Down
DROP TABLE session_ends;
