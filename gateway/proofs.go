package main

import (
	"context"

	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/cockroach"
)

// proofs tells which log entries stand under the published checkpoint, which the ledger has committed.
type proofs struct {
	log *cockroach.Log
}

// Witnessed gives the entries that are; those that are not are absent.
func (p proofs) Witnessed(ctx context.Context, entries []string) (map[string]bool, error) {
	head, err := p.log.Head(ctx)
	if err != nil || len(head.Published) == 0 {
		return nil, err
	}
	published, err := tlog.ReadCheckpoint(head.Published)
	if err != nil {
		return nil, err
	}
	places, err := p.log.Places(ctx, entries)
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
