// Package matrix tampers with the database of a private consortium in every way that its schema allows, and tells by
// whom each was noticed. The matrix is made from the schema: a new table is in it without anybody remembering.
package matrix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/scripts/journey"
)

// How a cell ended.
const (
	ByServer   = "refused by the server"
	OnReading  = "refused on reading"
	ByAlarm    = "alarm"
	ByOutsider = "outsider's verify log"
	Harmless   = "harmless"
	Nothing    = "nothing to do it to"
	Unnoticed  = "UNNOTICED"
	ShownTrue  = "SHOWN AS TRUE"
)

// Result is one cell and how it ended.
type Result struct {
	Cell   Cell
	Org    string // whose row it was
	How    string
	Detail string
	After  time.Duration // until it was noticed
}

// Bad reports whether the tampering would have had its way.
func (r Result) Bad() bool { return r.How == Unnoticed || r.How == ShownTrue }

// Options choose what of the matrix is done.
type Options struct {
	Sample   int    // this many cells; 0 for all
	Seed     uint64 // of the sample
	Only     string // cells whose name contains this
	From     int    // leave out this many cells at the beginning
	Patience time.Duration
	Progress io.Writer
}

// Run does the matrix on a consortium that it starts and removes.
func Run(ctx context.Context, o Options) (*Report, error) {
	root, err := journey.Root()
	if err != nil {
		return nil, err
	}
	r := &runner{options: o, root: root}
	defer r.reset(ctx) //nolint:errcheck // said where it matters
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	report := &Report{Empty: r.unfilled()}
	todo := o.choose(r.stage.world.possible(cells(r.stage.world.tables), o.Sample > 0))
	for i, c := range todo {
		if i < o.From {
			continue
		}
		result, err := r.try(ctx, c)
		if err != nil {
			return report, fmt.Errorf("%s: %w", c, err)
		}
		report.Results = append(report.Results, result)
		fmt.Fprintf(
			o.Progress, "tamper: %d/%d %s: %s %s (%.1f s)\n", i+1, len(todo), c, result.How, result.Detail,
			result.After.Seconds(),
		)
	}
	return report, r.reset(ctx)
}

// possible leaves out, where a sample is to be taken, the cells that nothing could be done for: they would only take
// the place of others.
func (w *world) possible(all []Cell, sample bool) []Cell {
	if !sample {
		return all
	}
	return slices.DeleteFunc(all, func(c Cell) bool {
		choices, err := w.edits(c)
		return err != nil || len(choices) == 0
	})
}

// choose takes a sample, the same for the same seed, in the matrix's order.
func (o Options) choose(all []Cell) []Cell {
	all = slices.DeleteFunc(all, func(c Cell) bool { return !strings.Contains(c.String(), o.Only) })
	if o.Sample == 0 || o.Sample >= len(all) {
		return all
	}
	random := rand.New(rand.NewPCG(o.Seed, 1))
	picked := random.Perm(len(all))[:o.Sample]
	slices.Sort(picked)
	out := make([]Cell, len(picked))
	for i, p := range picked {
		out[i] = all[p]
	}
	return out
}

// runner keeps the consortium that the cells are tried on, and gets another one when a cell could not be taken back.
type runner struct {
	options Options
	root    string
	private *journey.Private
	stage   *stage
}

func (r *runner) start(ctx context.Context) error {
	parent := filepath.Join(r.root, ".yilian")
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("make state directory: %w", err)
	}
	dir, err := os.MkdirTemp(parent, "tamper-")
	if err != nil {
		return fmt.Errorf("make state directory: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the database may run as another user
		return fmt.Errorf("make state directory: %w", err)
	}
	r.private = &journey.Private{Root: r.root, State: dir, Output: r.options.Progress}
	r.stage, err = newStage(ctx, r.private)
	return err
}

