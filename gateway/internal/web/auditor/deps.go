package auditor

import (
	"context"

	"yilian.example/exchange/evidence"
	"yilian.example/exchange/oversight"
)

// Deps is what the auditor's pages need; gateway/wire_web.go plugs it together. Every field is required.
type Deps struct {
	MemberLogs MemberLogs
	Database   DatabaseWatch
	// LogRefused says, from memory, whether the ledger contradicts this organisation's log.
	LogRefused func() bool
	// Verify checks an evidence file (evidence.Verify with the members' roots). fault.Invalid: it is none.
	Verify func(file []byte) (evidence.Report, error)
}

// MemberLogs tells the state of every member's log, for the auditor.
type MemberLogs interface {
	Logs(ctx context.Context) ([]LogState, error)
}

// DatabaseWatch tells how the running audit of this organisation's own database stands. It answers from memory, so that
// it can be asked while the database cannot.
type DatabaseWatch interface {
	Status() oversight.WatchStatus
}

// LogState is one log, as its member's public address and the ledger each tell it.
type LogState = oversight.LogState
