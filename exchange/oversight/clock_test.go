package oversight_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"yilian.example/exchange/fault"
	"yilian.example/exchange/oversight"
)

// TestWrongClockIsNamed has clocks of which some are wrong, and wants the wrong one named with how much.
func TestWrongClockIsNamed(t *testing.T) {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	ahead := func(d time.Duration) oversight.Clock {
		return func(context.Context) (time.Time, error) { return now.Add(d), nil }
	}
	silent := func(context.Context) (time.Time, error) { return time.Time{}, errors.New("no answer") }
	for name, c := range map[string]struct {
		database, one, two oversight.Clock
		wrong              time.Duration // by which the own clock is ahead
		says               string
	}{
		"all agree": {ahead(0), ahead(time.Second), ahead(-3 * time.Second), 0, ""},
		"ours is fast": {
			ahead(-3 * time.Minute), ahead(-3 * time.Minute), ahead(-181 * time.Second), 3 * time.Minute,
			`"this machine's clock" ahead=3m0s`,
		},
		"ours is slow": {
			ahead(10 * time.Minute), ahead(10 * time.Minute), silent, -10 * time.Minute,
			`"this machine's clock" ahead=-10m0s`,
		},
		"one of theirs":         {ahead(0), ahead(0), ahead(time.Hour), 0, `"the clock of two" ahead=1h0m0s`},
		"database, and no more": {ahead(time.Minute), silent, silent, -time.Minute, "this machine's clock"},
		"two cannot tell":       {ahead(0), ahead(time.Hour), silent, 0, `"the clock of one" ahead=1h0m0s`},
		"nobody answers":        {silent, silent, silent, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			clocks := &oversight.Clocks{
				Others: map[string]oversight.Clock{"database": c.database, "one": c.one, "two": c.two},
				Now:    func() time.Time { return now }, Logger: slog.New(slog.NewTextHandler(&log, nil)),
			}
			clocks.Once(t.Context())
			clocks.Once(t.Context())
			if got := clocks.Ahead(); got.Abs() > 5*time.Second && got != c.wrong || c.wrong != 0 && got != c.wrong {
				t.Errorf("ahead by %s, want %s", got, c.wrong)
			}
			err := clocks.Check(t.Context())
			if (fault.Of(err).Code == oversight.CodeClockWrong) != (c.wrong != 0) {
				t.Errorf("check: %v", err)
			}
			want := 1
			if c.says == "" {
				want = 0
			}
			if n := strings.Count(log.String(), "wrong"); n != want || !strings.Contains(log.String(), c.says) {
				t.Errorf("logged %d times, want %d with %q:\n%s", n, want, c.says, log.String())
			}
		})
	}
}

// TestRightClockIsSaidOnce sets a clock right.
func TestRightClockIsSaidOnce(t *testing.T) {
	now, real := time.Date(2026, 11, 21, 8, 3, 0, 0, time.UTC), time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	var log strings.Builder
	clocks := &oversight.Clocks{
		Others: map[string]oversight.Clock{"database": func(context.Context) (time.Time, error) { return real, nil }},
		Now:    func() time.Time { return now }, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	}
	clocks.Once(t.Context())
	now = real
	clocks.Once(t.Context())
	clocks.Once(t.Context())
	if clocks.Check(t.Context()) != nil || strings.Count(log.String(), "right again") != 1 {
		t.Errorf("%v:\n%s", clocks.Check(t.Context()), log.String())
	}
}
