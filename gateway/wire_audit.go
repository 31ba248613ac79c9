package main

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/oversight"
)

// openWatch looks at the database from its first use on: what a reading refuses is an alarm as well as what a pass
// finds.
func (a *app) openWatch() {
	a.watch = &oversight.Watch{
		Org: a.org, Database: a.db, Interval: a.cfg.Audit.Interval, Now: a.now, Logger: a.logger,
	}
	a.watch.After = func(ctx context.Context) error {
		return a.db.AnchorHeads(ctx, a.org, a.book(), a.now(), a.cfg.Audit.AnchorInterval)
	}
	a.db.OnAlarm(a.watch.Report)
}

// integrity is whether what is stored can be relied on: looked through since the start, nothing found, and no
// contradiction between the log and the ledger.
func (a *app) integrity(ctx context.Context) error {
	if err := a.watch.Ready(); err != nil {
		return err
	}
	if err := a.watch.Clear(); err != nil {
		return err
	}
	st, err := a.seq.Status(ctx)
	if st.Trouble == anchor.TroubleRefused {
		return st.CheckBudget(a.now(), a.cfg.Log.LagBudget)
	}
	return err
}

// suspended says that nothing may be released now: what is stored cannot be relied on, or the ledger has not witnessed
// this log for longer than the budget.
func (a *app) suspended(ctx context.Context) (bool, error) {
	if a.watch.Ready() != nil || a.watch.Clear() != nil {
		return true, nil
	}
	st, err := a.seq.Status(ctx)
	if err != nil {
		return false, err
	}
	return st.CheckBudget(a.now(), a.cfg.Log.LagBudget) != nil, nil
}

var (
	integrityAlarms = prometheus.NewDesc(
		"yilian_integrity_alarms", "Alarms that stand: rows of the database that this organisation did not write, or misses.",
		nil, nil,
	)
	integritySeconds = prometheus.NewDesc(
		"yilian_integrity_pass_seconds", "How long the last pass over the database took.", nil, nil,
	)
	integrityPasses = prometheus.NewDesc(
		"yilian_integrity_passes_total", "Passes over the database since the start.", nil, nil,
	)
)

// watched reports, at each scrape, how the watch stands.
type watched struct{ watch *oversight.Watch }

// Describe names the metrics.
func (w watched) Describe(out chan<- *prometheus.Desc) {
	out <- integrityAlarms
	out <- integritySeconds
	out <- integrityPasses
}

// Collect looks.
func (w watched) Collect(out chan<- prometheus.Metric) {
	st := w.watch.Status()
	out <- prometheus.MustNewConstMetric(integrityAlarms, prometheus.GaugeValue, float64(len(st.Alarms)))
	out <- prometheus.MustNewConstMetric(integritySeconds, prometheus.GaugeValue, st.Took.Seconds())
	out <- prometheus.MustNewConstMetric(integrityPasses, prometheus.CounterValue, float64(st.Passes))
}
