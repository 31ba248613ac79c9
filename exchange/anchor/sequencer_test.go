package anchor_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/anchor/anchortest"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

const origin = "donghu.yilian.example/log"

// keys returns one key pair for all tests of the package.
var keys = func() struct {
	signer   tlog.Signer
	verifier string
} {
	skey, vkey, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		panic(err)
	}
	signer, err := tlog.NewSigner(skey)
	if err != nil {
		panic(err)
	}
	return struct {
		signer   tlog.Signer
		verifier string
	}{signer, vkey}
}()

func newSequencer(
	t testing.TB, store anchor.Store, witness anchor.Witness, holder string, batch int,
) *anchor.Sequencer {
	t.Helper()
	s, err := anchor.New(store, witness, anchor.Config{
		Origin: origin, Signer: keys.signer, VerifierKey: keys.verifier, Holder: holder, BatchMax: batch,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkLog audits the whole log and that each of n entries stands in it exactly once, published and on the ledger.
func checkLog(t testing.TB, store *anchortest.Store, witness *anchortest.Witness, n int) {
	t.Helper()
	ctx := context.Background()
	head, err := store.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	published, err := tlog.OpenCheckpoint(head.Published, keys.verifier)
	if err != nil {
		t.Fatalf("published checkpoint: %v", err)
	}
	if published.Size != int64(n) || head.Size != int64(n) {
		t.Fatalf("%d entries published, %d integrated, want %d", published.Size, head.Size, n)
	}
	latest, _, _ := witness.Latest(ctx)
	if string(latest.Note) != string(head.Published) {
		t.Errorf("published is not what the ledger holds")
	}
	seen := map[string]int{}
	read := func(tiles []tlog.Tile) ([][]byte, error) { return store.Tiles(ctx, tiles) }
	root, err := tlog.Audit(tlog.Checkpoint{Root: tlog.EmptyRoot()}, published.Size, read, func(e []byte) error {
		seen[string(e)]++
		return nil
	})
	if err != nil || root != published.Root {
		t.Fatalf("audit: root %s, %v; published %s", root, err, published.Root)
	}
	for i := range n {
		if seen[string(anchortest.Leaf(i))] != 1 {
			t.Errorf("entry %d stands in the log %d times", i, seen[string(anchortest.Leaf(i))])
		}
		if _, placed, _ := store.Place(ctx, anchortest.EntryID(i)); !placed {
			t.Errorf("entry %d has no place", i)
		}
	}
	// Whatever was witnessed at any time is a prefix of the log as it is now.
	for _, c := range witness.History() {
		if root, err := tlog.RootAt(published, c.Size, read); err != nil || root != c.Root {
			t.Errorf("the log is not the one witnessed at %d: %v", c.Size, err)
		}
	}
}

func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, witness := anchortest.NewStore(), anchortest.NewWitness()
		witness.Delay = 700 * time.Millisecond
		ctx, cancel := context.WithCancel(t.Context())
		s := newSequencer(t, store, witness, "one", 64)
		done := make(chan struct{})
		go func() { s.Run(ctx); close(done) }()
		for i := range 100 {
			anchortest.Insert(t, store, 10*i, 10*i+10)
			time.Sleep(20 * time.Millisecond)
		}
		time.Sleep(5 * time.Second)
		checkLog(t, store, witness, 1000)
		if n := len(witness.History()); n < 2 || n > 10 {
			t.Errorf("%d checkpoints for 2 s of entries at 0.7 s each: the newest should win", n)
		}
		st, err := s.Status(t.Context())
		if err != nil || !st.Leading || st.Trouble != "" || st.Pending != 0 || st.Published != 1000 ||
			st.Lag(time.Now()) != 0 {
			t.Errorf("status %+v, %v", st, err)
		}
		cancel()
		<-done
	})
}

func TestTwoSequencersOneLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, witness := anchortest.NewStore(), anchortest.NewWitness()
		one, two := newSequencer(t, store, witness, "one", 8), newSequencer(t, store, witness, "two", 8)
		ctxOne, stopOne := context.WithCancel(t.Context())
		ctxTwo, stopTwo := context.WithCancel(t.Context())
		defer stopTwo()
		go one.Run(ctxOne)
		go two.Run(ctxTwo)
		anchortest.Insert(t, store, 0, 50)
		time.Sleep(10 * time.Second)
		checkLog(t, store, witness, 50)
		stOne, _ := one.Status(t.Context())
		stTwo, _ := two.Status(t.Context())
		if stOne.Leading == stTwo.Leading {
			t.Errorf("leading: one %v, two %v", stOne.Leading, stTwo.Leading)
		}
		if stTwo.Leading {
			stopTwo()
		} else {
			stopOne()
		}
		anchortest.Insert(t, store, 50, 100)
		time.Sleep(10 * time.Second)
		checkLog(t, store, witness, 100)
		stopOne()
		stopTwo()
	})
}

// An old leader that was asleep while another led writes nothing, and finds no fault with what the other did.
func TestFencedLeader(t *testing.T) {
	ctx := t.Context()
	store, witness := anchortest.NewStore(), anchortest.NewWitness()
	one, two := newSequencer(t, store, witness, "one", 8), newSequencer(t, store, witness, "two", 8)
	old, err := store.Acquire(ctx, "one", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	anchortest.Insert(t, store, 0, 5)
	step(t, one, old)
	store.Now = func() time.Time { return time.Now().Add(time.Hour) }
	lease, err := store.Acquire(ctx, "two", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	anchortest.Insert(t, store, 5, 10)
	step(t, two, lease)
	anchortest.Insert(t, store, 10, 15)
	if _, err := one.Integrate(ctx, old); !errors.Is(err, anchor.ErrFenced) {
		t.Errorf("integrate: %v, want ErrFenced", err)
	}
	for range 3 {
		if err := one.Advance(ctx, old); errors.Is(err, anchor.ErrRefused) {
			t.Errorf("advance refused the other leader's work: %v", err)
		}
	}
	step(t, two, lease)
	checkLog(t, store, witness, 15)
}

func step(t testing.TB, s *anchor.Sequencer, lease anchor.Lease) {
	t.Helper()
	if _, err := s.Integrate(context.Background(), lease); err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(context.Background(), lease); err != nil {
		t.Fatal(err)
	}
}

// No entry waits for ever behind others, even when as many come as go and a backlog stays.
func TestNoStarvation(t *testing.T) {
	ctx := t.Context()
	store, witness := anchortest.NewStore(), anchortest.NewWitness()
	s := newSequencer(t, store, witness, "one", 4)
	lease, err := store.Acquire(ctx, "one", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	last := "ffffffff-ffff-4fff-bfff-ffffffffffff"
	if err := store.Insert(ctx, last, anchortest.Leaf(9999), anchortest.Begin); err != nil {
		t.Fatal(err)
	}
	anchortest.Insert(t, store, 0, 40)
	for round := range 100 {
		anchortest.Insert(t, store, 40+4*round, 44+4*round)
		if n, err := s.Integrate(ctx, lease); err != nil || n != 4 {
			t.Fatal(n, err)
		}
		if _, placed, _ := store.Place(ctx, last); placed {
			return
		}
	}
	t.Error("the entry with the highest id was never taken")
}

func TestRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*anchortest.Store, *anchortest.Witness) (*anchortest.Store, *anchortest.Witness)
	}{
		"bundle changed": {func(s *anchortest.Store, w *anchortest.Witness) (*anchortest.Store, *anchortest.Witness) {
			s.Tamper(tlog.EntriesLevel, 0, 40)
			return s, w
		}},
		"hash of a new entry changed": {func(s *anchortest.Store, w *anchortest.Witness) (
			*anchortest.Store, *anchortest.Witness,
		) {
			s.Tamper(0, 0, 15*32)
			return s, w
		}},
		"hash of a witnessed entry changed": {func(s *anchortest.Store, w *anchortest.Witness) (
			*anchortest.Store, *anchortest.Witness,
		) {
			s.Tamper(0, 0, 3*32)
			return s, w
		}},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			store, witness := anchortest.NewStore(), anchortest.NewWitness()
			s := newSequencer(t, store, witness, "one", 100)
			lease, err := store.Acquire(ctx, "one", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			anchortest.Insert(t, store, 0, 10)
			step(t, s, lease)
			anchortest.Insert(t, store, 10, 20)
			if _, err := s.Integrate(ctx, lease); err != nil {
				t.Fatal(err)
			}
			before := len(witness.History())
			store, witness = tc.change(store, witness)
			s = newSequencer(t, store, witness, "one", 100)
			if err := s.Advance(ctx, lease); !errors.Is(err, anchor.ErrRefused) {
				t.Errorf("advance: %v, want ErrRefused", err)
			}
			if n := len(witness.History()); n > before {
				t.Errorf("a checkpoint of a spoilt log was witnessed")
			}
		})
	}
}

