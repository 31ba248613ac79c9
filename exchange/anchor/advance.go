package anchor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"yilian.example/exchange/tlog"
)

// ledgerState is what the ledger is known to hold.
type ledgerState struct {
	Witnessed
	checkpoint tlog.Checkpoint
}

// advance brings ledger and publication up to the integrated tree: the newest checkpoint wins, whatever lies between.
// The ledger is the truth: it is asked first after a start and after every failure, so an unknown outcome is settled
// before anything is sent again.
func (s *Sequencer) advance(ctx context.Context, lease Lease) error {
	if err := s.advanceOnce(ctx, lease); err != nil {
		s.ledger = nil
		return fmt.Errorf("witness: %w", err)
	}
	return nil
}

func (s *Sequencer) advanceOnce(ctx context.Context, lease Lease) error {
	head, err := s.store.Head(ctx)
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	if s.ledger == nil {
		if s.ledger, err = s.askLedger(ctx, head); err != nil {
			return err
		}
		// Read after the ledger was asked: whoever led before, the store had these entries before the ledger did.
		if head, err = s.store.Head(ctx); err != nil {
			return fmt.Errorf("read head: %w", err)
		}
		if err := s.checkAgainst(ctx, head); err != nil {
			return err
		}
		s.checked.Store(true)
	} else if head.Size < s.ledger.checkpoint.Size {
		return s.checkAgainst(ctx, head) // it was put back under our hands
	}
	if err := s.publish(ctx, lease, head); err != nil {
		return err
	}
	if head.Size == s.ledger.checkpoint.Size {
		return nil
	}
	if err := s.submit(ctx, head); err != nil {
		return err
	}
	return s.publish(ctx, lease, head)
}

// askLedger learns what the ledger holds, registering the log where it is new. It refuses a publication that the ledger
// does not know; head must have been read before.
func (s *Sequencer) askLedger(ctx context.Context, head Head) (*ledgerState, error) {
	latest, found, err := s.witness.Latest(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask ledger: %w", err)
	}
	if !found {
		if len(head.Published) != 0 {
			return nil, s.ledgerBehind("a checkpoint is published and the ledger does not know the log")
		}
		if err := s.register(ctx); err != nil {
			return nil, err
		}
		if latest, found, err = s.witness.Latest(ctx); err != nil || !found {
			return nil, errors.Join(errors.New("ask ledger: the log is not there after registering"), err)
		}
	}
	checkpoint, err := tlog.OpenCheckpoint(latest.Note, s.cfg.VerifierKey)
	if err != nil || checkpoint.Origin != s.cfg.Origin {
		return nil, fmt.Errorf(
			"%w: the ledger's checkpoint is not signed by this log's key; was the key file made anew? Put the old one back",
			ErrRefused,
		)
	}
	published, err := s.publishedSize(head)
	if err != nil {
		return nil, err
	}
	if published > checkpoint.Size {
		return nil, s.ledgerBehind(
			fmt.Sprintf("%d entries are published, the ledger witnessed %d", published, checkpoint.Size),
		)
	}
	s.behindSince = time.Time{}
	return &ledgerState{Witnessed: latest, checkpoint: checkpoint}, nil
}

// ledgerBehind is the answer to a ledger that does not know what was published. One peer says so while it catches up,
// after a restart for example; a ledger that says so for long has lost what it committed, or is another one.
func (s *Sequencer) ledgerBehind(what string) error {
	now := s.cfg.Now()
	if s.behindSince.IsZero() {
		s.behindSince = now
	}
	if now.Sub(s.behindSince) < catchUp {
		return errors.New("the ledger is behind: " + what)
	}
	return fmt.Errorf("%w: %s", ErrRefused, what)
}

func (s *Sequencer) register(ctx context.Context) error {
	empty, err := tlog.SignCheckpoint(tlog.Checkpoint{Origin: s.cfg.Origin, Root: tlog.EmptyRoot()}, s.cfg.Signer)
	if err != nil {
		return err
	}
	if err := s.witness.Register(ctx, s.cfg.VerifierKey, empty); err != nil {
		return fmt.Errorf("register log: %w", err)
	}
	return nil
}

