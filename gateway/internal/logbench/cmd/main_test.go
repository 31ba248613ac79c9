package main

import (
	"testing"
	"time"

	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

func TestRun(t *testing.T) {
	results, err := run(
		t.Context(), options{database: cockroachtest.URL(t), dir: t.TempDir(), entries: 500, commit: 10 * time.Millisecond},
	)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 2 {
		t.Fatalf("%d results", len(results))
	}
	for _, r := range results {
		if r.Entries != 500 || r.PerSecond <= 0 || r.PublishedS <= 0 || r.Witness == "" {
			t.Errorf("%+v", r)
		}
	}
	if _, err := run(t.Context(), options{dir: t.TempDir()}); err == nil {
		t.Error("runs without a database")
	}
}
