package weigh_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/weigh"
)

// TestNoMoreIsHeldThanFits lets many take at once, each within a request of its own.
func TestNoMoreIsHeldThanFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := weigh.NewScale(100)
		var held, most atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				ctx, done := weigh.Request(t.Context())
				if _, err := s.Take(ctx, 30); err != nil {
					t.Error(err)
				}
				if now := held.Add(30); now > most.Load() {
					most.Store(now)
				}
				time.Sleep(time.Second)
				held.Add(-30)
				done()
			})
		}
		all.Wait()
		if most.Load() != 90 {
			t.Errorf("%d bytes at once", most.Load())
		}
	})
}

func TestWhatIsLargerThanTheScaleComesAlone(t *testing.T) {
	s := weigh.NewScale(100)
	back, err := s.Take(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Take(ctx, 1); fault.Of(err).Code != weigh.CodeBusy {
		t.Errorf("beside it: %v", err)
	}
	back()
	back() // twice does not make room for two
	if _, err := s.Take(t.Context(), 60); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Take(ctx, 60); err == nil {
		t.Error("room for more than the scale holds")
	}
}

// TestWhoHoldsDoesNotWait has a request want more than there is while another holds it.
func TestWhoHoldsDoesNotWait(t *testing.T) {
	s := weigh.NewScale(100)
	one, doneOne := weigh.Request(t.Context())
	two, doneTwo := weigh.Request(t.Context())
	for _, ctx := range []context.Context{one, two} {
		if _, err := s.Take(ctx, 50); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Take(one, 10); !fault.Is(err, fault.Unavailable) {
		t.Errorf("more while all is held: %v", err)
	}
	doneTwo()
	if _, err := s.Take(one, 50); err != nil {
		t.Errorf("more when there is room: %v", err)
	}
	doneOne()
	if _, err := s.Take(t.Context(), 100); err != nil {
		t.Errorf("what was held is not put back: %v", err)
	}
}
