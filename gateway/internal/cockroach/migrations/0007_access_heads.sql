-- +goose Up
CREATE TABLE access_heads (
    org        TEXT NOT NULL,
    patient    TEXT NOT NULL,
    seq        INT8 NOT NULL,
    commitment TEXT NOT NULL,
    bound        BYTEA       NOT NULL,
    PRIMARY KEY (org, patient)
);
COMMENT ON TABLE access_heads IS 'The end of each patient''s chain of access entries at an organisation.';
COMMENT ON COLUMN access_heads.seq IS 'Number of the newest entry; entries run 1, 2, 3 … without a gap.';
COMMENT ON COLUMN access_heads.commitment IS 'Commitment of the newest entry, base64; the next entry names it.';
COMMENT ON COLUMN access_heads.bound IS 'Binds all other columns to this table, under a key that is not in the database (gateway/internal/bound).';

-- +goose Down
DROP TABLE access_heads;
