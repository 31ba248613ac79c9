// Package logbench measures the transparency log: how many entries a second go through sequence, integrate, sign,
// witness and publish on a real database, and, beside it on the same machine in the same run, through Tessera's POSIX
// driver. It is used by benchmarks only.
package logbench

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/cockroach"
)

// Config says what to measure.
type Config struct {
	DB      *cockroach.DB // migrated
	Org     consortium.OrgID
	Origin  string
	Witness func(verifierKey string) anchor.Witness // of a log that it does not know yet
	Entries int                                     // default 20000
	Writers int                                     // concurrent transactions; default 4
	PerTx   int                                     // entries in one transaction, as a bundle writes them; default 50
}

// Figures are the outcome of one run.
type Figures struct {
	Entries     int
	Written     time.Duration // until the last writer's commit
	Published   time.Duration // until all entries are under a witnessed, published checkpoint, from the first write on
	Checkpoints int64         // that the ledger took
	Bytes       int64         // of the entries
}

// Rate is entries a second, from the first write to the publication of the last.
func (f Figures) Rate() float64 { return float64(f.Entries) / f.Published.Seconds() }

// Run writes entries as the gateway does, many transactions at once, while the sequencer works, and waits until all are
// published. It then audits the log: figures of a log that does not hold are no figures.
func Run(ctx context.Context, cfg Config) (Figures, error) {
	cfg.defaults()
	skey, vkey, err := tlog.GenerateKey(rand.Reader, cfg.Origin)
	if err != nil {
		return Figures{}, err
	}
	signer, err := tlog.NewSigner(skey)
	if err != nil {
		return Figures{}, err
	}
	log := cfg.DB.Log(cfg.Org)
	witness := &counting{Witness: cfg.Witness(vkey)}
	seq, err := anchor.New(log, witness, anchor.Config{
		Origin: cfg.Origin, Signer: signer, VerifierKey: vkey, Holder: uuid.NewString(), BatchMax: 4096,
	})
	if err != nil {
		return Figures{}, err
	}
	running, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { seq.Run(running) })
	defer done.Wait()
	defer stop()
	// The first, empty checkpoint registers the log: not part of what is measured.
	if _, err := awaitPublished(ctx, log, cfg.Origin, 0); err != nil {
		return Figures{}, err
	}
	f := Figures{Entries: cfg.Entries, Bytes: int64(cfg.Entries * len(leaf(0)))}
	before, begin := witness.taken.Load(), time.Now()
	if err := write(ctx, cfg); err != nil {
		return Figures{}, err
	}
	f.Written = time.Since(begin)
	published, err := awaitPublished(ctx, log, cfg.Origin, int64(cfg.Entries))
	if err != nil {
		return Figures{}, err
	}
	f.Published, f.Checkpoints = time.Since(begin), witness.taken.Load()-before
	return f, audit(ctx, log, published, vkey)
}

func (cfg *Config) defaults() {
	if cfg.Entries <= 0 {
		cfg.Entries = 20000
	}
	if cfg.Writers <= 0 {
		cfg.Writers = 4
	}
	if cfg.PerTx <= 0 {
		cfg.PerTx = 50
	}
}

// leaf returns the i-th entry.
func leaf(i int) []byte {
	return tlog.NewLeaf(tlog.KindRecord, time.Unix(1795000000, 0), sha256.Sum256(fmt.Append(nil, i)))
}

// write inserts all entries, as many transactions at a time as there are writers.
func write(ctx context.Context, cfg Config) error {
	var next atomic.Int64
	var writers sync.WaitGroup
	failed := make(chan error, cfg.Writers)
	for range cfg.Writers {
		writers.Go(func() {
			for {
				from := int(next.Add(int64(cfg.PerTx))) - cfg.PerTx
				if from >= cfg.Entries {
					return
				}
				if err := writeOne(ctx, cfg, from, min(from+cfg.PerTx, cfg.Entries)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	writers.Wait()
	select {
	case err := <-failed:
		return fmt.Errorf("write entries: %w", err)
	default:
		return nil
	}
}

func writeOne(ctx context.Context, cfg Config, from, to int) error {
	entries := make([]logbook.Entry, 0, to-from)
	for i := from; i < to; i++ {
		entries = append(entries, logbook.Entry{ID: uuid.NewString(), Leaf: leaf(i), At: time.Now()})
	}
	return cfg.DB.Tx(ctx, func(tx pgx.Tx) error { return cfg.DB.InsertEntries(ctx, tx, cfg.Org, entries...) })
}

// awaitPublished waits until size entries are published and returns the checkpoint.
func awaitPublished(ctx context.Context, log *cockroach.Log, origin string, size int64) ([]byte, error) {
	for {
		head, err := log.Head(ctx)
		if err != nil {
			return nil, err
		}
		if len(head.Published) != 0 {
			c, err := tlog.ReadCheckpoint(head.Published)
			if err != nil || c.Origin != origin {
				return nil, errors.Join(errors.New("await publication: another log's checkpoint"), err)
			}
			if c.Size >= size {
				return head.Published, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func audit(ctx context.Context, log *cockroach.Log, published []byte, vkey string) error {
	c, err := tlog.OpenCheckpoint(published, vkey)
	if err != nil {
		return err
	}
	read := func(tiles []tlog.Tile) ([][]byte, error) { return log.Tiles(ctx, tiles) }
	root, err := tlog.Audit(tlog.Checkpoint{Root: tlog.EmptyRoot()}, c.Size, read, nil)
	if err != nil || root != c.Root {
		return errors.Join(errors.New("the measured log does not hold"), err)
	}
	return nil
}

// counting counts the checkpoints that a ledger took.
type counting struct {
	anchor.Witness
	taken atomic.Int64
}

func (c *counting) SubmitCheckpoint(ctx context.Context, note []byte, proof []tlog.Hash) (anchor.Witnessed, error) {
	w, err := c.Witness.SubmitCheckpoint(ctx, note, proof)
	if err == nil {
		c.taken.Add(1)
	}
	return w, err
}
