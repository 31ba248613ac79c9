// Package e2e tests a whole consortium: real Fabric, a real database, four gateways, a browser. It starts a private one
// with a state directory and ports of its own and takes it down again, whatever happens; with YILIAN_STATE set it uses
// the one that runs there.
//
// It sees the product from outside only. What it must not do is import a gateway's inside.
package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/scripts/journey"
)

// The members and people that the tests speak of.
const (
	donghu   = consortium.OrgID("donghu")
	qingshan = consortium.OrgID("qingshan")
	anhe     = consortium.OrgID("anhe")
	weijian  = consortium.OrgID("weijian")
)

// under is the consortium under test. TestMain sets it before any test runs.
var (
	under    *journey.Consortium
	checkout string
)

func TestMain(m *testing.M) {
	flag.Parse()
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	checkout, err = journey.Root()
	if err != nil {
		return 1, err
	}
	if state := os.Getenv("YILIAN_STATE"); state != "" {
		under, err = journey.OpenState(checkout, state)
		if err != nil {
			return 1, err
		}
		return m.Run(), nil
	}
	build := filepath.Join(checkout, ".yilian")
	if err := os.MkdirAll(build, 0o755); err != nil {
		return 1, err
	}
	state, err := os.MkdirTemp(build, "e2e-")
	if err != nil {
		return 1, err
	}
	// The database runs as another user where this is root: it must be able to walk through.
	if err := os.Chmod(state, 0o755); err != nil {
		return 1, err
	}
	private := &journey.Private{Root: checkout, State: state, Output: os.Stderr}
	down := takeDownOnce(private)
	defer func() {
		downErr := down()
		if err == nil {
			err = downErr
		}
		if err == nil && code == 0 {
			err = os.RemoveAll(state)
		} else {
			fmt.Fprintln(os.Stderr, "e2e: logs are kept in", filepath.Join(state, "log"))
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Minute)
	defer cancel()
	start := time.Now()
	under, err = private.Up(ctx)
	if err != nil {
		return 1, err
	}
	fmt.Fprintf(os.Stderr, "e2e: private consortium up in %s\n", time.Since(start).Round(100*time.Millisecond))
	return m.Run(), nil
}

// takeDownOnce returns a function that takes the consortium down, and calls it itself when the tests are interrupted or
// about to time out: a test that hangs must not leave twenty processes behind.
func takeDownOnce(private *journey.Private) func() error {
	down := sync.OnceValue(func() error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		return private.Down(ctx)
	})
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	limit := make(<-chan time.Time)
	if f := flag.Lookup("test.timeout"); f != nil {
		if timeout, ok := f.Value.(flag.Getter).Get().(time.Duration); ok && timeout > 2*time.Minute {
			limit = time.After(timeout - 45*time.Second)
		}
	}
	go func() {
		select {
		case <-signals:
		case <-limit:
			fmt.Fprintln(os.Stderr, "e2e: out of time, taking the consortium down")
		}
		if err := down(); err != nil {
			fmt.Fprintln(os.Stderr, "e2e:", err)
		}
		os.Exit(1)
	}()
	return down
}

// as returns a client, or ends the test.
func as(t testing.TB, org consortium.OrgID, role consortium.Role, person string) *journey.Client {
	t.Helper()
	c, err := under.As(org, role, person)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// within returns a context that ends with the test or after a time.
func within(t testing.TB, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// goRun runs a Go command in the checkout and returns what it printed.
func goRun(t testing.TB, ctx context.Context, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = checkout
	cmd.Env = append(os.Environ(), env...)
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}
