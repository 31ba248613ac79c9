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
	report, err := matrix.Run(within(t, 10*time.Minute), matrix.Options{
		Sample: 16, Seed: 20261125, Patience: time.Minute, Progress: os.Stderr,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, failed := range report.Failed() {
		t.Error(failed)
	}
	if len(report.Results) != 16 {
		t.Errorf("%d cells were tried, not 16", len(report.Results))
	}
}
