package oversight

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"yilian.example/exchange/fault"
)

// CodeClockWrong says that this machine's clock is not the time, as most others have it.
const CodeClockWrong fault.Code = "CLOCK_WRONG"

const (
	// clockTolerance is far more than clocks of a network differ by, and far less than what makes requests be refused.
	clockTolerance = 20 * time.Second
	clockEvery     = time.Minute
	clockPatience  = 5 * time.Second
	// clockMemory is how long a clock that does not answer any more still counts.
	clockMemory = 10 * time.Minute
)

// Clock asks somebody else what time it is, to within a second.
type Clock func(ctx context.Context) (time.Time, error)

// Offset is how far this machine's clock is ahead of another.
type Offset struct {
	Source string
	Ahead  time.Duration
}

// Clocks compares this machine's clock with those of others. One that differs from most is the wrong one; which of two
// that differ is wrong, two cannot tell.
type Clocks struct {
	Others map[string]Clock
	Now    func() time.Time
	Logger *slog.Logger

	mu    sync.Mutex // guards what follows
	read  map[string]reading
	wrong map[string]bool // what was logged as wrong: sources, and "" for the own clock
}

// reading is what another clock said, and when by ours.
type reading struct {
	ahead time.Duration
	at    time.Time
}

// Run compares until ctx is over.
func (c *Clocks) Run(ctx context.Context) {
	for {
		c.Once(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(clockEvery):
		}
	}
}

// Once asks all others at once. Who does not answer says nothing about time.
func (c *Clocks) Once(ctx context.Context) {
	var all sync.WaitGroup
	for source, ask := range c.Others {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, clockPatience)
			defer cancel()
			asked := c.Now()
			theirs, err := ask(ctx)
			answered := c.Now()
			if err != nil || ctx.Err() != nil {
				return
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.read == nil {
				c.read = map[string]reading{}
			}
			c.read[source] = reading{ahead: asked.Add(answered.Sub(asked) / 2).Sub(theirs), at: answered}
		})
	}
	all.Wait()
	c.tell(ctx)
}

// Offsets returns how far this clock is ahead of the others that were heard of late, by name.
func (c *Clocks) Offsets() []Offset {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Offset
	for source, r := range c.read {
		if c.Now().Sub(r.at).Abs() < clockMemory {
			out = append(out, Offset{Source: source, Ahead: r.ahead.Round(time.Second)})
		}
	}
	slices.SortFunc(out, func(a, b Offset) int { return cmp.Compare(a.Source, b.Source) })
	return out
}

// Ahead returns how far this clock is ahead of most others: their middle, and the smaller where there are two.
func (c *Clocks) Ahead() time.Duration {
	offsets := c.Offsets()
	if len(offsets) == 0 {
		return 0
	}
	slices.SortFunc(offsets, func(a, b Offset) int { return cmp.Compare(a.Ahead, b.Ahead) })
	low, high := offsets[(len(offsets)-1)/2].Ahead, offsets[len(offsets)/2].Ahead
	if low.Abs() < high.Abs() {
		return low
	}
	return high
}

// Check is Unavailable while this machine's clock is wrong.
func (c *Clocks) Check(context.Context) error {
	ahead := c.Ahead()
	if ahead.Abs() <= clockTolerance {
		return nil
	}
	return fault.Wrap(
		fmt.Errorf("this clock is ahead by %s", ahead), fault.Unavailable, CodeClockWrong,
		"This machine's clock differs from most others'. Other organisations refuse its requests until it is right.",
	)
}

// tell logs each clock that begins or ends to be wrong, with how much. While the own clock is, the others are not
// named: they differ from it because of it.
func (c *Clocks) tell(ctx context.Context) {
	own := c.Ahead()
	c.note(ctx, "", "this machine's clock", own)
	for _, o := range c.Offsets() {
		c.note(ctx, o.Source, "the clock of "+o.Source, own-o.Ahead)
	}
}

// note logs a change.
func (c *Clocks) note(ctx context.Context, source, name string, ahead time.Duration) {
	wrong := ahead.Abs() > clockTolerance
	c.mu.Lock()
	was := c.wrong[source]
	if c.wrong == nil {
		c.wrong = map[string]bool{}
	}
	c.wrong[source] = wrong
	c.mu.Unlock()
	switch {
	case wrong && !was:
		c.Logger.WarnContext(ctx, "a clock is wrong", "clock", name, "ahead", ahead.String())
	case was && !wrong:
		c.Logger.InfoContext(ctx, "a clock is right again", "clock", name)
	}
}
