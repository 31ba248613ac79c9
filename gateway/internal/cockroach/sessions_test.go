package cockroach_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

func TestSessions(t *testing.T) {
	ctx := t.Context()
	store := cockroach.NewSessions(cockroachtest.New(t))
	start := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	const idle = 30 * time.Minute
	begin := func(name string) [32]byte {
		hash := sha256.Sum256([]byte(name))
		err := store.CreateSession(ctx, "donghu", hash, []byte("sealed "+name), start, start.Add(12*time.Hour))
		if err != nil {
			t.Fatalf("create: %v", err)
		}
		return hash
	}
	gone := func(what string, hash [32]byte, at time.Time) {
		t.Helper()
		if got, err := store.TouchSession(ctx, "donghu", hash, at, idle); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s: got %q, %v; want not found", what, got, err)
		}
	}

	used := begin("used")
	for at := start; at.Before(start.Add(12 * time.Hour)); at = at.Add(29 * time.Minute) {
		got, err := store.TouchSession(ctx, "donghu", used, at, idle)
		if err != nil || string(got) != "sealed used" {
			t.Fatalf("touch after %v: %q, %v", at.Sub(start), got, err)
		}
	}
	gone("past its end, though in use", used, start.Add(12*time.Hour))

	unused := begin("unused")
	gone("idle for too long", unused, start.Add(idle))
	if _, err := store.TouchSession(ctx, "qingshan", unused, start, idle); !fault.Is(err, fault.NotFound) {
		t.Errorf("another organisation found it: %v", err)
	}

	ended := begin("ended")
	for range 2 {
		if err := store.DestroySession(ctx, "donghu", ended); err != nil {
			t.Fatalf("destroy: %v", err)
		}
	}
	gone("signed out", ended, start)

	begin("late")
	if n, err := store.SweepSessions(ctx, "donghu", start.Add(time.Hour), idle); err != nil || n != 2 {
		t.Errorf("sweep: %d, %v; want the two idle ones", n, err)
	}
	if n, err := store.SweepSessions(ctx, "donghu", start.Add(13*time.Hour), idle); err != nil || n != 1 {
		t.Errorf("sweep after the end: %d, %v; want the last one", n, err)
	}
}
