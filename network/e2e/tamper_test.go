package e2e

import (
	"os"
	"testing"
	"time"

	"yilian.example/scripts/tamper/matrix"
)

// TestTamperSample changes the database of a consortium of its own in some of the ways of `make tamper`, always the
// same ones, and wants each noticed and nothing altered shown as true. It takes minutes, so it runs by name:
// YILIAN_TAMPER_SAMPLE=1 go test ./network/e2e -run TestTamperSample
func TestTamperSample(t *testing.T) {
	if os.Getenv("YILIAN_TAMPER_SAMPLE") == "" {
		t.Skip("takes minutes; set YILIAN_TAMPER_SAMPLE to run it, or type make tamper SAMPLE=16")
	}
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
