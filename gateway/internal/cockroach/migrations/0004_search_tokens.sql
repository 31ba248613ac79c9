-- +goose Up
CREATE TABLE search_tokens (
    org   TEXT  NOT NULL,
    type  TEXT  NOT NULL,
    token BYTEA NOT NULL,
    id    TEXT  NOT NULL,
    PRIMARY KEY (org, type, token, id)
);
CREATE INDEX search_tokens_by_record ON search_tokens (org, type, id);
COMMENT ON TABLE search_tokens IS 'What the current version of a record can be found by.';
COMMENT ON COLUMN search_tokens.token IS 'HMAC of type, search parameter, system and value under a key of the organisation.';
COMMENT ON COLUMN search_tokens.id IS 'FHIR logical id of the record.';

-- +goose Down
DROP TABLE search_tokens;
