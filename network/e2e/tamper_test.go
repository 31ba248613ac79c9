package e2e

import (
	"os"
	"testing"
	"time"

	"yilian.example/scripts/tamper/matrix"
)

// TestTamperSample changes the database of a consortium of its own in some of the ways of `make tamper`, always the
// same ones, and wants each noticed and nothing altered shown as true.
func TestTamperSample(t *testing.T) {
	const cells = 12
	report, err := matrix.Run(within(t, 10*time.Minute), matrix.Options{
		Sample: cells, Seed: 20261125, Patience: time.Minute, Progress: os.Stderr,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, failed := range report.Failed() {
		t.Error(failed)
	}
	if len(report.Results) != cells {
		t.Errorf("%d cells were tried, not %d", len(report.Results), cells)
	}
}
