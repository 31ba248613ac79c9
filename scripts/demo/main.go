// Command demo tells one record's whole journey on a running consortium, over the public interfaces only: received,
// encrypted, logged, witnessed, refused without consent, released with it, refused again after withdrawal, proven
// unaltered by a stranger offline. Then it changes a byte of a stored record and a leaf of a log behind the gateways'
// back, and shows both caught. It exits with 1 when any step is not as it must be.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"yilian.example/scripts/journey"
)

func main() {
	state := flag.String("state", "", "state directory of the running consortium (default: .yilian of the checkout)")
	timeout := flag.Duration("timeout", 5*time.Minute, "how long the whole story may take")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, *timeout)
	defer cancel()
	if err := run(ctx, *state); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, state string) error {
	root, err := journey.Root()
	if err != nil {
		return err
	}
	c, err := journey.OpenState(root, state)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "yilian-demo-")
	if err != nil {
		return fmt.Errorf("make working directory: %w", err)
	}
	defer os.RemoveAll(work)
	s := &story{teller: teller{out: os.Stdout}, consortium: c, root: root, work: work}
	fmt.Println("医链：一份病历的完整旅程   Yilian: one record's whole journey")
	return s.tell(ctx, s.steps())
}
