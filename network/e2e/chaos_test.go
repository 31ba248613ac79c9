package e2e

import (
	"testing"
	"time"
)

// TestKillUnderLoad kills the gateway in the middle of batches, then the database, both with SIGKILL under load, and
// wants nothing acknowledged lost and service back by itself. scripts/chaos does the same with every kind of process;
// the tests after this one use what it left.
func TestKillUnderLoad(t *testing.T) {
	out, err := goRun(
		t, within(t, 3*time.Minute), nil, "run", "./scripts/chaos", "--state", under.State, "--kill",
		"gateway-donghu,database", "--load", "2s",
	)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("\n%s", out)
}
