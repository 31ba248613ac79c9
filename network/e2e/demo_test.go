package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDemo tells the story of `make demo` twice: every step must hold, and the second telling shows that the first,
// tampering included, left all as it was.
func TestDemo(t *testing.T) {
	ctx := within(t, 6*time.Minute)
	binary := filepath.Join(t.TempDir(), "demo")
	if out, err := goRun(t, ctx, nil, "build", "-o", binary, "./scripts/demo"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, telling := range []string{"first", "second"} {
		t.Run(telling, func(t *testing.T) {
			cmd := exec.CommandContext(ctx, binary, "--state", under.State)
			cmd.Dir = checkout
			cmd.Env = os.Environ()
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if n := strings.Count(string(out), "✓"); n != 16 {
				t.Errorf("%d steps held, not 16\n%s", n, out)
			}
		})
	}
}
