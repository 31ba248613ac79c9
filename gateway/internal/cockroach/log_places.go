package cockroach

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

var queryPlaces = sql("places of entries", `
	SELECT id, idx FROM log_entries WHERE org = $1 AND id = ANY ($2) AND idx IS NOT NULL`)

// Places gives the places of those entries that are in the tree, by id. Ids that are not UUIDs are in no log.
func (l *Log) Places(ctx context.Context, ids []string) (map[string]int64, error) {
	wanted := make([]uuid.UUID, 0, len(ids))
	for _, id := range ids {
		if parsed, err := uuid.Parse(id); err == nil {
			wanted = append(wanted, parsed)
		}
	}
	rows, err := l.db.pool.Query(ctx, queryPlaces.text, l.org, wanted)
	if err != nil {
		return nil, fmt.Errorf("find log entries: %w", classify(err))
	}
	defer rows.Close()
	places := make(map[string]int64, len(wanted))
	for rows.Next() {
		var id uuid.UUID
		var index int64
		if err := rows.Scan(&id, &index); err != nil {
			return nil, fmt.Errorf("find log entries: %w", classify(err))
		}
		places[id.String()] = index
	}
	return places, classify(rows.Err())
}
