-- +goose Up
CREATE TABLE leases (
    name       TEXT        NOT NULL,
    holder     TEXT        NOT NULL,
    epoch      INT8        NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (name)
);
COMMENT ON TABLE leases IS 'Who may do a job of which only one process at a time should do it. Expiry is by the database''s clock; writes are fenced by epoch.';
COMMENT ON COLUMN leases.epoch IS 'Grows whenever the lease changes hands.';
COMMENT ON COLUMN leases.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE leases;
