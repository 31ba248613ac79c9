// Package oversight shows an auditor how the members' logs stand: what each member serves to everybody beside what the
// ledger has witnessed. It does no I/O; what it needs comes in through ports.
package oversight

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
)

// Problem is what is wrong with a log; empty when all is well. It selects the text "audit.problem.<problem>".
type Problem string

// The problems.
const (
	Unreachable  Problem = "UNREACHABLE"  // the member's address does not answer
	Unregistered Problem = "UNREGISTERED" // the ledger has no key for the member's log
	Disagrees    Problem = "DISAGREES"    // what the member serves contradicts the ledger
	Behind       Problem = "BEHIND"       // the member serves less than was witnessed, and not only for a moment
	Unknown      Problem = "UNKNOWN"      // on the ledger, but no member's log by its name
)

// behindAfter is how long a member may take to publish what was witnessed.
const behindAfter = time.Minute

// LogState is one log, as its public address and the ledger each tell it.
type LogState struct {
	Org         consortium.OrgID `json:"org"`
	Origin      string           `json:"origin"`
	Published   int64            `json:"published" doc:"Entries under the checkpoint that the member serves"`
	PublishedAt time.Time        `json:"-"`
	Witnessed   int64            `json:"witnessed" doc:"Entries under the newest checkpoint on the ledger"`
	WitnessedAt time.Time        `json:"witnessedAt"`
	Root        string           `json:"root" doc:"Root of the ledger's checkpoint, base64"`
	KeyHash     string           `json:"keyHash" doc:"Fingerprint of the registered verifier key"`
	Pending     int64            `json:"pending" doc:"Entries not yet in the tree, as the member says; -1: not known"`
	LagSeconds  float64          `json:"lagSeconds" doc:"How long the oldest entry has waited, as the member says"`
	Problem     Problem          `json:"problem,omitempty" enum:"UNREACHABLE,UNREGISTERED,DISAGREES,BEHIND,UNKNOWN"`
}

// Size is the longer of what is published and what is witnessed: the scale on which the log is drawn.
func (l LogState) Size() int64 { return max(l.Published, l.Witnessed) }

// Lag is how long the oldest entry has waited to be witnessed, as the member says.
func (l LogState) Lag() time.Duration { return time.Duration(l.LagSeconds * float64(time.Second)) }

// Ledger tells which logs are registered and witnessed.
type Ledger interface {
	Logs(ctx context.Context) ([]ledger.LogState, error)
}

// Checkpoints fetches the signed checkpoint that a member serves to everybody.
type Checkpoints interface {
	Checkpoint(ctx context.Context, org consortium.OrgID) ([]byte, error)
}

// Waiting is what a member says of its own log.
type Waiting struct {
	Pending     int64
	Lag         time.Duration
	PublishedAt time.Time
}

// Statuses tells what waits to be witnessed, in the members' own words; false where that is not known here.
type Statuses interface {
	Waiting(ctx context.Context, org consortium.OrgID, origin string) (Waiting, bool)
}

// Logs compares the members' logs with the ledger.
type Logs struct {
	Domain   string
	Members  []consortium.OrgID
	Ledger   Ledger
	Served   Checkpoints
	Statuses Statuses
	Now      func() time.Time
}

// Logs asks all members at once. The logs of the members come first, in their order; then what else is on the ledger.
func (l *Logs) Logs(ctx context.Context) ([]LogState, error) {
	onLedger, err := l.Ledger.Logs(ctx)
	if err != nil {
		return nil, fmt.Errorf("read logs of the ledger: %w", err)
	}
	byOrigin := make(map[string]ledger.LogState, len(onLedger))
	for _, state := range onLedger {
		byOrigin[state.Origin] = state
	}
	out := make([]LogState, len(l.Members), len(l.Members)+len(onLedger))
	var wg sync.WaitGroup
	for i, org := range l.Members {
		origin := consortium.LogOrigin(org, l.Domain)
		state, registered := byOrigin[origin]
		delete(byOrigin, origin)
		wg.Go(func() { out[i] = l.member(ctx, org, origin, state, registered) })
	}
	wg.Wait()
	for _, state := range onLedger {
		if _, left := byOrigin[state.Origin]; left {
			out = append(out, unknown(state))
		}
	}
	return out, nil
}

// unknown is a log that somebody registered and that is no member's own: nothing of it proves anything.
func unknown(state ledger.LogState) LogState {
	s := LogState{Org: consortium.OrgID(state.MSP), Origin: state.Origin, Pending: -1, Problem: Unknown}
	s.witness(state)
	return s
}

func (l *Logs) member(
	ctx context.Context, org consortium.OrgID, origin string, state ledger.LogState, registered bool,
) LogState {
	s := LogState{Org: org, Origin: origin, Pending: -1}
	if w, told := l.Statuses.Waiting(ctx, org, origin); told {
		s.Pending, s.LagSeconds, s.PublishedAt = w.Pending, w.Lag.Seconds(), w.PublishedAt
	}
	if !registered {
		s.Problem = Unregistered
		return s
	}
	s.witness(state)
	if state.MSP != string(org) { // another member registered it
		s.Problem = Disagrees
		return s
	}
	served, err := l.Served.Checkpoint(ctx, org)
	if err != nil {
		s.Problem = Unreachable
		return s
	}
	s.Published, s.Problem = l.compare(served, origin, state)
	return s
}

// compare returns the size of what is served, and what is wrong with it.
func (l *Logs) compare(served []byte, origin string, state ledger.LogState) (int64, Problem) {
	c, err := tlog.OpenCheckpoint(served, state.Key)
	switch {
	case err != nil:
		return 0, Disagrees
	case c.Origin != origin || c.Size == state.Size && !bytes.Equal(c.Root[:], state.Root):
		return c.Size, Disagrees
	case c.Size < state.Size && l.Now().Sub(state.Time) > behindAfter:
		return c.Size, Behind
	}
	return c.Size, ""
}

// witness adds what the ledger vouches for.
func (l *LogState) witness(state ledger.LogState) {
	key := sha256.Sum256([]byte(state.Key))
	l.Witnessed, l.WitnessedAt = state.Size, state.Time
	l.Root, l.KeyHash = base64.StdEncoding.EncodeToString(state.Root), hex.EncodeToString(key[:8])
}
