-- +goose Up
CREATE TABLE received (
    org         TEXT        NOT NULL,
    request_id  UUID        NOT NULL,
    actor       TEXT        NOT NULL,
    patient     TEXT        NOT NULL,
    custodian   TEXT        NOT NULL,
    allowed     BOOL        NOT NULL,
    sealed      BYTEA       NOT NULL,
    entry_id    UUID        NOT NULL,
    created_at  TIMESTAMPTZ NOT NULL,
    expires_at  TIMESTAMPTZ NOT NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (org, request_id)
);
COMMENT ON TABLE received IS 'answers that a member got from a custodian, to be shown to the one who asked until they expire';
COMMENT ON COLUMN received.actor IS 'who asked: subject at the identity provider of the organisation';
COMMENT ON COLUMN received.sealed IS 'the signed reply, under the data key of the patient at the receiving organisation';
COMMENT ON COLUMN received.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE received;
