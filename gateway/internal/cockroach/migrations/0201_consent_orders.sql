-- +goose Up
CREATE TABLE consent_orders (
    custodian     TEXT        NOT NULL,
    consent       TEXT        NOT NULL,
    op            TEXT        NOT NULL CHECK (op IN ('grant', 'withdraw')),
    attempts      INT8        NOT NULL,
    due_at        TIMESTAMPTZ NOT NULL,
    claim         UUID        NULL,
    claimed_until TIMESTAMPTZ NULL,
    last_problem  TEXT        NULL,
    PRIMARY KEY (custodian, consent, op)
);
CREATE INDEX consent_orders_due ON consent_orders (custodian, due_at);
COMMENT ON TABLE consent_orders IS 'What is still to be carried to the ledger; a row is removed when the ledger has it.';
COMMENT ON COLUMN consent_orders.attempts IS 'Counted when claimed: 0 means that no worker ever tried, so nothing can have reached the ledger.';
COMMENT ON COLUMN consent_orders.claim IS 'Fences the worker that holds the order: what it writes counts only while this is its own.';
COMMENT ON COLUMN consent_orders.claimed_until IS 'When another worker may take the order over.';
COMMENT ON COLUMN consent_orders.last_problem IS 'Code of what kept the last attempt from succeeding.';

-- +goose Down
DROP TABLE consent_orders;
