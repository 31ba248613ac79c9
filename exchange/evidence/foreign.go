package evidence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// Foreign shows that records which other members handed over stand in their public logs. It is safe for concurrent use.
type Foreign struct {
	Config ForeignConfig

	mu     sync.Mutex // guards logs
	logs   map[consortium.OrgID]*Builder
	proven *lru.Cache[proven, struct{}]
}

// ForeignConfig is what a Foreign works with.
type ForeignConfig struct {
	// Log returns another member's public log and its origin.
	Log     func(custodian consortium.OrgID) (log Tiles, origin string)
	Ledger  Attester
	Roots   Roots
	Options Options
	Now     func() time.Time
	// Patience bounds one call: what is not proven by then stays unproven.
	Patience time.Duration
	// Late is how old a record may be without a place in a witnessed log.
	Late time.Duration
}

// proven is a record that was proven: a log only grows, so that stays true.
type proven struct {
	custodian  consortium.OrgID
	index      int64
	commitment tlog.Hash
}

const (
	maxProven = 20_000
	provers   = 8 // records of one call that are proven at a time
)

// NewForeign uses the configuration.
func NewForeign(c ForeignConfig) (*Foreign, error) {
	cache, err := lru.New[proven, struct{}](maxProven)
	if err != nil {
		return nil, fmt.Errorf("remember proofs: %w", err)
	}
	return &Foreign{Config: c, logs: map[consortium.OrgID]*Builder{}, proven: cache}, nil
}

// Prove tells of each copy whether it was shown to stand in the custodian's log, with the same checks as an evidence
// file. It was not where something could not be reached in time, or the members have not witnessed it yet. An error
// says that one of them does not stand where the custodian says, or stands nowhere although it is old.
func (f *Foreign) Prove(ctx context.Context, custodian consortium.OrgID, copies []Copy) ([]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, f.Config.Patience)
	defer cancel()
	log, origin := f.Config.Log(custodian)
	session := &proving{
		Foreign: f, custodian: custodian, builder: f.builder(custodian, origin),
		read: shared(func(tiles []tlog.Tile) ([][]byte, error) { return log.Tiles(ctx, tiles) }),
	}
	out, errs := make([]bool, len(copies)), make([]error, len(copies))
	var running sync.WaitGroup
	turns := make(chan struct{}, provers)
	for i, c := range copies {
		turns <- struct{}{}
		running.Go(func() {
			defer func() { <-turns }()
			out[i], errs[i] = session.one(ctx, c)
		})
	}
	running.Wait()
	return out, errors.Join(errs...)
}

func (f *Foreign) builder(custodian consortium.OrgID, origin string) *Builder {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.logs[custodian]
	if !ok {
		b = &Builder{Ledger: f.Config.Ledger, Origin: origin, Now: f.Config.Now}
		f.logs[custodian] = b
	}
	return b
}

// proving is one call of Prove: its records share the tiles that they read.
type proving struct {
	*Foreign
	custodian consortium.OrgID
	builder   *Builder
	read      tlog.ReadTiles
}

func (p *proving) one(ctx context.Context, c Copy) (bool, error) {
	if c.Index == nil {
		return false, p.unplaced(c)
	}
	if *c.Index < 0 {
		return false, altered(errors.New("the place is negative"))
	}
	statement := exchange.Statement(c.Version)
	key := proven{p.custodian, *c.Index, tlog.Commit(tlog.KindRecord, c.Version.Salt, statement)}
	if _, known := p.proven.Get(key); known {
		return true, nil
	}
	if ctx.Err() != nil {
		return false, nil // no time is left
	}
	attestation, err := p.builder.attestation(ctx, *c.Index)
	if err != nil {
		return false, nil
	}
	file, err := New(
		Record{Statement: statement, Content: c.Version.Content, Salt: c.Version.Salt}, *c.Index, attestation, p.read,
	)
	switch {
	case fault.Of(err).Code == CodeNotWitnessed:
		return false, p.unplaced(c)
	case err != nil && (fault.Is(err, fault.Unavailable) || ctx.Err() != nil):
		return false, nil
	case err != nil:
		return false, altered(err)
	}
	if err := p.verify(file); err != nil {
		return false, altered(err)
	}
	p.proven.Add(key, struct{}{})
	return true, nil
}

// verify checks a file as whoever it would be given to does.
func (p *proving) verify(file File) error {
	data, err := file.Bytes()
	if err != nil {
		return err
	}
	report, err := Verify(data, p.Config.Roots, p.Config.Options)
	if err != nil {
		return err
	}
	for _, s := range report.Steps {
		if !s.OK {
			return fmt.Errorf("step %s: %s", s.Code, s.Detail)
		}
	}
	return nil
}

// unplaced lets a record be without a place in the witnessed log only while it is new.
func (p *proving) unplaced(c Copy) error {
	if age := p.Config.Now().Sub(c.Version.Recorded); age > p.Config.Late {
		return altered(errors.New("the record is old and stands in no witnessed log"))
	}
	return nil
}

func altered(err error) error {
	return fault.Wrap(
		err, fault.Internal, CodeRecordAltered,
		"This record is not what was logged when it was stored. Please tell the organisation's auditor.",
	)
}

// shared reads each tile once for all who prove at a time.
func shared(read tlog.ReadTiles) tlog.ReadTiles {
	var mu sync.Mutex
	kept := map[tlog.Tile]func() ([]byte, error){}
	one := func(t tlog.Tile) func() ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		get, ok := kept[t]
		if !ok {
			get = sync.OnceValues(func() ([]byte, error) {
				data, err := read([]tlog.Tile{t})
				if err != nil {
					return nil, err
				}
				if len(data) != 1 {
					return nil, errors.New("read tiles: not as many as asked for")
				}
				return data[0], nil
			})
			kept[t] = get
		}
		return get
	}
	return func(tiles []tlog.Tile) ([][]byte, error) {
		out := make([][]byte, len(tiles))
		for i, t := range tiles {
			var err error
			if out[i], err = one(t)(); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}
