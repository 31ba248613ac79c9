package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/oversight"
)

// openClocks compares this machine's clock with the database's and the other members'. The ledger is no clock of its
// own: a transaction has the time of whoever sends it, which here is this machine.
func (a *app) openClocks() {
	a.clocks = &oversight.Clocks{
		Others: map[string]oversight.Clock{"database": a.db.Clock}, Now: a.now, Logger: a.logger,
	}
	for _, m := range a.others() {
		log := a.publicLog(consortium.OrgID(m.ID), auditTimeout)
		a.clocks.Others[m.ID] = log.Clock
	}
}

var clockAhead = prometheus.NewDesc(
	"yilian_clock_ahead_seconds", "How far this machine's clock is ahead of another; negative: behind.",
	[]string{"of"}, nil,
)

// clocked reports, at each scrape, how far this clock is ahead of each other.
type clocked struct{ clocks *oversight.Clocks }

// Describe names the metric.
func (c clocked) Describe(out chan<- *prometheus.Desc) { out <- clockAhead }

// Collect tells.
func (c clocked) Collect(out chan<- prometheus.Metric) {
	for _, o := range c.clocks.Offsets() {
		out <- prometheus.MustNewConstMetric(clockAhead, prometheus.GaugeValue, o.Ahead.Seconds(), o.Source)
	}
}

// stale says which member's request was refused for its time: its operators are told by their own gateway.
func (a *app) stale(ctx context.Context, member consortium.OrgID, behind time.Duration) {
	a.logger.WarnContext(
		ctx, "request was refused for its time; one of the two clocks is wrong, or it was long under way",
		"member", member, "behind", behind.Round(time.Second).String(),
	)
}
