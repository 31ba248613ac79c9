-- +goose Up
CREATE TABLE head_anchors (
    org      TEXT        NOT NULL,
    seq      INT8        NOT NULL,
    heads    INT8        NOT NULL,
    root     BYTEA       NOT NULL,
    prev     BYTEA       NOT NULL,
    sealed   BYTEA       NOT NULL,
    entry_id UUID        NOT NULL,
    at       TIMESTAMPTZ NOT NULL,
    bound    BYTEA       NOT NULL,
    PRIMARY KEY (org, seq)
);
COMMENT ON TABLE head_anchors IS 'Numbers of heads, put into the log of the organisation at intervals: a head below one of them is an older state. Rows are never changed.';
COMMENT ON COLUMN head_anchors.seq IS 'From 1 without a gap.';
COMMENT ON COLUMN head_anchors.heads IS 'How many heads it is about: those that moved since the one before.';
COMMENT ON COLUMN head_anchors.root IS 'Merkle root (RFC 6962) over room, blinded scope and number of each, sorted.';
COMMENT ON COLUMN head_anchors.prev IS 'What the entry of the anchor before commits to; empty for the first.';
COMMENT ON COLUMN head_anchors.sealed IS 'Opening of the log entry, and the heads with their numbers, under a key that is not in the database.';
COMMENT ON COLUMN head_anchors.entry_id IS 'Its entry in the log of the organisation.';
COMMENT ON COLUMN head_anchors.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE head_anchors;
