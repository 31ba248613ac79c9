package cockroach

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/oversight"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/bound"
)

var _ oversight.Sweeper = (*DB)(nil)

// Bounds of one pass after the first. What they leave out comes in turn.
const (
	maxAlarms      = 1000
	maxSweptBytes  = 64 << 20 // content of record versions
	maxSweptTiles  = 64       // bundles of the log that are opened again
	sweepRangeRows = 512
	sweepRange     = 8 << 20
)

// sweeps is what the audit remembers between its passes.
type sweeps struct {
	suspect atomic.Bool // the next pass leaves nothing out
	mu      sync.Mutex  // one pass at a time; guards what follows
	of      map[consortium.OrgID]*swept
}

// swept is how far the audit of one organisation has come.
type swept struct {
	whole    bool            // one pass has left nothing out
	version  versionKey      // the last record version whose content was checked
	verified tlog.Checkpoint // the tree that was recomputed
	bundle   int64           // the next bundle of the log to open again
	anchor   int64           // the last anchor that was replayed
	turn     int64           // the last anchor that was replayed again
}

// sweep is one pass.
type sweep struct {
	db     *DB
	tx     pgx.Tx
	org    string
	whole  bool
	state  *swept
	next   swept // becomes state when the pass has ended well
	known  map[place]int64
	alarms []Alarm
}

// Sweep compares everything that stands in the organisation's schema with everything that it must fit, under one
// snapshot, and reports what does not. It only reads, at an isolation that makes no writer repeat its transaction. The
// first pass, and one after an alarm, leaves nothing out; the others read all rows but open large content and old parts
// of the log in turn. Memory does not grow with the data.
func (db *DB) Sweep(ctx context.Context, org consortium.OrgID, report func(Alarm)) error {
	db.sweeps.mu.Lock()
	defer db.sweeps.mu.Unlock()
	state, ok := db.sweeps.of[org]
	if !ok {
		state = &swept{}
		db.sweeps.of[org] = state
	}
	ctx, cancel := within(ctx, sweepPatience)
	defer cancel()
	// The numbers seen are read before the snapshot: what is committed later need not be in it.
	s := &sweep{db: db, org: string(org), state: state, known: db.marks.all(org)}
	s.whole = db.sweeps.suspect.Swap(false) || !state.whole
	err := db.run(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		s.begin(tx)
		return s.run(ctx)
	})
	if err == nil {
		err = s.schema(ctx)
	}
	if err != nil || len(s.alarms) > 0 {
		db.sweeps.suspect.Store(true)
	}
	for _, a := range s.alarms {
		report(a)
	}
	if err != nil {
		return fmt.Errorf("audit database: %w", err)
	}
	s.next.whole = state.whole || s.whole
	*state = s.next
	return nil
}

func (s *sweep) begin(tx pgx.Tx) {
	s.tx, s.alarms, s.next = tx, nil, *s.state
	if s.whole {
		s.next = swept{verified: tlog.Checkpoint{Root: tlog.EmptyRoot()}}
	}
}

// run checks everything.
func (s *sweep) run(ctx context.Context) error {
	for _, t := range tables {
		if t.why != "" || t.parts {
			continue
		}
		if err := s.rows(ctx, t); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	for _, step := range []func(context.Context) error{s.heads, s.seen, s.versions, s.pairs, s.anchors, s.log} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *sweep) alarm(table, row string, code fault.Code) {
	if len(s.alarms) < maxAlarms {
		s.alarms = append(s.alarms, Alarm{Table: table, Row: row, Code: code})
	}
}

// schema compares the schema with what the migrations make.
func (s *sweep) schema(ctx context.Context) error {
	cockroach, err := s.db.onCockroach(ctx)
	if err != nil {
		return classify(err)
	}
	found, err := s.db.describe(ctx)
	if err != nil {
		return classify(err)
	}
	if digest(found) != digest(expectedSchema(cockroach)) {
		s.alarm("schema", s.db.schema, CodeSchemaChanged)
	}
	return nil
}

// headSums is what a run of rows that one head sums up comes to.
type headSums struct {
	place place
	seq   *int64
	state []byte
	sums  map[string]bound.Sum
}