// lagging is a ledger one of whose peers is behind: it answers with what was once true.
type lagging struct {
	*anchortest.Witness
	old *atomic.Pointer[anchor.Witnessed]
}

func (w lagging) Latest(ctx context.Context) (anchor.Witnessed, bool, error) {
	if old := w.old.Load(); old != nil {
		return *old, true, nil
	}
	return w.Witness.Latest(ctx)
}

// A peer that is behind for a while is waited for; a ledger that stays behind is refused.
func TestLedgerBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, witness := anchortest.NewStore(), anchortest.NewWitness()
		lease, err := store.Acquire(t.Context(), "one", time.Second)
		if err != nil {
			t.Fatal(err)
		}
		s := newSequencer(t, store, witness, "one", 100)
		anchortest.Insert(t, store, 0, 10)
		step(t, s, lease)
		once, _, _ := witness.Latest(t.Context())
		var old atomic.Pointer[anchor.Witnessed]
		old.Store(&once)
		anchortest.Insert(t, store, 10, 20)
		step(t, s, lease)
		anchortest.Insert(t, store, 20, 30)

		ctx, cancel := context.WithCancel(t.Context())
		s = newSequencer(t, store, lagging{witness, &old}, "two", 100)
		done := make(chan struct{})
		go func() { s.Run(ctx); close(done) }()
		time.Sleep(time.Minute)
		if st, err := s.Status(t.Context()); err != nil || st.Trouble != anchor.TroubleWitness {
			t.Errorf("after a minute: %+v, %v", st, err)
		}
		old.Store(nil) // it caught up
		time.Sleep(time.Minute)
		if st, err := s.Status(t.Context()); err != nil || st.Trouble != "" || st.Published != 30 {
			t.Errorf("caught up: %+v, %v", st, err)
		}
		cancel()
		<-done

		ctx, cancel = context.WithCancel(t.Context())
		old.Store(&once)
		s = newSequencer(t, store, lagging{witness, &old}, "three", 100)
		done = make(chan struct{})
		go func() { s.Run(ctx); close(done) }()
		time.Sleep(10 * time.Minute)
		if st, err := s.Status(t.Context()); err != nil || st.Trouble != anchor.TroubleRefused {
			t.Errorf("after ten minutes: %+v, %v", st, err)
		}
		cancel()
		<-done
	})
}

