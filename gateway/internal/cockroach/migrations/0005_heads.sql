-- +goose Up
CREATE TABLE heads (
    org   TEXT  NOT NULL,
    room  TEXT  NOT NULL,
    scope TEXT  NOT NULL,
    seq   INT8  NOT NULL,
    state BYTEA NOT NULL,
    PRIMARY KEY (org, room, scope)
);
COMMENT ON TABLE heads IS 'What the rows of a room should sum up to, for each scope: what is missing, added or old shows.';
COMMENT ON COLUMN heads.room IS 'Which rows: records, consents, sessions.';
COMMENT ON COLUMN heads.scope IS 'Pseudonymous patient reference; empty for the organisation.';
COMMENT ON COLUMN heads.seq IS 'Grows by one with every change.';
COMMENT ON COLUMN heads.state IS 'Counts and sums by part, sealed for room, scope and seq under a key that is not in the database.';

-- +goose Down
DROP TABLE heads;
