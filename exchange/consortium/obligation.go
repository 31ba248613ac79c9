package consortium

import (
	"fmt"
	"slices"
	"strings"
)

// ObligationCode says what somebody who acts on a decision has to do.
type ObligationCode string

// The obligations.
const (
	// OnlyKinds lets the custodian hand over the kinds that were decided on and no others (PIPL 6).
	OnlyKinds ObligationCode = "ONLY_KINDS"
	// Receipt makes the recipient log a receipt before anything is shown.
	Receipt ObligationCode = "RECEIPT"
	// NoOnward forbids the recipient to release what it received (PIPL 23).
	NoOnward ObligationCode = "NO_ONWARD"
)

// duties is the closed list of obligations: for which actions there is code that carries them out.
var duties = []struct {
	code    ObligationCode
	actions []Action
}{
	{OnlyKinds, []Action{ActionRelease}},
	{Receipt, []Action{ActionRelease}},
	{NoOnward, []Action{ActionRelease}},
}

// Obligation is something that an allowance is tied to. As text it is its code, followed by a colon and the argument
// where it has one: "RECEIPT", "UNTIL:noon". Those that are carried out have none; what was decided elsewhere may.
type Obligation struct {
	Code     ObligationCode
	Argument string
}

// String returns the obligation as text.
func (o Obligation) String() string {
	if o.Argument == "" {
		return string(o.Code)
	}
	return string(o.Code) + ":" + o.Argument
}

// MarshalText writes the obligation as text.
func (o Obligation) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText reads an obligation. A code that is not known is kept, since what was decided elsewhere must be read as
// it was written; Binds tells whether anybody can act on it.
func (o *Obligation) UnmarshalText(text []byte) error {
	code, argument, colon := strings.Cut(string(text), ":")
	if code == "" || colon && argument == "" {
		return fmt.Errorf("read obligation: %q is not a code, or a code, a colon and an argument", text)
	}
	*o = Obligation{Code: ObligationCode(code), Argument: argument}
	return nil
}

// Binds reports whether there is code that carries the obligation out for an action. An allowance with an obligation
// that does not bind must not be acted on.
func (o Obligation) Binds(action Action) bool {
	for _, d := range duties {
		if d.code == o.Code {
			return o.Argument == "" && slices.Contains(d.actions, action)
		}
	}
	return false
}

// Unbound returns the first obligation of the decision that nobody carries out for its action.
func (d Decision) Unbound() (Obligation, bool) {
	for _, o := range d.Obligations {
		if !o.Binds(d.Query.Action) {
			return o, true
		}
	}
	return Obligation{}, false
}
