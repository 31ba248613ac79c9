package anchor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// What Status.Trouble can say.
const (
	TroubleIntegrate = "integrate" // entries do not get into the tree: most likely the database
	TroubleWitness   = "witness"   // checkpoints do not get onto the ledger
	TroubleRefused   = "refused"   // the log contradicts what was witnessed: a person must look
)

// Status is a log's health, for readiness, metrics and the auditor's page.
type Status struct {
	Origin      string
	Pending     int64     // entries not yet in the tree
	Integrated  int64     // entries in the tree
	Published   int64     // entries under the published, witnessed checkpoint
	Since       time.Time // creation of the oldest entry that is not yet witnessed; zero where all are
	WitnessedAt time.Time // ledger time of the published checkpoint; zero before the first
	Leading     bool      // whether this process leads; the figures are of the log, whoever leads
	Trouble     string    // the last trouble of this process while leading; empty when all is well
}

// Status reads the log's state.
func (s *Sequencer) Status(ctx context.Context) (Status, error) {
	st, err := ReadStatus(ctx, s.store, s.cfg.Origin)
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Leading, st.Trouble = s.leading, s.trouble
	return st, err
}

// Refused says, from memory, whether the log contradicts what the ledger witnessed.
func (s *Sequencer) Refused() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble == TroubleRefused
}

// ReadStatus reads the state of any log in the store, without taking part in it.
func ReadStatus(ctx context.Context, log Reader, origin string) (Status, error) {
	st := Status{Origin: origin}
	// The backlog first: an entry that is integrated in between is counted twice rather than not at all.
	backlog, err := log.Backlog(ctx)
	if err != nil {
		return st, fmt.Errorf("read log status: %w", err)
	}
	head, err := log.Head(ctx)
	if err != nil {
		return st, fmt.Errorf("read log status: %w", err)
	}
	st.Pending, st.Integrated, st.WitnessedAt = backlog.Pending, head.Size, head.WitnessedAt
	st.Since = head.Since
	if !backlog.Oldest.IsZero() && (st.Since.IsZero() || backlog.Oldest.Before(st.Since)) {
		st.Since = backlog.Oldest
	}
	if len(head.Published) != 0 {
		c, err := tlog.ReadCheckpoint(head.Published)
		if err != nil {
			return st, errors.New("read log status: the published checkpoint is malformed")
		}
		st.Published = c.Size
	}
	return st, nil
}

// Lag is how long the oldest entry has been waiting to be witnessed.
func (st Status) Lag(now time.Time) time.Duration {
	if st.Since.IsZero() {
		return 0
	}
	return max(0, now.Sub(st.Since))
}

// CheckBudget refuses, as Unavailable, when the lag is over budget: evidence of what is released now could not be kept
// in time.
func (st Status) CheckBudget(now time.Time, budget time.Duration) error {
	if st.Trouble == TroubleRefused {
		return fault.New(fault.Unavailable, CodeLogRefused,
			"This organisation's log is being examined. Records cannot be released to other organisations until that is done.")
	}
	if st.Lag(now) > budget {
		return fault.New(
			fault.Unavailable,
			CodeLogLag,
			"The ledger has not witnessed this organisation's log for too long. Records cannot be released to other "+
				"organisations until it has; please try again later.",
		)
	}
	return nil
}

func (s *Sequencer) setLeading(leading bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leading = leading
}

func (s *Sequencer) fail(ctx context.Context, step string, err error) {
	s.cfg.Logger.WarnContext(ctx, "log step failed; will try again", "origin", s.cfg.Origin, "step", step, "error", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.trouble != TroubleRefused {
		s.trouble = step
	}
}

func (s *Sequencer) refuse(ctx context.Context, step string, err error) {
	s.cfg.Logger.ErrorContext(
		ctx, "ALARM: log refused; nothing is signed until this is examined", "origin", s.cfg.Origin, "step", step, "error",
		err,
	)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble, s.refusedBy = TroubleRefused, step
}

// well takes back the trouble of a step that passed. A refusal is taken back only by the step that refused.
func (s *Sequencer) well(step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.trouble == TroubleRefused && s.refusedBy != step:
	case s.trouble == TroubleRefused, s.trouble == step, s.trouble == "acquire lease":
		s.trouble = ""
	}
}
