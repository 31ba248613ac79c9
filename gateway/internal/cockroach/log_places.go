package cockroach

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/fault"
)

var queryPlaces = sql("places of entries", `
	SELECT id::TEXT, idx, leaf_hash, bound FROM log_places WHERE org = $1 AND id = ANY ($2::UUID[])`)

// Places returns the places of those entries that are in the tree, by id. A place that this organisation did not write
// is refused: what is said to be witnessed rests on it. Ids that are not UUIDs are in no log.
func (l *Log) Places(ctx context.Context, ids []string) (map[string]int64, error) {
	wanted := make([]string, 0, len(ids))
	for _, id := range ids {
		if parsed, err := uuid.Parse(id); err == nil {
			wanted = append(wanted, parsed.String())
		}
	}
	places := make(map[string]int64, len(wanted))
	err := l.db.look(ctx, func(q querier) error {
		rows, err := q.Query(ctx, queryPlaces.text, l.org, wanted)
		if err != nil {
			return err
		}
		var id string
		var index int64
		var hash, tag []byte
		_, err = pgx.ForEachRow(rows, []any{&id, &index, &hash, &tag}, func() error {
			if !l.db.key.Check(tag, "log_places", l.org, id, index, hash) {
				return l.db.refuse("log_places", id, CodeRowAltered)
			}
			places[id] = index
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find log entries: %w", err)
	}
	return places, nil
}

var queryIsPending = sql("whether an entry waits", `SELECT count(*) FROM log_pending WHERE org = $1 AND id = $2`)

// Place returns an entry's place in the log; false while it is pending. An entry that was never written is NotFound.
func (l *Log) Place(ctx context.Context, id string) (int64, bool, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return 0, false, fmt.Errorf("find log entry: its id is not a UUID")
	}
	places, err := l.Places(ctx, []string{id})
	if err != nil {
		return 0, false, err
	}
	if index, ok := places[parsed.String()]; ok {
		return index, true, nil
	}
	var waiting int64
	err = l.db.look(ctx, func(q querier) error {
		return q.QueryRow(ctx, queryIsPending.text, l.org, parsed).Scan(&waiting)
	})
	if err != nil {
		return 0, false, fmt.Errorf("find log entry: %w", err)
	}
	if waiting == 0 {
		return 0, false, fault.New(fault.NotFound, CodeNoEntry, "There is no such entry.")
	}
	return 0, false, nil
}
