package evidence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"yilian.example/exchange"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// Tiles reads a log.
type Tiles interface {
	// Tiles returns tiles and bundles of exactly the widths asked for.
	Tiles(ctx context.Context, tiles []tlog.Tile) ([][]byte, error)
}

// Log finds entries in an organisation's log, and reads it.
type Log interface {
	Tiles
	// Place returns an entry's index; false while it is pending.
	Place(ctx context.Context, entry string) (int64, bool, error)
}

// Attester returns a signed read of witness:Attest for this organisation's log.
type Attester interface {
	Attest(ctx context.Context, origin string) ([]byte, error)
}

// Builder makes evidence files of one organisation's records.
type Builder struct {
	Log    Log
	Ledger Attester
	Origin string
	Now    func() time.Time

	asking singleflight.Group
	mu     sync.Mutex // guards last
	last   taken
}

// taken is the last attestation: it serves for every entry below its size.
type taken struct {
	Attestation
	size  int64
	taken time.Time
}

const (
	// attestationFresh is how long an attestation is used again: an evidence file should say how things stood when it was
	// asked for.
	attestationFresh = 10 * time.Minute
	// attestationServed is the same for those who audit the log: they want to know that nothing was cut off its end.
	attestationServed = 10 * time.Second
)

// Build returns the evidence file of a record's version. fault.Conflict with code NOT_WITNESSED when the ledger has not
// witnessed it yet: it will within seconds. fault.Unavailable when the members' peers cannot be asked.
func (b *Builder) Build(ctx context.Context, v exchange.Version) ([]byte, error) {
	index, placed, err := b.Log.Place(ctx, v.Entry)
	if err != nil {
		return nil, fmt.Errorf("build evidence: %w", err)
	}
	if !placed {
		return nil, notWitnessed()
	}
	attestation, err := b.attestation(ctx, index)
	if err != nil {
		return nil, fmt.Errorf("build evidence: %w", err)
	}
	file, err := New(
		Record{Statement: exchange.Statement(v), Content: v.Content, Salt: v.Salt},
		index,
		attestation,
		func(tiles []tlog.Tile) ([][]byte, error) {
			return b.Log.Tiles(ctx, tiles)
		},
	)
	if err != nil {
		return nil, fmt.Errorf("build evidence: %w", err)
	}
	return file.Bytes()
}

// attestation returns a signed read that covers the entry at index: the last one while it is fresh and does, else a new
// one.
func (b *Builder) attestation(ctx context.Context, index int64) (Attestation, error) {
	last := b.kept()
	if index < last.size && b.Now().Sub(last.taken) < attestationFresh {
		return last.Attestation, nil
	}
	taken, err := b.ask(ctx)
	return taken.Attestation, err
}

// Attestation returns the members' word about the log as it is now, for whoever audits it: not older than a few
// seconds, and asked for once however many want it at a time.
func (b *Builder) Attestation(ctx context.Context) ([]byte, error) {
	last := b.kept()
	if last.taken.IsZero() || b.Now().Sub(last.taken) >= attestationServed {
		var err error
		if last, err = b.ask(ctx); err != nil {
			return nil, fmt.Errorf("attest log: %w", err)
		}
	}
	return last.Bytes()
}

func (b *Builder) kept() taken {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last
}

// ask has the members sign. Callers at the same time share one answer; one who goes away does not end it for the
// others.
func (b *Builder) ask(ctx context.Context) (taken, error) {
	answer, err, _ := b.asking.Do("", func() (any, error) {
		raw, err := b.Ledger.Attest(context.WithoutCancel(ctx), b.Origin)
		if err != nil {
			return taken{}, err
		}
		a, err := NewAttestation(raw)
		if err != nil {
			return taken{}, err
		}
		read, err := a.read()
		if err != nil {
			return taken{}, err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.last = taken{Attestation: a, size: read.answer.Size, taken: b.Now()}
		return b.last, nil
	})
	if err != nil {
		return taken{}, err
	}
	return answer.(taken), nil
}

// Record is what is to be proven.
type Record struct {
	Statement []byte // canonical JSON
	Content   []byte // as stored
	Salt      [32]byte
}

// New puts an evidence file together: the entry at index, proven under the checkpoint that the attestation carries. It
// refuses a record that does not open the entry there, since the file would prove nothing.
func New(r Record, index int64, attestation Attestation, read tlog.ReadTiles) (File, error) {
	state, err := attestation.read()
	if err != nil {
		return File{}, err
	}
	checkpoint, err := state.checkpoint()
	if err != nil {
		return File{}, err
	}
	if index >= checkpoint.Size {
		return File{}, notWitnessed()
	}
	f := File{
		Type: Type, Version: Version, Statement: string(r.Statement), Content: r.Content, Salt: r.Salt[:],
		Key: state.answer.Key, Attestation: attestation,
	}
	if err := f.prove(index, checkpoint, state.answer.Note, once(read)); err != nil {
		return File{}, err
	}
	s, err := f.statement()
	if err == nil {
		err = errors.Join(f.checkContent(s), f.checkCommitment(s))
	}
	if err != nil {
		return File{}, fault.Wrap(
			err, fault.Internal, CodeRecordAltered,
			"This record is not what was logged when it was stored. Please tell the organisation's auditor.",
		)
	}
	return f, nil
}

// prove adds the entry, its proof and its neighbours.
func (f *File) prove(index int64, c tlog.Checkpoint, note []byte, read tlog.ReadTiles) error {
	leaf, err := tlog.EntryAt(index, c.Size, read)
	if err != nil {
		return err
	}
	hashes, err := tlog.ProveInclusion(c, index, read)
	if err != nil {
		return err
	}
	proof := tlog.Proof{Index: index, Hashes: hashes, Checkpoint: note}
	if _, err := proof.Verify(leaf, f.Key); err != nil {
		return fmt.Errorf("the log's entry %d is not what its tree holds: %w", index, err)
	}
	f.Leaf, f.Proof = string(leaf), string(proof.Format())
	f.Neighbours, err = readNeighbours(c, index, read)
	return err
}

// once reads each tile only once: an entry and its neighbours share most of theirs.
func once(read tlog.ReadTiles) tlog.ReadTiles {
	kept := map[tlog.Tile][]byte{}
	return func(tiles []tlog.Tile) ([][]byte, error) {
		if err := keepTiles(kept, tiles, read); err != nil {
			return nil, err
		}
		out := make([][]byte, len(tiles))
		for i, t := range tiles {
			out[i] = kept[t]
		}
		return out, nil
	}
}

// keepTiles reads those of the tiles that are not kept yet.
func keepTiles(kept map[tlog.Tile][]byte, tiles []tlog.Tile, read tlog.ReadTiles) error {
	var missing []tlog.Tile
	for _, t := range tiles {
		if _, ok := kept[t]; !ok {
			missing = append(missing, t)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	data, err := read(missing)
	if err != nil {
		return err
	}
	if len(data) != len(missing) {
		return errors.New("read tiles: not as many as asked for")
	}
	for i, t := range missing {
		kept[t] = data[i]
	}
	return nil
}

func notWitnessed() error {
	return fault.New(
		fault.Conflict, CodeNotWitnessed,
		"This record is not witnessed by the ledger yet. That takes a few seconds: please try again.",
	)
}
