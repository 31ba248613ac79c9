package policy

import (
	"encoding/json"
	"fmt"

	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"yilian.example/exchange/consortium"
)

// wordSet is a set as the rules look it up: each member is true.
type wordSet map[string]bool

// vocabulary is the words that the rules read as data.consortium: roles, purposes and kinds.
func vocabulary(grants []consortium.Grant) map[string]any {
	roles := map[string]any{}
	for _, g := range grants {
		roles[string(g.Role)] = map[string]any{"purposes": set(g.Purposes), "actions": set(g.Actions)}
	}
	return map[string]any{"consortium": map[string]any{
		"roles":    roles,
		"purposes": set(consortium.Purposes()),
		"kinds":    consortium.PatientKinds(),
	}}
}

func set[T ~string](members []T) wordSet {
	out := wordSet{}
	for _, m := range members {
		out[string(m)] = true
	}
	return out
}

// encode writes the vocabulary with its keys in order, as it goes into the digest.
func encode(vocabulary map[string]any) ([]byte, error) {
	text, err := json.Marshal(vocabulary)
	if err != nil {
		return nil, fmt.Errorf("encode vocabulary: %w", err)
	}
	return text, nil
}

// open makes the store that the rules read the vocabulary from. It holds values as the engine uses them, so that no
// evaluation converts them.
func open(table []byte) (storage.Store, error) {
	var data map[string]any
	if err := json.Unmarshal(table, &data); err != nil {
		return nil, fmt.Errorf("read vocabulary: %w", err)
	}
	return inmem.NewFromObjectWithOpts(data, inmem.OptReturnASTValuesOnRead(true)), nil
}
