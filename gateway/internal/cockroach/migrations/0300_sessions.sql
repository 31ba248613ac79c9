-- +goose Up
CREATE TABLE sessions (
    org        TEXT        NOT NULL,
    id_hash    BYTEA       NOT NULL,
    sealed     BYTEA       NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    seen_at    TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (org, id_hash)
);
COMMENT ON TABLE sessions IS 'People who are signed in; any gateway of the organisation can serve them.';
COMMENT ON COLUMN sessions.id_hash IS 'SHA-256 of the session id, which only the browser has.';
COMMENT ON COLUMN sessions.sealed IS 'Who it is, encrypted by the gateway; bound to organisation and id.';
COMMENT ON COLUMN sessions.seen_at IS 'Last use, to the minute: ends the session when idle.';
COMMENT ON COLUMN sessions.expires_at IS 'End of the session whatever its use.';
COMMENT ON COLUMN sessions.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE sessions;