// checkAgainst refuses a store that was rolled back or changed behind what the ledger has witnessed.
func (s *Sequencer) checkAgainst(ctx context.Context, head Head) error {
	size := s.ledger.checkpoint.Size
	if head.Size < size {
		return fmt.Errorf(
			"%w: the store has %d entries, the ledger witnessed %d; was the database rolled back?", ErrRefused, head.Size,
			size,
		)
	}
	edge, err := tlog.NewBuilder(size, s.reader(ctx))
	if err != nil {
		return fmt.Errorf("read tree: %w", refusal(err))
	}
	if root, err := edge.Root(); err != nil || root != s.ledger.checkpoint.Root {
		return fmt.Errorf("%w: the stored tree has another root at size %d than the ledger witnessed", ErrRefused, size)
	}
	return nil
}

// submit re-derives the root of the extension from what is stored, signs it and shows it to the ledger. After a long
// time without a ledger the extension is shown in several steps, so that each ends in time.
func (s *Sequencer) submit(ctx context.Context, head Head) error {
	older := s.ledger.checkpoint
	size := min(head.Size, older.Size+s.advanceMax)
	root, err := tlog.Audit(older, size, s.reader(ctx), checkLeaf)
	if err != nil {
		return fmt.Errorf("re-derive root: %w", refusal(err))
	}
	if size == head.Size && root != head.Root {
		return fmt.Errorf("%w: the stored entries do not have the stored root at size %d", ErrRefused, head.Size)
	}
	newer := tlog.Checkpoint{Origin: s.cfg.Origin, Size: size, Root: root}
	proof, err := tlog.ProveConsistency(newer, older, s.reader(ctx))
	if err != nil {
		return err
	}
	note, err := tlog.SignCheckpoint(newer, s.cfg.Signer)
	if err != nil {
		return err
	}
	done, err := s.witness.SubmitCheckpoint(ctx, note, proof)
	if err != nil {
		return fmt.Errorf("submit checkpoint of %d: %w", newer.Size, err)
	}
	s.ledger = &ledgerState{Witnessed: Witnessed{Note: note, Time: done.Time}, checkpoint: newer}
	return nil
}

// refusal marks the errors that say that the stored log contradicts itself, and not just that it could not be read.
func refusal(err error) error {
	var fault *tlog.AuditError
	if errors.As(err, &fault) || errors.Is(err, tlog.ErrRoot) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

func checkLeaf(entry []byte) error {
	_, err := tlog.ParseLeaf(entry)
	return err
}

// publish serves what the ledger holds, unless it is served already.
func (s *Sequencer) publish(ctx context.Context, lease Lease, head Head) error {
	published, err := s.publishedSize(head)
	if err != nil {
		return err
	}
	size := s.ledger.checkpoint.Size
	if published > size {
		return fmt.Errorf("publish checkpoint of %d: %w", size, ErrMoved) // by another leader; the ledger is asked again
	}
	if published == size {
		return nil
	}
	since := s.sinceAfter(size)
	p := Publication{Note: s.ledger.Note, Size: size, WitnessedAt: s.ledger.Time, Since: since}
	if err := s.store.Publish(ctx, lease, p); err != nil {
		return fmt.Errorf("publish checkpoint of %d: %w", size, err)
	}
	return nil
}

// publishedSize is the size of the published checkpoint, -1 where there is none.
func (s *Sequencer) publishedSize(head Head) (int64, error) {
	if len(head.Published) == 0 {
		return -1, nil
	}
	c, err := tlog.OpenCheckpoint(head.Published, s.cfg.VerifierKey)
	if err != nil {
		return 0, fmt.Errorf("%w: the published checkpoint does not verify", ErrRefused)
	}
	return c.Size, nil
}
