package anchor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"yilian.example/exchange/tlog"
)

// Config is what a sequencer needs to know. Origin, Signer, VerifierKey and Holder have no defaults.
type Config struct {
	Origin      string
	Signer      tlog.Signer
	VerifierKey string
	Holder      string        // unique to this process and run
	Interval    time.Duration // between looks for pending entries, and between checkpoints; default 200ms
	BatchMax    int           // entries in one batch; default 4096
	LeaseTTL    time.Duration // default 6s: how long a log stands still after its leader died
	Now         func() time.Time
	Logger      *slog.Logger
}

// Pauses after failures. The first is the configured interval.
const (
	pauseMax     = 15 * time.Second
	pauseRefused = 30 * time.Second
	callTimeout  = 60 * time.Second
	// catchUp is how long a peer may take to catch up before a ledger that is behind counts as one that forgot.
	catchUp = 3 * time.Minute
	// advanceMax is how many entries one checkpoint may add: what is read again and hashed within callTimeout on a slow
	// machine.
	advanceMax = 1 << 18
)

// Sequencer runs one log. Run may be called in many processes at once; one of them leads.
type Sequencer struct {
	store   Store
	witness Witness
	cfg     Config

	advanceMax int64 // changed by tests only

	// Owned by the integrate loop (one at a time, under the lease).
	tree   *tlog.Builder
	root   tlog.Hash
	cursor string
	// reported are the pending entries that are no leaves and were logged: a few at most, and after a restart they are
	// logged again.
	reported map[string]bool

	// Owned by the witness loop.
	ledger      *ledgerState
	behindSince time.Time // since when the ledger has not known what is published; zero while it does

	// checked is whether what is stored was found to fit the ledger since this process began to lead. The witness loop
	// sets it, and nothing is integrated before: what is placed where the ledger has witnessed another entry cannot be
	// taken out again.
	checked atomic.Bool

	mu        sync.Mutex // guards what follows
	marks     []mark
	leading   bool
	trouble   string
	refusedBy string
}

// mark remembers how old the oldest entry of a batch is until the batch is published.
type mark struct {
	size   int64
	oldest time.Time
}

// New makes a sequencer and checks that the keys are those of the log.
func New(store Store, witness Witness, cfg Config) (*Sequencer, error) {
	name, err := tlog.KeyName(cfg.VerifierKey)
	if err != nil {
		return nil, fmt.Errorf("new sequencer: %w", err)
	}
	if name != cfg.Origin || cfg.Signer == nil || cfg.Signer.Name() != cfg.Origin {
		return nil, errors.New("new sequencer: the keys are not named for the log's origin")
	}
	empty := tlog.Checkpoint{Origin: cfg.Origin, Root: tlog.EmptyRoot()}
	signed, err := tlog.SignCheckpoint(empty, cfg.Signer)
	if err != nil {
		return nil, fmt.Errorf("new sequencer: %w", err)
	}
	if _, err := tlog.OpenCheckpoint(signed, cfg.VerifierKey); err != nil {
		return nil, errors.New("new sequencer: signer and verifier key are not a pair")
	}
	if cfg.Holder == "" {
		return nil, errors.New("new sequencer: the holder's name is missing")
	}
	if cfg.Interval <= 0 {
		cfg.Interval = 200 * time.Millisecond
	}
	if cfg.BatchMax <= 0 {
		cfg.BatchMax = 4096
	}
	if cfg.LeaseTTL <= 0 {
		cfg.LeaseTTL = 6 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Sequencer{store: store, witness: witness, cfg: cfg, advanceMax: advanceMax, reported: map[string]bool{}}, nil
}

// Run leads whenever it can get the lease, until ctx is over. It returns only then; what goes wrong is logged, shown in
// Status and tried again.
func (s *Sequencer) Run(ctx context.Context) {
	for ctx.Err() == nil {
		lease, err := s.store.Acquire(ctx, s.cfg.Holder, s.cfg.LeaseTTL)
		if err != nil {
			if !errors.Is(err, ErrHeld) && ctx.Err() == nil {
				s.fail(ctx, "acquire lease", err)
			}
			sleep(ctx, s.cfg.LeaseTTL/3)
			continue
		}
		err = s.lead(ctx, lease)
		s.release(ctx, lease)
		if errors.Is(err, ErrRefused) {
			sleep(ctx, pauseRefused)
		}
	}
}

func (s *Sequencer) release(ctx context.Context, lease Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := s.store.Release(ctx, lease); err != nil {
		s.cfg.Logger.WarnContext(ctx, "release lease", "origin", s.cfg.Origin, "error", err)
	}
}

// lead integrates, witnesses and renews side by side, until the lease is lost, the log is refused or ctx is over.
func (s *Sequencer) lead(ctx context.Context, lease Lease) error {
	s.setLeading(true)
	defer s.setLeading(false)
	s.tree, s.ledger = nil, nil
	s.checked.Store(false)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var loops sync.WaitGroup
	loops.Go(func() {
		cancel(s.repeat(ctx, "integrate", func(ctx context.Context) (bool, error) {
			if !s.checked.Load() {
				return false, nil
			}
			n, err := s.integrate(ctx, lease)
			return n == s.cfg.BatchMax, err
		}))
	})
	loops.Go(func() {
		cancel(s.repeat(ctx, "witness", func(ctx context.Context) (bool, error) { return false, s.advance(ctx, lease) }))
	})
	loops.Go(func() { cancel(s.renew(ctx, lease)) })
	loops.Wait()
	return context.Cause(ctx)
}

// repeat runs step at each interval, at once again when it says that there is more to do, and with growing pauses after
// failures. It ends with an error only when leading must end.
func (s *Sequencer) repeat(ctx context.Context, name string, step func(context.Context) (bool, error)) error {
	pause := s.cfg.Interval
	for ctx.Err() == nil {
		more, err := s.bounded(ctx, step)
		switch {
		case errors.Is(err, ErrFenced):
			s.cfg.Logger.InfoContext(ctx, "lease was lost", "origin", s.cfg.Origin)
			return err
		case errors.Is(err, ErrRefused):
			s.refuse(ctx, name, err)
			return err
		case err != nil && ctx.Err() == nil:
			s.fail(ctx, name, err)
			sleep(ctx, pause)
			pause = min(2*pause, pauseMax)
		case err == nil:
			if pause != s.cfg.Interval {
				s.cfg.Logger.InfoContext(ctx, "log works again", "origin", s.cfg.Origin, "step", name)
			}
			pause = s.cfg.Interval
			s.well(name)
			if !more {
				sleep(ctx, s.cfg.Interval)
			}
		}
	}
	return ctx.Err()
}

func (s *Sequencer) bounded(ctx context.Context, step func(context.Context) (bool, error)) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return step(ctx)
}

// renew extends the lease until another holder has it. Other failures are waited out: writes are fenced in any case.
func (s *Sequencer) renew(ctx context.Context, lease Lease) error {
	for {
		sleep(ctx, s.cfg.LeaseTTL/3)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		renewed, err := s.store.Acquire(ctx, s.cfg.Holder, s.cfg.LeaseTTL)
		if errors.Is(err, ErrHeld) || err == nil && renewed.Epoch != lease.Epoch {
			return ErrFenced
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
