-- +goose Up
CREATE INDEX consents_open ON consents (custodian, id) WHERE state = 'pending' OR (state = 'withdrawn' AND carried_at IS NULL);

-- +goose Down
DROP INDEX consents_open;
