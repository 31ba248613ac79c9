// Package weigh bounds how many bytes are held in memory at once by those who read much: large pages of records, and
// large replies of other members. Who comes when the scale is full waits until another request has ended.
package weigh

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"yilian.example/exchange/fault"
)

// Scale holds a number of bytes. It is safe for concurrent use.
type Scale struct {
	free *semaphore.Weighted
	max  int64
}

// NewScale makes a scale that holds at most so many bytes.
func NewScale(most int64) *Scale { return &Scale{free: semaphore.NewWeighted(most), max: most} }

// load is what one request holds, on all scales.
type load struct {
	mu    sync.Mutex
	holds []func()
	ended bool
}

type key struct{}

// Request returns a context in which everything that is taken is held until done is called: what was read stays in
// memory until the request is answered.
func Request(ctx context.Context) (held context.Context, done func()) {
	l := &load{}
	return context.WithValue(ctx, key{}, l), l.putBack
}

func (l *load) putBack() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, release := range l.holds {
		release()
	}
	l.holds, l.ended = nil, true
}

// Take waits until there is room for so many bytes. More than the scale holds counts as all of it. The function that it
// returns puts them back; within a Request they stay until that is done.
//
// A request that holds something already is refused instead of waiting for more: two that wait for each other would
// never end.
func (s *Scale) Take(ctx context.Context, bytes int64) (func(), error) {
	bytes = min(bytes, s.max)
	l, ok := ctx.Value(key{}).(*load)
	if !ok {
		return s.alone(ctx, bytes)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ended: // what goes on after the answer holds for itself
		return s.alone(ctx, bytes)
	case s.free.TryAcquire(bytes):
	case len(l.holds) > 0:
		return nil, busy(nil)
	default:
		if err := s.free.Acquire(ctx, bytes); err != nil {
			return nil, busy(err)
		}
	}
	l.holds = append(l.holds, func() { s.free.Release(bytes) })
	return func() {}, nil
}

// alone takes for something that is no request.
func (s *Scale) alone(ctx context.Context, bytes int64) (func(), error) {
	if err := s.free.Acquire(ctx, bytes); err != nil {
		return nil, busy(err)
	}
	return sync.OnceFunc(func() { s.free.Release(bytes) }), nil
}

func busy(err error) error {
	return fault.Wrap(
		err, fault.Unavailable, CodeBusy, "Too much is being read at this moment. Try again in a moment.",
	)
}
