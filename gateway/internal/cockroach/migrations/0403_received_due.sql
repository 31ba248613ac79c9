-- +goose Up
CREATE INDEX received_due ON received (org, expires_at, request_id) WHERE actor <> '';

-- +goose Down
DROP INDEX received_due;
