package policy

import (
	"encoding/json"
	"fmt"
	"time"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
)

// document is the input as the rules read it. Times are Unix seconds; an unset time is left out, so that the rules see
// it as missing. The actor's name is left out: no rule may depend on it.
func document(in consent.Input) map[string]any {
	q := in.Query
	query := map[string]any{
		"actor": map[string]any{
			"id": q.Actor.ID, "org": string(q.Actor.Org), "role": string(q.Actor.Role), "patient": string(q.Actor.Patient),
		},
		"purpose":   string(q.Purpose),
		"action":    string(q.Action),
		"custodian": string(q.Custodian),
		"patient":   string(q.Patient),
		"kinds":     words(q.Kinds),
	}
	if !q.Time.IsZero() {
		query["time"] = unix(q.Time)
	}
	return map[string]any{
		"org":   string(in.Org),
		"query": query,
		"facts": map[string]any{
			"care":        in.Facts.Care,
			"consents":    consents(in.Facts.Consents),
			"invitations": consents(in.Facts.Invitations),
		},
	}
}

func consents(facts []consent.Fact) []any {
	out := make([]any, 0, len(facts))
	for _, c := range facts {
		out = append(out, map[string]any{
			"id":        string(c.ID),
			"custodian": string(c.Terms.Custodian),
			"recipient": string(c.Terms.Recipient),
			"purpose":   string(c.Terms.Purpose),
			"kinds":     words(c.Terms.Kinds),
			"from":      unix(c.Terms.From),
			"until":     unix(c.Terms.Until),
			"state":     string(c.State),
		})
	}
	return out
}

func words(kinds []consortium.Kind) []any {
	out := make([]any, len(kinds))
	for i, k := range kinds {
		out[i] = string(k)
	}
	return out
}

func unix(t time.Time) json.Number { return json.Number(fmt.Sprint(t.Unix())) }
