package anchor

import (
	"context"
	"fmt"

	"yilian.example/exchange/tlog"
)

// Placer tells where entries stand in a log.
type Placer interface {
	Head(ctx context.Context) (Head, error)
	// Places returns the index of each entry that has one.
	Places(ctx context.Context, entries []string) (map[string]int64, error)
}

// WitnessedEntries tells which log entries stand under the published checkpoint, which the ledger has committed.
type WitnessedEntries struct {
	Log Placer
}

// Witnessed returns the entries that do; those that do not are absent.
func (w WitnessedEntries) Witnessed(ctx context.Context, entries []string) (map[string]bool, error) {
	head, err := w.Log.Head(ctx)
	if err != nil || len(head.Published) == 0 {
		return nil, err
	}
	published, err := tlog.ReadCheckpoint(head.Published)
	if err != nil {
		return nil, fmt.Errorf("read published checkpoint: %w", err)
	}
	places, err := w.Log.Places(ctx, entries)
	if err != nil {
		return nil, err
	}
	out := make(map[string]bool, len(places))
	for id, index := range places {
		if index < published.Size {
			out[id] = true
		}
	}
	return out, nil
}
