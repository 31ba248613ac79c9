-- +goose Up
CREATE INDEX release_requests_old ON release_requests (org, received_at);

-- +goose Down
DROP INDEX release_requests_old;
