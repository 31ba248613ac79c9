// Package limit bounds how often one caller may do something: asking who is known here, or asking at all. It keeps its
// counts in memory, for each gateway process, and knows callers by what they are called alone.
package limit

import (
	"sync"
	"time"

	"yilian.example/exchange/fault"
)

// CodeTooMany is of a caller above a limit.
const CodeTooMany fault.Code = "TOO_MANY"

// Limiter is a bucket for each caller: it holds one minute's worth, every use takes one, and it fills evenly. It is
// safe for concurrent use.
type Limiter struct {
	perMinute float64
	now       func() time.Time

	mu      sync.Mutex // guards what follows
	buckets map[string]bucket
	swept   time.Time
}

// bucket is what a caller had left at a time.
type bucket struct {
	left float64
	at   time.Time
}

// New makes a limiter of so many uses a minute, at least one.
func New(perMinute int, now func() time.Time) *Limiter {
	return &Limiter{perMinute: float64(max(perMinute, 1)), now: now, buckets: map[string]bucket{}, swept: now()}
}

// Use takes one use of a caller's, or returns *Exceeded.
func (l *Limiter) Use(caller string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.sweep(now)
	left := l.leftOf(caller, now)
	if left < 1 {
		wait := time.Duration((1 - left) / l.perMinute * float64(time.Minute))
		return &Exceeded{wait: wait, fault: fault.New(
			fault.TooMany, CodeTooMany, "You have asked too often. Please wait for the time that Retry-After names.",
		)}
	}
	l.buckets[caller] = bucket{left: left - 1, at: now}
	return nil
}

// leftOf returns what a caller has now. A clock that went back takes nothing away.
func (l *Limiter) leftOf(caller string, now time.Time) float64 {
	b, known := l.buckets[caller]
	if !known {
		return l.perMinute
	}
	return min(l.perMinute, b.left+max(0, now.Sub(b.at).Minutes())*l.perMinute)
}

// sweep forgets, once a minute, the callers whose buckets are full again, so that memory follows who is there.
func (l *Limiter) sweep(now time.Time) {
	if now.Sub(l.swept) < time.Minute {
		return
	}
	l.swept = now
	for caller := range l.buckets {
		if l.leftOf(caller, now) >= l.perMinute {
			delete(l.buckets, caller)
		}
	}
}

// Exceeded is the error of a caller above a limit: fault.TooMany.
type Exceeded struct {
	wait  time.Duration
	fault *fault.Error
}

// Error returns the text for logs.
func (e *Exceeded) Error() string { return e.fault.Error() }

// Unwrap returns the classified error.
func (e *Exceeded) Unwrap() error { return e.fault }

// RetryAfter is how long to wait.
func (e *Exceeded) RetryAfter() time.Duration { return e.wait }
