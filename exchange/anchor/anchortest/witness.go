package anchortest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/tlog"
)

// Witness is a ledger in memory with the contract's rules: the first checkpoint is of the empty tree, and each later
// one must be signed by the registered key and be shown to extend the last.
type Witness struct {
	Delay time.Duration // how long a submission takes
	Now   func() time.Time

	mu      sync.Mutex
	key     string
	last    anchor.Witnessed
	current tlog.Checkpoint
	history []tlog.Checkpoint
}

// NewWitness returns a ledger that knows no log.
func NewWitness() *Witness { return &Witness{Now: time.Now} }

var _ anchor.Witness = (*Witness)(nil)

// Register implements anchor.Witness.
func (w *Witness) Register(_ context.Context, key string, empty []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.key == key {
		return nil
	}
	if w.key != "" {
		return errors.New("registered with another key")
	}
	c, err := tlog.OpenCheckpoint(empty, key)
	if err != nil {
		return err
	}
	if c.Size != 0 || c.Root != tlog.EmptyRoot() {
		return errors.New("not the empty tree")
	}
	w.key, w.current = key, c
	w.last = anchor.Witnessed{Note: empty, Time: w.Now()}
	return nil
}

// SubmitCheckpoint implements anchor.Witness.
func (w *Witness) SubmitCheckpoint(ctx context.Context, note []byte, proof []tlog.Hash) (anchor.Witnessed, error) {
	if w.Delay > 0 {
		select {
		case <-ctx.Done():
			return anchor.Witnessed{}, ctx.Err()
		case <-time.After(w.Delay):
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	c, err := tlog.OpenCheckpoint(note, w.key)
	if err != nil {
		return anchor.Witnessed{}, err
	}
	if c == w.current {
		return w.last, nil
	}
	if err := tlog.CheckConsistency(proof, c, w.current); err != nil {
		return anchor.Witnessed{}, fmt.Errorf("refused: %w", err)
	}
	w.current = c
	w.history = append(w.history, c)
	w.last = anchor.Witnessed{Note: note, Time: w.Now()}
	return w.last, nil
}

// Latest implements anchor.Witness.
func (w *Witness) Latest(context.Context) (anchor.Witnessed, bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last, w.key != "", nil
}

// History returns the checkpoints that were accepted, in order.
func (w *Witness) History() []tlog.Checkpoint {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]tlog.Checkpoint(nil), w.history...)
}
