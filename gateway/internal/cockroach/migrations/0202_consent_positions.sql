-- +goose Up
CREATE TABLE consent_positions (
    org   TEXT NOT NULL PRIMARY KEY,
    block INT8 NOT NULL,
    bound BYTEA NOT NULL
);
COMMENT ON TABLE consent_positions IS 'How far each organisation has noted the consent events of the ledger.';
COMMENT ON COLUMN consent_positions.block IS 'Block to begin at after a restart.';
COMMENT ON COLUMN consent_positions.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE consent_positions;
