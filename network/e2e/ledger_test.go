package e2e

import (
	"testing"
	"time"
)

// TestLedgerConformance runs the ledger client's suite, which Go's internal rule keeps within the gateway, against this
// consortium.
func TestLedgerConformance(t *testing.T) {
	ctx := within(t, 5*time.Minute)
	out, err := goRun(
		t, ctx, []string{"YILIAN_STATE=" + under.State}, "test", "-count=1", "-tags=consortium", "-timeout=4m",
		"./gateway/e2e",
	)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
