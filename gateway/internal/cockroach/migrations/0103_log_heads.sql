-- +goose Up
CREATE TABLE log_heads (
    org             TEXT        NOT NULL,
    size            INT8        NOT NULL,
    root            BYTEA       NOT NULL,
    published       BYTEA       NULL,
    published_size  INT8        NOT NULL,
    witnessed_at    TIMESTAMPTZ NULL,
    unwitnessed_since TIMESTAMPTZ NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (org)
);
COMMENT ON TABLE log_heads IS 'State of each organisation''s log. What the ledger has witnessed is the ledger''s to say; published follows it.';
COMMENT ON COLUMN log_heads.size IS 'Entries integrated.';
COMMENT ON COLUMN log_heads.root IS 'Root of the tree of size entries.';
COMMENT ON COLUMN log_heads.published IS 'Signed checkpoint, witnessed by the ledger, that is served to the public.';
COMMENT ON COLUMN log_heads.published_size IS 'Its size; -1 before the first.';
COMMENT ON COLUMN log_heads.witnessed_at IS 'Ledger time of the published checkpoint.';
COMMENT ON COLUMN log_heads.unwitnessed_since IS 'Creation of the oldest integrated entry that is not under the published checkpoint, or earlier.';
COMMENT ON COLUMN log_heads.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE log_heads;