// A ledger that does not know the log at all is not told about it anew.
func TestLedgerForgot(t *testing.T) {
	now := time.Now()
	store, witness := anchortest.NewStore(), anchortest.NewWitness()
	lease, err := store.Acquire(t.Context(), "one", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	anchortest.Insert(t, store, 0, 10)
	step(t, newSequencer(t, store, witness, "one", 100), lease)
	other := anchortest.NewWitness()
	s, err := anchor.New(store, other, anchor.Config{
		Origin: origin, Signer: keys.signer, VerifierKey: keys.verifier, Holder: "one", Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(t.Context(), lease); err == nil || errors.Is(err, anchor.ErrRefused) {
		t.Errorf("at once: %v, want another try", err)
	}
	now = now.Add(time.Hour)
	if err := s.Advance(t.Context(), lease); !errors.Is(err, anchor.ErrRefused) {
		t.Errorf("an hour later: %v, want ErrRefused", err)
	}
	if _, found, _ := other.Latest(t.Context()); found {
		t.Error("the log was registered anew")
	}
}

func TestRefusesRollback(t *testing.T) {
	ctx := t.Context()
	store, witness := anchortest.NewStore(), anchortest.NewWitness()
	s := newSequencer(t, store, witness, "one", 100)
	lease, err := store.Acquire(ctx, "one", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	anchortest.Insert(t, store, 0, 10)
	step(t, s, lease)
	backup := store.Snapshot()
	anchortest.Insert(t, store, 10, 20)
	step(t, s, lease)
	// The database comes back from a backup and goes on with other entries.
	anchortest.Insert(t, backup, 30, 35)
	s = newSequencer(t, backup, witness, "one", 100)
	if _, err := s.Integrate(ctx, lease); err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(ctx, lease); !errors.Is(err, anchor.ErrRefused) {
		t.Errorf("smaller than witnessed: %v, want ErrRefused", err)
	}
	anchortest.Insert(t, backup, 35, 60)
	if _, err := s.Integrate(ctx, lease); err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(ctx, lease); !errors.Is(err, anchor.ErrRefused) {
		t.Errorf("larger than witnessed, with another history: %v, want ErrRefused", err)
	}
	if head, _ := backup.Head(ctx); head.Size != 40 {
		t.Fatalf("test integrated %d entries", head.Size)
	}
}

func TestRefusalShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, witness := anchortest.NewStore(), anchortest.NewWitness()
		lease, err := store.Acquire(t.Context(), "one", time.Second)
		if err != nil {
			t.Fatal(err)
		}
		anchortest.Insert(t, store, 0, 10)
		step(t, newSequencer(t, store, witness, "one", 100), lease)
		store.Tamper(0, 0, 0)
		anchortest.Insert(t, store, 10, 20)

		ctx, cancel := context.WithCancel(t.Context())
		s := newSequencer(t, store, witness, "two", 100)
		done := make(chan struct{})
		go func() { s.Run(ctx); close(done) }()
		time.Sleep(5 * time.Minute)
		st, err := s.Status(t.Context())
		if err != nil || st.Trouble != anchor.TroubleRefused || st.Integrated != 10 || st.Published != 10 {
			t.Errorf("status %+v, %v", st, err)
		}
		if err := st.CheckBudget(time.Now(), 1000000*time.Hour); !fault.Is(err, fault.Unavailable) {
			t.Errorf("budget: %v", err)
		}
		store.Tamper(0, 0, 0) // the database is mended
		time.Sleep(2 * time.Minute)
		st, err = s.Status(t.Context())
		if err != nil || st.Trouble != "" || st.Published != 20 {
			t.Errorf("after mending: status %+v, %v", st, err)
		}
		cancel()
		<-done
		checkLog(t, store, witness, 20)
	})
}

// down is a ledger that cannot be reached.
type down struct{ *anchortest.Witness }

func (down) SubmitCheckpoint(context.Context, []byte, []tlog.Hash) (anchor.Witnessed, error) {
	return anchor.Witnessed{}, errors.New("unavailable")
}

func TestLedgerDownShowsLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, witness := anchortest.NewStore(), anchortest.NewWitness()
		ctx, cancel := context.WithCancel(t.Context())
		s := newSequencer(t, store, down{witness}, "one", 100)
		created := time.Now()
		for i := range 10 {
			if err := store.Insert(ctx, anchortest.EntryID(i), anchortest.Leaf(i), created); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan struct{})
		go func() { s.Run(ctx); close(done) }()
		time.Sleep(time.Hour)
		st, err := s.Status(t.Context())
		if err != nil || st.Integrated != 10 || st.Published != 0 || st.Trouble != anchor.TroubleWitness ||
			st.Lag(time.Now()) != time.Hour {
			t.Errorf("status %+v, %v; lag %v", st, err, st.Lag(time.Now()))
		}
		if err := st.CheckBudget(time.Now(), 2*time.Hour); err != nil {
			t.Errorf("within budget: %v", err)
		}
		if err := st.CheckBudget(time.Now(), 30*time.Minute); !fault.Is(err, fault.Unavailable) {
			t.Errorf("over budget: %v", err)
		}
		cancel()
		<-done
	})
}

