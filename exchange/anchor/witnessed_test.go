package anchor_test

import (
	"context"
	"crypto/rand"
	"maps"
	"testing"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/tlog"
)

type placed struct {
	head   anchor.Head
	places map[string]int64
}

func (p placed) Head(context.Context) (anchor.Head, error) { return p.head, nil }

func (p placed) Places(context.Context, []string) (map[string]int64, error) { return p.places, nil }

func TestOnlyEntriesUnderThePublishedCheckpointAreWitnessed(t *testing.T) {
	skey, _, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tlog.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	note, err := tlog.SignCheckpoint(tlog.Checkpoint{Origin: origin, Size: 7}, signer)
	if err != nil {
		t.Fatal(err)
	}
	p := placed{places: map[string]int64{"in": 6, "beyond": 7}}
	if got, err := (anchor.WitnessedEntries{Log: p}).Witnessed(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("before the first checkpoint: %v, %v", got, err)
	}
	p.head.Published = note
	got, err := (anchor.WitnessedEntries{Log: p}).Witnessed(t.Context(), []string{"in", "beyond", "pending"})
	if err != nil || !maps.Equal(got, map[string]bool{"in": true}) {
		t.Errorf("%v, %v", got, err)
	}
}
