-- +goose Up
CREATE TABLE log_tiles (
    org   TEXT  NOT NULL,
    level INT8  NOT NULL,
    n     INT8  NOT NULL,
    width INT8  NOT NULL,
    data  BYTEA NOT NULL,
    PRIMARY KEY (org, level, n)
);
COMMENT ON TABLE log_tiles IS 'Merkle tree tiles and entry bundles (C2SP tlog-tiles), each in its widest version; narrower ones are a prefix of it.';
COMMENT ON COLUMN log_tiles.level IS '-1 for entry bundles.';
COMMENT ON COLUMN log_tiles.n IS 'Index of the tile within its level.';
COMMENT ON COLUMN log_tiles.width IS 'Hashes or entries in data: 1 to 256.';

-- +goose Down
DROP TABLE log_tiles;
