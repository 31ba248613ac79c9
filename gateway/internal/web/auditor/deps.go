package auditor

import (
	"context"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
)

// Deps is what the auditor's pages need; gateway/wire_web.go plugs it together. Every field is required.
type Deps struct {
	MemberLogs MemberLogs
	// Verify checks an evidence file (evidence.Verify with the members' roots). fault.Invalid: it is none.
	Verify func(file []byte) (evidence.Report, error)
}

// MemberLogs tells the state of every member's log, for the auditor.
type MemberLogs interface {
	Logs(ctx context.Context) ([]LogState, error)
}

// LogState is one member's log, as its public address and the ledger each tell it.
type LogState struct {
	Org    consortium.OrgID
	Origin string

	Published   int64 // size of the checkpoint that the member serves
	PublishedAt time.Time

	Witnessed   int64 // size of the newest checkpoint on the ledger; 0: none yet
	WitnessedAt time.Time
	Root        string // base64, of the ledger's checkpoint
	KeyHash     string // of the registered verifier key, hex, for people to compare

	Pending int64         // entries not yet integrated, as the member says; -1: not known
	Lag     time.Duration // age of the oldest entry not yet witnessed, or 0

	// Problem is a code that selects a text ("audit.problem.<code>"): UNREACHABLE, UNREGISTERED, DISAGREES, BEHIND; empty
	// when all is well.
	Problem string
}

// Size is the longer of what is published and what is witnessed: the scale on which the log is drawn.
func (l LogState) Size() int64 { return max(l.Published, l.Witnessed) }
