package oversight

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// Codes of what the watch over the own database stops.
const (
	CodeAuditRunning  fault.Code = "AUDIT_RUNNING"  // since the start, the database was not yet looked through once
	CodeDatabaseAlarm fault.Code = "DATABASE_ALARM" // something in the database is not what this organisation wrote
	CodeAuditStale    fault.Code = "AUDIT_STALE"    // no pass of the audit has ended for too long
)

// Alarm is something in the database that this organisation did not write, or that should be there and is not.
type Alarm struct {
	Table string
	Row   string // its key, for those who mend it: no content, no identifier of a person
	Code  fault.Code
}

// Sweeper looks through an organisation's database once and reports all that does not fit.
type Sweeper interface {
	Sweep(ctx context.Context, org consortium.OrgID, report func(Alarm)) error
}

// Standing is an alarm that stands.
type Standing struct {
	Alarm
	Since time.Time
}

// WatchStatus is how the watch stands.
type WatchStatus struct {
	Passes   int64
	LastPass time.Time     // when the last complete pass began; zero before the first
	Took     time.Duration // how long it took
	Stale    bool          // the last complete pass is too long ago for what it found to count
	Alarms   []Standing    // those that stand, by table and row
}

// share is how many times as long as a pass the watch pauses at least, so that it takes no more than a twentieth of
// what the database can do.
const share = 20

// minPatience is how long any pass may take.
const minPatience = 15 * time.Minute

// MaxStanding bounds the alarms that are kept: a database that is all wrong needs no longer list.
const MaxStanding = 1000

// Watch looks through the own database all the time, and keeps what is wrong with it. What refuses a row on reading
// reports it here too.
type Watch struct {
	Org      consortium.OrgID
	Database Sweeper
	Interval time.Duration // pause between passes, at least
	// After is called after each pass that found nothing; nil: nothing is.
	After  func(ctx context.Context) error
	Now    func() time.Time
	Logger *slog.Logger

	mu      sync.Mutex // guards what follows
	passes  int64
	last    time.Time
	took    time.Duration
	longest time.Duration // of any complete pass
	// patience is how long the next pass may take, where the last was given up
	patience time.Duration
	begun    int64 // passes that have begun
	alarms   map[Alarm]*standing
}

// standing is an alarm with the pass that was the newest when it was last seen: it ends with the first pass that began
// later and did not find it.
type standing struct {
	since time.Time
	seen  int64
}

// Once looks through the database once.
func (w *Watch) Once(ctx context.Context) { w.pass(ctx) }

// Run looks through the database until ctx is over.
func (w *Watch) Run(ctx context.Context) {
	for ctx.Err() == nil {
		rest := w.pass(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(max(w.Interval, rest)):
		}
	}
}

// pass looks once, and returns how long to rest at least. One that fails (the database is down, most likely) ends no
// alarm, and is soon tried again.
func (w *Watch) pass(ctx context.Context) time.Duration {
	began := w.Now()
	w.mu.Lock()
	w.begun++
	number := w.begun
	w.mu.Unlock()
	found := map[Alarm]bool{}
	err := w.sweep(ctx, func(a Alarm) { found[a] = true })
	took := w.Now().Sub(began)
	for a := range found {
		w.Report(a)
	}
	if err != nil {
		if ctx.Err() == nil {
			w.Logger.WarnContext(ctx, "audit of the database did not end; will try again", "error", err)
		}
		return min(took, time.Minute)
	}
	defer w.after(ctx, len(found))
	w.mu.Lock()
	defer w.mu.Unlock()
	w.passes, w.last, w.took, w.longest = w.passes+1, began, took, max(w.longest, took)
	for a, s := range w.alarms {
		if !found[a] && s.seen < number {
			delete(w.alarms, a)
			w.Logger.WarnContext(ctx, "database alarm is over", "table", a.Table, "row", a.Row, "code", a.Code)
		}
	}
	return share * took
}

// sweep looks through the database, and gives up where that takes far longer than ever before: a database that hangs
// would else hold up the audit for good. Each that was given up makes it more patient, so that a database which has
// grown gets the time that it needs.
func (w *Watch) sweep(ctx context.Context, report func(Alarm)) error {
	w.mu.Lock()
	most := max(minPatience, 10*w.longest, w.patience)
	w.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	err := w.Database.Sweep(ctx, w.Org, report)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.patience = 0
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		w.patience = 2 * most
	}
	return err
}

// after is called with what a pass found.
func (w *Watch) after(ctx context.Context, found int) {
	if w.After == nil || found > 0 {
		return
	}
	if err := w.After(ctx); err != nil && ctx.Err() == nil {
		w.Logger.WarnContext(ctx, "what follows a pass of the audit failed; will try again", "error", err)
	}
}

// Report takes an alarm in. It stands until a pass that begins later does not find it.
func (w *Watch) Report(a Alarm) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s, ok := w.alarms[a]; ok {
		s.seen = w.begun
		return
	}
	if len(w.alarms) >= MaxStanding {
		return
	}
	if w.alarms == nil {
		w.alarms = map[Alarm]*standing{}
	}
	w.alarms[a] = &standing{since: w.Now(), seen: w.begun}
	w.Logger.ErrorContext(
		context.Background(), "ALARM: the database does not hold what was written", "table", a.Table,
		"row", a.Row, "code", a.Code,
	)
}

// Status returns how the watch stands.
func (w *Watch) Status() WatchStatus {
	w.mu.Lock()
	defer w.mu.Unlock()
	st := WatchStatus{
		Passes: w.passes, LastPass: w.last, Took: w.took, Stale: w.stale(), Alarms: make([]Standing, 0, len(w.alarms)),
	}
	for a, s := range w.alarms {
		st.Alarms = append(st.Alarms, Standing{Alarm: a, Since: s.since})
	}
	slices.SortFunc(st.Alarms, func(a, b Standing) int {
		return strings.Compare(a.Table+"\n"+a.Row+"\n"+string(a.Code), b.Table+"\n"+b.Row+"\n"+string(b.Code))
	})
	return st
}

// Ready is Unavailable until the database was looked through once since the start: nothing is decided on what may have
// been changed while nobody looked.
func (w *Watch) Ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.passes == 0 {
		return fault.New(
			fault.Unavailable, CodeAuditRunning,
			"This gateway has just started and is still checking its database. Please try again in a moment.",
		)
	}
	return nil
}

// Clear is Unavailable while an alarm stands.
func (w *Watch) Clear() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.alarms) > 0 {
		return fault.New(
			fault.Unavailable, CodeDatabaseAlarm,
			"Something in this organisation's database was changed outside this system. Nothing is released to other "+
				"organisations until that is cleared up.",
		)
	}
	if w.stale() {
		return fault.New(
			fault.Unavailable, CodeAuditStale,
			"This gateway has not been able to check its database for a while. Nothing is released to other organisations "+
				"until it has.",
		)
	}
	return nil
}

// stale says that another pass should have ended long ago. Before the first there is nothing that could be stale.
func (w *Watch) stale() bool { return w.passes > 0 && w.Now().Sub(w.last) > w.overdue() }

// overdue is how long after the beginning of the last whole pass another must have ended: an audit that somebody keeps
// from ending sees nothing.
func (w *Watch) overdue() time.Duration {
	return max(w.Interval, share*w.longest) + 10*w.longest + 2*time.Minute
}
