package anchor_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/anchor/anchortest"
	"yilian.example/exchange/tlog"
)

// errCrash ends a run at a port call, either before the call does anything or after it did everything but answer.
var errCrash = errors.New("crashed")

// fuse counts port calls down and fails one of them.
type fuse struct {
	left  int  // calls that still pass
	after bool // fail the next one after it was carried out
}

// burn runs a call unless the fuse is through. Once it is, everything fails: the process is dead.
func (f *fuse) burn(call func() error) error {
	f.left--
	switch {
	case f.left >= 0:
		return call()
	case f.left == -1 && f.after:
		_ = call()
	}
	return errCrash
}

type crashStore struct {
	*anchortest.Store
	fuse *fuse
}

func (s crashStore) Head(ctx context.Context) (head anchor.Head, err error) {
	err = s.fuse.burn(func() error { head, err = s.Store.Head(ctx); return err })
	return head, err
}

func (s crashStore) Tiles(ctx context.Context, tiles []tlog.Tile) (data [][]byte, err error) {
	err = s.fuse.burn(func() error { data, err = s.Store.Tiles(ctx, tiles); return err })
	return data, err
}

func (s crashStore) Pending(ctx context.Context, after string, limit int) (entries []anchor.Entry, err error) {
	err = s.fuse.burn(func() error { entries, err = s.Store.Pending(ctx, after, limit); return err })
	return entries, err
}

func (s crashStore) Integrate(ctx context.Context, lease anchor.Lease, b anchor.Batch) error {
	return s.fuse.burn(func() error { return s.Store.Integrate(ctx, lease, b) })
}

func (s crashStore) Publish(ctx context.Context, lease anchor.Lease, p anchor.Publication) error {
	return s.fuse.burn(func() error { return s.Store.Publish(ctx, lease, p) })
}

type crashWitness struct {
	*anchortest.Witness
	fuse *fuse
}

func (w crashWitness) Register(ctx context.Context, key string, empty []byte) error {
	return w.fuse.burn(func() error { return w.Witness.Register(ctx, key, empty) })
}

func (w crashWitness) SubmitCheckpoint(
	ctx context.Context, note []byte, proof []tlog.Hash,
) (done anchor.Witnessed, err error) {
	err = w.fuse.burn(func() error { done, err = w.Witness.SubmitCheckpoint(ctx, note, proof); return err })
	return done, err
}

func (w crashWitness) Latest(ctx context.Context) (latest anchor.Witnessed, found bool, err error) {
	err = w.fuse.burn(func() error { latest, found, err = w.Witness.Latest(ctx); return err })
	return latest, found, err
}

// drive takes alternating steps until all entries are published or the process dies.
func drive(t testing.TB, store anchor.Store, witness anchor.Witness, want int64) error {
	ctx := context.Background()
	lease, err := store.Acquire(ctx, "one", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	s := newSequencer(t, store, witness, "one", 3)
	for range 1000 {
		if _, err := s.Integrate(ctx, lease); err != nil {
			return err
		}
		if err := s.Advance(ctx, lease); err != nil {
			return err
		}
		st, err := anchor.ReadStatus(ctx, store, origin)
		if err != nil {
			return err
		}
		if st.Published == want {
			return nil
		}
	}
	t.Fatal("the log does not get on")
	return nil
}

// A crash before or after any port call is mended by running again: nothing is lost, doubled or taken back.
func TestCrashAnywhere(t *testing.T) {
	const n = 7
	for calls := 0; ; calls++ {
		died := false
		for _, after := range []bool{false, true} {
			store, witness := anchortest.NewStore(), anchortest.NewWitness()
			anchortest.Insert(t, store, 0, n)
			f := &fuse{left: calls, after: after}
			if err := drive(t, crashStore{store, f}, crashWitness{witness, f}, n); err != nil {
				died = true
				if !errors.Is(err, errCrash) {
					t.Fatalf("crash at call %d (after: %v): %v", calls, after, err)
				}
			}
			if err := drive(t, store, witness, n); err != nil {
				t.Fatalf("running again after a crash at call %d (after: %v): %v", calls, after, err)
			}
			checkLog(t, store, witness, n)
		}
		if !died {
			t.Logf("%d port calls", calls)
			return
		}
	}
}

// The same with many crashes in one life of a log, and entries that come in between.
func TestCrashOften(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		store, witness := anchortest.NewStore(), anchortest.NewWitness()
		total := 0
		for range rapid.IntRange(1, 12).Draw(rt, "lives") {
			more := rapid.IntRange(0, 10).Draw(rt, "entries")
			anchortest.Insert(t, store, total, total+more)
			total += more
			f := &fuse{left: rapid.IntRange(0, 30).Draw(rt, "calls"), after: rapid.Bool().Draw(rt, "after")}
			if err := drive(t, crashStore{store, f}, crashWitness{witness, f}, int64(total)); err != nil &&
				!errors.Is(err, errCrash) {
				rt.Fatal(err)
			}
		}
		if err := drive(t, store, witness, int64(total)); err != nil {
			rt.Fatal(err)
		}
		checkLog(t, store, witness, total)
	})
}

// A sequencer that lives on after failures of single calls gets there too: it is the same code.
func TestFailuresOfSingleCalls(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		store, witness := anchortest.NewStore(), anchortest.NewWitness()
		anchortest.Insert(t, store, 0, 20)
		f := &fuse{}
		lease, err := store.Acquire(context.Background(), "one", time.Minute)
		if err != nil {
			rt.Fatal(err)
		}
		s := newSequencer(t, crashStore{store, f}, crashWitness{witness, f}, "one", 3)
		for range 40 {
			f.left, f.after = rapid.IntRange(0, 12).Draw(rt, "calls"), rapid.Bool().Draw(rt, "after")
			if rapid.Bool().Draw(rt, "advance") {
				err = s.Advance(context.Background(), lease)
			} else {
				_, err = s.Integrate(context.Background(), lease)
			}
			if err != nil && !errors.Is(err, errCrash) {
				rt.Fatal(err)
			}
		}
		if err := drive(t, store, witness, 20); err != nil {
			rt.Fatal(err)
		}
		checkLog(t, store, witness, 20)
	})
}