// An entry that is no leaf, which only a defect or tampering can leave behind, holds nothing up, shows as lag, and is
// reported once.
func TestPendingGarbage(t *testing.T) {
	ctx := t.Context()
	store, witness := anchortest.NewStore(), anchortest.NewWitness()
	var out strings.Builder
	s, err := anchor.New(store, witness, anchor.Config{
		Origin: origin, Signer: keys.signer, VerifierKey: keys.verifier, Holder: "one",
		Logger: slog.New(slog.NewTextHandler(&out, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	lease, err := store.Acquire(ctx, "one", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Insert(ctx, anchortest.EntryID(99), []byte(`{"name":"x"}`), anchortest.Begin); err != nil {
		t.Fatal(err)
	}
	anchortest.Insert(t, store, 0, 5)
	for range 5 {
		step(t, s, lease)
	}
	st, err := s.Status(ctx)
	if err != nil || st.Published != 5 || st.Pending != 1 || st.Lag(anchortest.Begin.Add(time.Hour)) != time.Hour {
		t.Errorf("status %+v, %v", st, err)
	}
	if n := strings.Count(out.String(), "is not a leaf"); n != 1 {
		t.Errorf("reported %d times:\n%s", n, out.String())
	}
}

func TestNewRefuses(t *testing.T) {
	otherSigner, otherVerifier, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tlog.NewSigner(otherSigner)
	if err != nil {
		t.Fatal(err)
	}
	good := anchor.Config{Origin: origin, Signer: keys.signer, VerifierKey: keys.verifier, Holder: "one"}
	for name, change := range map[string]func(*anchor.Config){
		"another origin":       func(c *anchor.Config) { c.Origin = "qingshan.yilian.example/log" },
		"no key":               func(c *anchor.Config) { c.VerifierKey = "" },
		"no signer":            func(c *anchor.Config) { c.Signer = nil },
		"another verifier key": func(c *anchor.Config) { c.VerifierKey = otherVerifier },
		"another signer":       func(c *anchor.Config) { c.Signer = signer },
		"no holder":            func(c *anchor.Config) { c.Holder = "" },
	} {
		cfg := good
		change(&cfg)
		if _, err := anchor.New(anchortest.NewStore(), anchortest.NewWitness(), cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// A long backlog is witnessed in steps, each a checkpoint of its own.
func TestAdvanceInSteps(t *testing.T) {
	store, witness := anchortest.NewStore(), anchortest.NewWitness()
	lease, err := store.Acquire(t.Context(), "one", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	s := newSequencer(t, store, witness, "one", 1000)
	s.SetAdvanceMax(300)
	anchortest.Insert(t, store, 0, 1000)
	step(t, s, lease)
	for range 3 {
		step(t, s, lease)
	}
	checkLog(t, store, witness, 1000)
	var sizes []int64
	for _, c := range witness.History() {
		sizes = append(sizes, c.Size)
	}
	if !slices.Equal(sizes, []int64{300, 600, 900, 1000}) {
		t.Errorf("witnessed at %v", sizes)
	}
}
