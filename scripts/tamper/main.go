// Command tamper changes the database of a private consortium in every way that its schema allows, and prints by whom
// each change was noticed: refused on reading, an alarm of the running audit, an outsider's check of the log, the
// server itself. It exits with 1 when one was noticed by nobody, or when anything altered was shown as true.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"yilian.example/scripts/journey"
	"yilian.example/scripts/tamper/matrix"
)

func main() {
	var o matrix.Options
	flag.IntVar(&o.Sample, "sample", 0, "do this many cells of the matrix only (0: all)")
	flag.Uint64Var(&o.Seed, "seed", 1, "which sample")
	flag.StringVar(&o.Only, "only", "", "do only cells whose name contains this, for example records")
	flag.IntVar(&o.From, "from", 0, "leave out this many cells at the beginning: go on with a run that was interrupted")
	flag.DurationVar(&o.Patience, "patience", time.Minute, "how long the running audit may take to notice")
	flag.Parse()
	o.Progress = os.Stderr
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "tamper:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o matrix.Options) error {
	report, err := matrix.Run(ctx, o)
	if report != nil {
		report.Print(os.Stdout)
		if writeErr := write(report); writeErr != nil && err == nil {
			err = writeErr
		}
	}
	if err != nil {
		return err
	}
	failed := report.Failed()
	for _, f := range failed {
		fmt.Println("✗", f)
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d would have had their way", len(failed))
	}
	return nil
}

// write puts the whole into a file for docs/threat-model.md.
func write(report *matrix.Report) error {
	root, err := journey.Root()
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(root, ".yilian", "tamper.md"))
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	report.Markdown(f)
	return f.Close()
}
