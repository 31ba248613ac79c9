// Command bench measures a consortium of its own, on this machine, in one run, and prints one table: what the log
// carries beside Tessera's POSIX driver, what FHIR intake carries until it is witnessed beside one ledger transaction
// for each record on the same network, reading, withdrawal, deciding and verifying. Figures of two runs on a shared
// machine differ; those of one run may be compared.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"yilian.example/scripts/journey"
)

func main() {
	state := flag.String(
		"state",
		"",
		"measure the consortium that runs in this state directory (default: a private one is started and removed; a "+
			"measured log keeps the entries of the measurement)",
	)
	each := flag.Duration("time", 8*time.Second, "how long each load runs")
	clients := flag.Int("clients", 16, "concurrent clients of a load")
	entries := flag.Int("entries", 40000, "entries that are put through the log")
	only := flag.String("only", "", "measure only what has these words in its name, for example creates")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	b := &bench{each: *each, clients: *clients, entries: *entries, only: *only}
	err := journey.With(ctx, *state, func(ctx context.Context, c *journey.Consortium) error {
		b.consortium = c
		var err error
		if b.root, err = journey.Root(); err != nil {
			return err
		}
		return b.run(ctx)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one run.
type bench struct {
	consortium *journey.Consortium
	root       string
	each       time.Duration
	clients    int
	entries    int
	only       string
	rows       []row

	intakeRate float64          // records/s, for the ratio
	readable   []journey.Stored // the records of the person made last
}

// row is one line of the table.
type row struct{ what, figure, note string }

func (b *bench) add(what, figure, note string, args ...any) {
	b.rows = append(b.rows, row{what, figure, fmt.Sprintf(note, args...)})
	fmt.Fprintf(os.Stderr, "bench: %s: %s\n", what, figure)
}

// run measures one thing after the other: each has the machine to itself.
func (b *bench) run(ctx context.Context) error {
	began := time.Now()
	for _, m := range []struct {
		what string
		run  func(context.Context) error
	}{
		{"intake", b.intake}, {"one transaction per record", b.naive}, {"single creates", b.creates}, {"reads", b.reads},
		{"withdrawal", b.withdrawal}, {"policy", b.policy}, {"evidence", b.evidence}, {"log", b.log},
	} {
		if !strings.Contains(m.what, b.only) {
			continue
		}
		if err := m.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", m.what, err)
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "measured\tfigure\thow")
	for _, r := range b.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.what, r.figure, r.note)
	}
	fmt.Fprintf(w, "\tin %s\t\n", time.Since(began).Round(time.Second))
	return w.Flush()
}
