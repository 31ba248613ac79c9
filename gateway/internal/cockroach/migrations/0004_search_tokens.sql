-- +goose Up
CREATE TABLE search_tokens (
    org   TEXT  NOT NULL,
    type  TEXT  NOT NULL,
    token BYTEA NOT NULL,
    id    TEXT  NOT NULL,
    version INT8 NOT NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (org, type, token, id)
);
CREATE INDEX search_tokens_by_record ON search_tokens (org, type, id);
COMMENT ON TABLE search_tokens IS 'What the current version of a record can be found by.';
COMMENT ON COLUMN search_tokens.token IS 'HMAC of type, search parameter, system and value under a key of the organisation.';
COMMENT ON COLUMN search_tokens.version IS 'Version of the record that has the value; it counts only while that is the current one.';
COMMENT ON COLUMN search_tokens.id IS 'FHIR logical id of the record.';
COMMENT ON COLUMN search_tokens.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE search_tokens;
