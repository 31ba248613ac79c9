package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"text/tabwriter"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
	"yilian.example/scripts/journey"
)

// trial is one run: load, kills, and the reckoning.
type trial struct {
	consortium *journey.Consortium
	names      []string
	load       time.Duration
	patience   time.Duration
	clients    int
	pace       time.Duration // a writer's rest between two records
	rows       []row
}

// row is one line of the table.
type row struct {
	process    string
	from, to   int           // the acknowledgements of this process's turn
	writing    time.Duration // the longest pause between two acknowledgements
	witnessing time.Duration // from the kill until what was acknowledged after it was witnessed
	audit      string
}

func (t *trial) run(ctx context.Context) error {
	l := &load{consortium: t.consortium, pace: t.pace}
	writing, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		l.run(writing, t.clients)
		close(done)
	}()
	defer func() { stop(); <-done }()
	m, err := t.consortium.Member(member)
	if err != nil {
		return err
	}
	public, err := m.PublicLog(ctx)
	if err != nil {
		return err
	}
	var seen tlog.Checkpoint
	first := 0
	for _, name := range t.names {
		r, err := t.kill(ctx, l, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.from, r.to = first, len(l.taken())
		if seen, err = public.Audit(ctx, seen, nil); err != nil {
			return fmt.Errorf("%s: the log no longer extends what was seen of it: %w", name, err)
		}
		r.audit = fmt.Sprintf("ok, %d", seen.Size)
		first = r.to
		t.rows = append(t.rows, r)
		fmt.Fprintf(os.Stderr, "chaos: %s: killed and back, %d acknowledged meanwhile\n", name, r.to-r.from)
	}
	stop()
	<-done
	fmt.Fprintf(os.Stderr, "chaos: reading back all %d\n", len(l.taken()))
	lost, err := t.reckon(ctx, l, public)
	if err != nil {
		return err
	}
	t.print(l, lost)
	if len(lost) > 0 {
		return fmt.Errorf("%d acknowledged records are lost", len(lost))
	}
	return nil
}

// kill waits for load, kills the process, and waits until writing and witnessing work again.
func (t *trial) kill(ctx context.Context, l *load, name string) (row, error) {
	if err := wait(ctx, t.load); err != nil {
		return row{}, err
	}
	before, err := t.process(name)
	if err != nil {
		return row{}, err
	}
	if before.PID <= 1 {
		return row{}, errors.New("it does not run")
	}
	l.mark()
	killed := time.Now()
	if err := syscall.Kill(before.PID, syscall.SIGKILL); err != nil {
		return row{}, fmt.Errorf("kill process %d: %w", before.PID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, t.patience)
	defer cancel()
	if err := t.restarted(ctx, name, before); err != nil {
		return row{}, err
	}
	r := row{process: name}
	r.writing, err = t.resumed(ctx, l, killed)
	if err != nil {
		return row{}, fmt.Errorf("writing did not resume: %w", err)
	}
	if err := t.witnessed(ctx); err != nil {
		return row{}, fmt.Errorf("witnessing did not resume: %w", err)
	}
	r.witnessing = time.Since(killed)
	return r, wait(context.WithoutCancel(ctx), t.load/2)
}

// restarted waits until the supervisor shows another process of the name.
func (t *trial) restarted(ctx context.Context, name string, before journey.Process) error {
	for {
		now, err := t.process(name)
		if err == nil && now.PID > 1 && now.PID != before.PID {
			return nil
		}
		if waitErr := wait(ctx, 20*time.Millisecond); waitErr != nil {
			return fmt.Errorf("it was not started again: %w", errors.Join(waitErr, err))
		}
	}
}

// resumed waits for an acknowledgement that the gateway gave well after the kill, and returns the longest pause that
// writers saw.
func (t *trial) resumed(ctx context.Context, l *load, killed time.Time) (time.Duration, error) {
	for {
		if last, pause := l.longest(); last.After(killed.Add(500 * time.Millisecond)) {
			return pause, nil
		}
		if err := wait(ctx, 10*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// witnessed waits until the log has grown by what is in the tree now: something acknowledged after the kill stands on
// the ledger.
func (t *trial) witnessed(ctx context.Context) error {
	client, err := t.consortium.As(member, consortium.RoleSystem, "")
	if err != nil {
		return err
	}
	target := int64(-1)
	for {
		state, err := client.Log(ctx)
		if err == nil && target < 0 {
			target = state.Integrated + 1
		}
		if err == nil && target >= 0 && state.Published >= target {
			return nil
		}
		if waitErr := wait(ctx, 20*time.Millisecond); waitErr != nil {
			return errors.Join(waitErr, err)
		}
	}
}

func (t *trial) process(name string) (journey.Process, error) {
	all, err := t.consortium.Processes()
	if err != nil {
		return journey.Process{}, err
	}
	for _, p := range all {
		if p.Name == name {
			return p, nil
		}
	}
	return journey.Process{}, fmt.Errorf("there is no process %q in the consortium's status", name)
}

func (t *trial) print(l *load, lost map[int]bool) {
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "killed (SIGKILL)\tacknowledged\tlost\tlongest pause in writing\twitnessed again after\tlog audit\t")
	for _, r := range t.rows {
		missing := 0
		for i := range lost {
			if i >= r.from && i < r.to {
				missing++
			}
		}
		fmt.Fprintf(
			w, "%s\t%d\t%d\t%.2f s\t%.2f s\t%s\t\n", r.process, r.to-r.from, missing, r.writing.Seconds(),
			r.witnessing.Seconds(), r.audit,
		)
	}
	fmt.Fprintf(w, "all\t%d\t%d\t\t\t\t\n", len(l.taken()), len(lost))
	_ = w.Flush() // standard output
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
