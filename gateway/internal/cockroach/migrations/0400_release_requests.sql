-- +goose Up
CREATE TABLE release_requests (
    org         TEXT        NOT NULL,
    from_org    TEXT        NOT NULL,
    id          UUID        NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (org, from_org, id)
);
COMMENT ON TABLE release_requests IS 'ids of signed requests that were used; a request is answered once';
COMMENT ON COLUMN release_requests.org IS 'the custodian that was asked';
COMMENT ON COLUMN release_requests.from_org IS 'the member that asked';
COMMENT ON COLUMN release_requests.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE release_requests;
