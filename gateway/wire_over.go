package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/release"
	"yilian.example/gateway/internal/cockroach"
)

// forgetEvery is how often what is over is looked for.
const forgetEvery = 10 * time.Minute

// over counts what was deleted since its time was over.
type over struct{ copies, requests, sessions atomic.Int64 }

var deleted = prometheus.NewDesc(
	"yilian_over_deleted_total", "What was deleted since the start, as its time was over.", []string{"what"}, nil,
)

// Describe names the metric.
func (o *over) Describe(out chan<- *prometheus.Desc) { out <- deleted }

// Collect tells.
func (o *over) Collect(out chan<- prometheus.Metric) {
	for what, n := range map[string]*atomic.Int64{
		"copies": &o.copies, "request_ids": &o.requests, "sessions": &o.sessions,
	} {
		out <- prometheus.MustNewConstMetric(deleted, prometheus.CounterValue, float64(n.Load()), what)
	}
}

// sessions are those of the database, with a count of those that were deleted.
type sessions struct {
	*cockroach.Sessions
	app *app
}

// SweepSessions deletes sessions that are over by two clocks.
func (s sessions) SweepSessions(
	ctx context.Context, org consortium.OrgID, now time.Time, idle time.Duration,
) (int64, error) {
	now, err := s.app.earlier(ctx, now)
	if err != nil {
		return 0, err
	}
	n, err := s.Sessions.SweepSessions(ctx, org, now, idle)
	s.app.over.sessions.Add(n)
	return n, err
}

// forget deletes what is over, again and again until ctx is over.
func (a *app) forget(ctx context.Context, f *release.Forgetting) {
	for {
		if err := a.forgetOnce(ctx, f); err != nil && ctx.Err() == nil {
			a.logger.WarnContext(ctx, "not all that is over was deleted; will try again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(forgetEvery):
		}
	}
}

// forgetOnce deletes what is over by two clocks, this machine's and the database's: one that is fast would else have
// copies deleted that are still good, and ids of requests that could still be replayed.
func (a *app) forgetOnce(ctx context.Context, f *release.Forgetting) error {
	now, err := a.earlier(ctx, a.now())
	if err != nil {
		return err
	}
	done, err := f.Once(ctx, now)
	a.over.copies.Add(done.Copies)
	a.over.requests.Add(done.Requests)
	return err
}

// earlier is now, or what the database's clock says where that is earlier.
func (a *app) earlier(ctx context.Context, now time.Time) (time.Time, error) {
	theirs, err := a.db.Clock(ctx)
	if err != nil || theirs.After(now) {
		return now, err
	}
	return theirs, nil
}
