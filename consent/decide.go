package consent

import (
	"context"

	"yilian.example/exchange/consortium"
)

// Input is all that the policy sees: the question and facts that this gateway looked up itself.
type Input struct {
	Org   consortium.OrgID // the organisation that decides
	Query consortium.Query
	Facts Facts
}

// Facts are looked up, never asserted by the caller.
type Facts struct {
	// Care says that the patient is, or within the care window was, in treatment at Org (an encounter).
	Care bool
	// Consents are those of the patient with Org as custodian, each with a state that was proven.
	Consents []Fact
}

// Fact is one consent as the policy sees it.
type Fact struct {
	ID    ID
	Terms Terms
	State State
}

// Policy answers. Its answer always has a reason. An error means that no decision was reached, which callers treat as a refusal.
type Policy interface {
	Evaluate(ctx context.Context, in Input) (consortium.Decision, error)
}
