package anchor_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/anchor/anchortest"
)

// led runs a sequencer of its own until the returned function is called.
func led(t *testing.T, store anchor.Store, witness anchor.Witness, holder string) (*anchor.Sequencer, func()) {
	ctx, cancel := context.WithCancel(t.Context())
	s := newSequencer(t, store, witness, holder, 64)
	done := make(chan struct{})
	go func() { s.Run(ctx); close(done) }()
	return s, func() { cancel(); <-done }
}

// TestRefusedLogDoesNotGrow restores an older dump while the ledger is ahead, and goes on writing. What was placed over
// an index that the ledger has witnessed could never be taken out again; what waits can be placed once the dump of the
// right day is found.
func TestRefusedLogDoesNotGrow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, witness := anchortest.NewStore(), anchortest.NewWitness()
		witness.Delay = 20 * time.Millisecond // a ledger is slower than a database
		_, stop := led(t, store, witness, "one")
		anchortest.Insert(t, store, 0, 14)
		time.Sleep(5 * time.Second)
		dump := store.Snapshot()
		anchortest.Insert(t, store, 14, 20)
		time.Sleep(5 * time.Second)
		stop()

		s, stop := led(t, dump, witness, "two")
		for i := range 40 {
			anchortest.Insert(t, dump, 100+i, 101+i)
			time.Sleep(5 * time.Second)
		}
		st, err := s.Status(t.Context())
		if err != nil || st.Integrated != 14 || st.Pending != 40 || st.Trouble != anchor.TroubleRefused {
			t.Errorf("the ledger witnessed 20, the dump has 14: %+v, %v", st, err)
		}
		stop()
	})
}

// TestLogGrowsWhileTheLedgerIsAway keeps that a ledger that fails later holds no entry back.
func TestLogGrowsWhileTheLedgerIsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, witness := anchortest.NewStore(), anchortest.NewWitness()
		s, stop := led(t, store, down{witness}, "one")
		time.Sleep(5 * time.Second)
		anchortest.Insert(t, store, 0, 10)
		time.Sleep(5 * time.Second)
		if st, err := s.Status(t.Context()); err != nil || st.Integrated != 10 || st.Published != 0 {
			t.Errorf("%+v, %v", st, err)
		}
		stop()
	})
}
