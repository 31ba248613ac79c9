package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/scripts/journey"
)

// acknowledged is one record that the gateway said it had stored.
type acknowledged struct {
	journey.Stored
	sum [sha256.Size]byte // of the bytes that the answer gave
}

// load writes records without pause and remembers every acknowledgement.
type load struct {
	consortium *journey.Consortium
	pace       time.Duration
	serial     atomic.Int64

	mu    sync.Mutex // guards all below
	acks  []acknowledged
	last  time.Time     // of the newest acknowledgement
	pause time.Duration // the longest time without one since mark
}

// mark begins a new measurement of the longest pause.
func (l *load) mark() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pause = 0
}

// longest returns the time of the newest acknowledgement and the longest pause since mark, the one that still lasts
// left out.
func (l *load) longest() (last time.Time, pause time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last, l.pause
}

// run keeps writers at work until the context ends.
func (l *load) run(ctx context.Context, writers int) {
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for ctx.Err() == nil {
				rest := l.pace
				if !l.write(ctx) {
					rest = 50 * time.Millisecond
				}
				select {
				case <-ctx.Done():
				case <-time.After(rest):
				}
			}
		})
	}
	wg.Wait()
}

// write creates one record and reports whether it was acknowledged. A request whose answer never came counts as not
// acknowledged: it may or may not have been stored, and either is right.
func (l *load) write(ctx context.Context) bool {
	// The token is fetched from the provider's program and kept, so that killing the provider cannot be mistaken for
	// killing the gateway.
	client, err := l.consortium.As(member, consortium.RoleSystem, "")
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	body := fmt.Appendf(nil, `{"resourceType":"Organization","active":true,"name":"Chaos %d"}`, l.serial.Add(1))
	answer, err := client.Send(ctx, http.MethodPost, "/fhir/Organization", "application/fhir+json", body)
	if err != nil || answer.Status != http.StatusCreated {
		return false
	}
	stored, err := journey.ParseLocation(answer.Header.Get("Location"))
	if err != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acks = append(l.acks, acknowledged{Stored: stored, sum: sha256.Sum256(bytes.TrimSpace(answer.Body))})
	now := time.Now()
	if !l.last.IsZero() {
		l.pause = max(l.pause, now.Sub(l.last))
	}
	l.last = now
	return true
}

// taken returns all acknowledgements so far.
func (l *load) taken() []acknowledged {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]acknowledged{}, l.acks...)
}
