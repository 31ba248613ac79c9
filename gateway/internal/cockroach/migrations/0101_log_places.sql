-- +goose Up
CREATE TABLE log_places (
    org       TEXT  NOT NULL,
    id        UUID  NOT NULL,
    idx       INT8  NOT NULL,
    leaf_hash BYTEA NOT NULL,
    bound     BYTEA NOT NULL,
    PRIMARY KEY (org, id),
    UNIQUE (org, idx)
);
COMMENT ON TABLE log_places IS 'Where each entry stands in the log of the organisation. Rows are never changed.';
COMMENT ON COLUMN log_places.id IS 'As it was in log_pending.';
COMMENT ON COLUMN log_places.idx IS 'Place in the log, from 0 without a gap.';
COMMENT ON COLUMN log_places.leaf_hash IS 'Hash of its leaf (RFC 6962), as the tree holds it there.';
COMMENT ON COLUMN log_places.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE log_places;