// reset takes the consortium down and removes it, also when the run was interrupted.
func (r *runner) reset(ctx context.Context) error {
	if r.private == nil {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	err := errors.Join(r.stage.close(ctx), r.private.Down(ctx))
	if err == nil {
		err = os.RemoveAll(r.private.State)
	}
	r.private, r.stage = nil, nil
	return err
}

// unfilled names the tables that the journey left without a row: nothing can be said of them.
func (r *runner) unfilled() []string {
	var out []string
	seen := map[string]bool{}
	for _, t := range r.stage.world.tables {
		if seen[t.Name] {
			continue
		}
		seen[t.Name] = true
		if _, err := r.stage.world.made(t.Name); errors.Is(err, errNothing) {
			if _, rows, _ := r.stage.world.home(t.Name); len(rows) == 0 && empty[t.Name] == "" {
				out = append(out, t.Name)
			}
		}
	}
	return out
}

// try does one cell: tamper, look, wait for the audit, take it back.
func (r *runner) try(ctx context.Context, c Cell) (Result, error) {
	if r.stage == nil {
		if err := r.start(ctx); err != nil {
			return Result{}, err
		}
	}
	s := r.stage
	if err := s.refresh(ctx); err != nil {
		return Result{}, err
	}
	choices, err := s.world.edits(c)
	if errors.Is(err, errNothing) || err == nil && len(choices) == 0 {
		return Result{Cell: c, How: Nothing}, nil
	}
	if err != nil {
		return Result{}, err
	}
	if c.Operation == OtherMember {
		return s.asOther(ctx, c, choices)
	}
	before := look(ctx, s.probes)
	if unwell(before) {
		return Result{}, errors.New("the gateways do not answer before anything was done")
	}
	began := time.Now()
	edits, code, err := applyOne(ctx, s, choices)
	if err != nil {
		return Result{}, err
	}
	if edits == nil {
		return Result{Cell: c, How: ByServer, Detail: "constraint, " + code, After: time.Since(began)}, nil
	}
	result := s.notice(ctx, c, before, r.options.Patience)
	result.Cell = c
	result.Org = edits[0].Table.owner(rowOf(edits[0]))
	return result, r.takeBack(ctx, c, edits, before)
}

func rowOf(e Edit) Row {
	if e.Before != nil {
		return e.Before
	}
	return e.After
}

// applyOne does the first alternative that the server accepts. Where its constraints refuse them all, it returns no
// edits and the code of the last refusal.
func applyOne(ctx context.Context, s *stage, choices [][]Edit) ([]Edit, string, error) {
	code := ""
	for _, edits := range choices {
		done, err := apply(ctx, s.db, edits)
		if err == nil {
			return done, "", nil
		}
		code = sqlState(err)
		if !strings.HasPrefix(code, "23") && !strings.HasPrefix(code, "22") { // integrity, or no value of the type
			return nil, "", fmt.Errorf("tamper: %w", err)
		}
	}
	return nil, code, nil
}

// asOther tries to delete, make and change a row under the role of another member than its owner. The server must
// refuse each for want of a right.
func (s *stage) asOther(ctx context.Context, c Cell, attempts [][]Edit) (Result, error) {
	first := attempts[0][0]
	result := Result{Cell: c, Org: first.Table.owner(rowOf(first)), How: ByServer}
	org := donghu
	if result.Org == string(donghu) {
		org = qingshan
	}
	db, err := as(ctx, s.consortium, org)
	if err != nil {
		return result, err
	}
	defer db.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
	result.Detail = "role of " + string(org)
	began := time.Now()
	for _, edits := range attempts {
		err := inTx(ctx, db, func(tx pgx.Tx) error { return write(ctx, tx, edits) })
		if err == nil {
			result.How = Unnoticed
			return result, undo(ctx, s.db, edits)
		}
		if code := sqlState(err); code != insufficientPrivilege {
			return result, fmt.Errorf("the server refused with %q, not for want of a right: %w", code, err)
		}
	}
	result.After = time.Since(began)
	return result, nil
}

// insufficientPrivilege is how PostgreSQL and CockroachDB say that a role may not do something.
const insufficientPrivilege = "42501"

// notice tells who noticed what was done, and when.
func (s *stage) notice(ctx context.Context, c Cell, before map[string]seen, patience time.Duration) Result {
	began := time.Now()
	if c.Restart {
		if err := s.restart(ctx, donghu); err != nil {
			return Result{How: OnReading, Detail: err.Error(), After: time.Since(began)}
		}
	}
	refused, changed := compare(before, look(ctx, s.probes))
	looked := time.Since(began)
	slices.Sort(refused)
	slices.Sort(changed)
	found, took := s.awaitAlarm(ctx, patience)
	switch {
	case len(changed) > 0:
		return Result{How: ShownTrue, Detail: strings.Join(changed, "; ") + alarmed(found), After: looked}
	case len(refused) > 0 && onlyOutsider(refused) && found == nil:
		return Result{How: ByOutsider, Detail: refused[0], After: looked}
	case len(refused) > 0:
		return Result{How: OnReading, Detail: refused[0] + alarmed(found), After: looked}
	case found != nil:
		return Result{How: ByAlarm, Detail: alarmed(found), After: looked + took}
	}
	if why, ok := harmless(c); ok {
		return Result{How: Harmless, Detail: why.why + " (" + why.test + ")"}
	}
	return Result{How: Unnoticed, After: looked + took}
}

func onlyOutsider(refused []string) bool {
	return len(refused) == 1 && strings.HasPrefix(refused[0], outsiders)
}

func alarmed(a *alarm) string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf(" [%s %s %s]", a.Org, a.Table, a.Code)
}

// takeBack undoes a cell. Where the gateways do not come to rest, not even after a restart, the next cell gets another
// consortium.
func (r *runner) takeBack(ctx context.Context, c Cell, edits []Edit, before map[string]seen) error {
	if c.Table == "" {
		return r.reset(ctx) // too much moved on to be put back
	}
	s := r.stage
	err := undo(ctx, s.db, edits)
	if err == nil {
		if !c.Restart {
			err = s.rests(ctx, before, firstRest)
		}
		if c.Restart || err != nil {
			err = errors.Join(s.restart(ctx, donghu), s.restart(ctx, qingshan), s.rests(ctx, before, lastRest))
		}
	}
	if err == nil {
		return nil
	}
	fmt.Fprintf(
		r.options.Progress, "tamper: %s: could not be taken back (%v); going on with a new consortium\n", c, err,
	)
	return r.reset(ctx)
}

// How long the gateways may take to come to rest: as they are, and after a restart.
const (
	firstRest = 10 * time.Second
	lastRest  = 30 * time.Second
)

// rests waits until no alarm stands, the gateways answer as before and the logs go on.
func (s *stage) rests(ctx context.Context, before map[string]seen, patience time.Duration) error {
	if err := s.awaitCalm(ctx, before, patience); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	return errors.Join(s.settle(ctx, donghu), s.settle(ctx, qingshan))
}
