package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"yilian.example/exchange/anchor"
	"yilian.example/gateway/internal/cockroach"
)

// health reports, at each scrape, how the log stands and how often the database made a transaction run again.
type health struct {
	log *anchor.Sequencer
	db  *cockroach.DB
	now func() time.Time
}

// scrapePatience bounds the look at the database.
const scrapePatience = 2 * time.Second

var (
	logEntries = prometheus.NewDesc(
		"yilian_log_entries", "Entries of this organisation's log by how far they have come.", []string{"stage"}, nil,
	)
	logLag = prometheus.NewDesc(
		"yilian_log_lag_seconds", "How long the oldest entry has waited to be witnessed by the ledger.", nil, nil,
	)
	logTrouble = prometheus.NewDesc(
		"yilian_log_refused", "1 while the log contradicts what was witnessed: a person must look.", nil, nil,
	)
	dbRetries = prometheus.NewDesc(
		"yilian_database_retries_total", "Transactions run again after a serialisation failure.", nil, nil,
	)
)

// Describe names the metrics.
func (h health) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{logEntries, logLag, logTrouble, dbRetries} {
		out <- d
	}
}

// Collect looks. While the database is down, figures of the log that stand there are absent.
func (h health) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.MustNewConstMetric(dbRetries, prometheus.CounterValue, float64(h.db.Retries()))
	refused := 0.0
	if h.log.Refused() {
		refused = 1
	}
	out <- prometheus.MustNewConstMetric(logTrouble, prometheus.GaugeValue, refused)
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	st, err := h.log.Status(ctx)
	if err != nil {
		return
	}
	for stage, n := range map[string]int64{"pending": st.Pending, "integrated": st.Integrated, "published": st.Published} {
		out <- prometheus.MustNewConstMetric(logEntries, prometheus.GaugeValue, float64(n), stage)
	}
	out <- prometheus.MustNewConstMetric(logLag, prometheus.GaugeValue, st.Lag(h.now()).Seconds())
}
