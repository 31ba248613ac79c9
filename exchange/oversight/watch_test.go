package oversight_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/oversight"
)

// database finds what stands in wrong.
type database struct {
	wrong  []oversight.Alarm
	broken error
	takes  time.Duration
	passes int
}

func (d *database) Sweep(_ context.Context, _ consortium.OrgID, report func(oversight.Alarm)) error {
	d.passes++
	for _, a := range d.wrong {
		report(a)
	}
	time.Sleep(d.takes)
	return d.broken
}

var (
	altered = oversight.Alarm{Table: "records", Row: "Observation/1", Code: "ROW_ALTERED"}
	missing = oversight.Alarm{Table: "log_pending", Row: "2", Code: "ROW_MISSING"}
)

// watched runs a watch in a bubble of its own time. Its log goes to the builder.
func watched(t *testing.T, db *database, test func(w *oversight.Watch, log *strings.Builder)) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		w := &oversight.Watch{
			Org: "donghu", Database: db, Interval: 10 * time.Second, Now: time.Now,
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { w.Run(ctx); close(done) }()
		test(w, &log)
		cancel()
		<-done
	})
}

func standingCodes(w *oversight.Watch) string {
	var out []string
	for _, a := range w.Status().Alarms {
		out = append(out, string(a.Code))
	}
	return strings.Join(out, " ")
}

func TestWatchIsReadyAfterOnePass(t *testing.T) {
	watched(t, &database{takes: time.Second}, func(w *oversight.Watch, _ *strings.Builder) {
		if err := w.Ready(); fault.Of(err).Code != oversight.CodeAuditRunning || !fault.Is(err, fault.Unavailable) {
			t.Errorf("before the first pass: %v", err)
		}
		time.Sleep(2 * time.Second)
		st := w.Status()
		if err := w.Ready(); err != nil || w.Clear() != nil || st.Passes != 1 || st.Took != time.Second ||
			st.LastPass.IsZero() {
			t.Errorf("after it: %v, %+v", err, st)
		}
	})
}

func TestBrokenPassMakesNothingReady(t *testing.T) {
	watched(t, &database{broken: errors.New("connection refused")}, func(w *oversight.Watch, _ *strings.Builder) {
		time.Sleep(time.Minute)
		if w.Ready() == nil {
			t.Error("ready, and nothing was looked through")
		}
	})
}

// TestOldPassIsStale keeps the database from answering after one whole pass.
func TestOldPassIsStale(t *testing.T) {
	db := &database{}
	watched(t, db, func(w *oversight.Watch, _ *strings.Builder) {
		time.Sleep(time.Second)
		if w.Status().Stale || w.Clear() != nil {
			t.Error("stale right after a pass")
		}
		db.broken = errors.New("connection refused")
		time.Sleep(3 * time.Minute)
		if err := w.Clear(); fault.Of(err).Code != oversight.CodeAuditStale || !w.Status().Stale {
			t.Errorf("three minutes after the last pass: %v, %+v", err, w.Status())
		}
	})
}

func TestAlarmStandsUntilAPassDoesNotFindIt(t *testing.T) {
	db := &database{wrong: []oversight.Alarm{altered, missing}}
	watched(t, db, func(w *oversight.Watch, log *strings.Builder) {
		time.Sleep(25 * time.Second)
		if err := w.Clear(); fault.Of(err).Code != oversight.CodeDatabaseAlarm ||
			standingCodes(w) != "ROW_MISSING ROW_ALTERED" {
			t.Errorf("while two stand: %v, %s", err, standingCodes(w))
		}
		db.wrong = db.wrong[:1]
		time.Sleep(10 * time.Second)
		if standingCodes(w) != "ROW_ALTERED" {
			t.Errorf("after one was mended: %s", standingCodes(w))
		}
		db.wrong, db.broken = nil, errors.New("connection refused")
		time.Sleep(10 * time.Second)
		if w.Clear() == nil {
			t.Error("a pass that did not end took an alarm back")
		}
		db.broken = nil
		time.Sleep(10 * time.Second)
		if err := w.Clear(); err != nil {
			t.Errorf("after all was mended: %v", err)
		}
		if n := strings.Count(log.String(), "ALARM:"); n != 2 {
			t.Errorf("two alarms were logged %d times:\n%s", n, log)
		}
		if n := strings.Count(log.String(), "is over"); n != 2 {
			t.Errorf("two ends were logged %d times:\n%s", n, log)
		}
	})
}

func TestReportOnReadingIsKeptForAWholePass(t *testing.T) {
	db := &database{takes: 4 * time.Second}
	watched(t, db, func(w *oversight.Watch, _ *strings.Builder) {
		time.Sleep(time.Second) // in the first pass, which may have been past the row
		w.Report(altered)
		time.Sleep(4 * time.Second)
		if w.Ready() != nil || w.Clear() == nil {
			t.Error("the pass that was under way took the alarm back")
		}
		time.Sleep(2 * time.Minute)
		if err := w.Clear(); err != nil {
			t.Errorf("the pass after it did not find it: %v", err)
		}
	})
}

func TestWatchRestsTwentyTimesAsLongAsItTakes(t *testing.T) {
	db := &database{takes: 5 * time.Second}
	watched(t, db, func(_ *oversight.Watch, _ *strings.Builder) {
		time.Sleep(5*time.Second + 99*time.Second)
		if db.passes != 1 {
			t.Errorf("%d passes before the pause was over", db.passes)
		}
		time.Sleep(2 * time.Second)
		if db.passes != 2 {
			t.Errorf("%d passes after the pause", db.passes)
		}
	})
}

// hangs never answers.
type hangs struct{ asked atomic.Int64 }

func (h *hangs) Sweep(ctx context.Context, _ consortium.OrgID, _ func(oversight.Alarm)) error {
	h.asked.Add(1)
	<-ctx.Done()
	return ctx.Err()
}

// TestPassIsGivenUp has a database that hangs: the audit asks again, with more patience each time.
func TestPassIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := &hangs{}
		w := &oversight.Watch{
			Org: "donghu", Database: db, Interval: 10 * time.Second, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { w.Run(ctx); close(done) }()
		time.Sleep(12 * time.Hour)
		if n := db.asked.Load(); n != 6 { // 15 minutes, 30, 1 hour, 2, 4, and 8 of which no more than 4 are over
			t.Errorf("asked %d times in twelve hours", n)
		}
		if w.Ready() == nil {
			t.Error("ready, and nothing was looked through")
		}
		cancel()
		<-done
	})
}
