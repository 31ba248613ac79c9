-- +goose Up
CREATE INDEX log_entries_pending ON log_entries (org, id) WHERE idx IS NULL;

-- +goose Down
DROP INDEX log_entries_pending;
