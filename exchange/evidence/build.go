package evidence

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// Log finds entries in an organisation's log, and reads it.
type Log interface {
	// Place gives an entry's index; false while it is pending.
	Place(ctx context.Context, entry string) (int64, bool, error)
	// Tiles gives tiles and bundles of exactly the widths asked for.
	Tiles(ctx context.Context, tiles []tlog.Tile) ([][]byte, error)
}

// Attester gives a signed read of witness:Attest for this organisation's log.
type Attester interface {
	Attest(ctx context.Context, origin string) ([]byte, error)
}

// Builder makes evidence files of one organisation's records.
type Builder struct {
	Log    Log
	Ledger Attester
	Origin string
	Now    func() time.Time

	mu    sync.Mutex // guards what follows
	raw   []byte     // the last attestation: it serves for every entry below its size
	size  int64
	taken time.Time
}

// attestationFresh is how long an attestation is used again: an evidence file should say how things stood when it was
// asked for.
const attestationFresh = 10 * time.Minute

// Build gives the evidence file of a record's version. fault.Conflict with code NOT_WITNESSED when the ledger has not
// witnessed it yet: it will within seconds. fault.Unavailable when the members' peers cannot be asked.
func (b *Builder) Build(ctx context.Context, v exchange.Version) ([]byte, error) {
	index, placed, err := b.Log.Place(ctx, v.Entry)
	if err != nil {
		return nil, fmt.Errorf("build evidence: %w", err)
	}
	if !placed {
		return nil, notWitnessed()
	}
	raw, err := b.attestation(ctx, index)
	if err != nil {
		return nil, fmt.Errorf("build evidence: %w", err)
	}
	file, err := New(
		Record{Statement: exchange.Statement(v), Content: v.Content, Salt: v.Salt},
		index,
		raw,
		func(tiles []tlog.Tile) ([][]byte, error) {
			return b.Log.Tiles(ctx, tiles)
		},
	)
	if err != nil {
		return nil, fmt.Errorf("build evidence: %w", err)
	}
	return file.Bytes()
}

// attestation gives a signed read that covers the entry at index: the last one while it is fresh and does, else a new
// one.
func (b *Builder) attestation(ctx context.Context, index int64) ([]byte, error) {
	b.mu.Lock()
	raw, size, taken := b.raw, b.size, b.taken
	b.mu.Unlock()
	if index < size && b.Now().Sub(taken) < attestationFresh {
		return raw, nil
	}
	raw, err := b.Ledger.Attest(ctx, b.Origin)
	if err != nil {
		return nil, err
	}
	read, err := parseAttestation(raw)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.raw, b.size, b.taken = raw, read.answer.Size, b.Now()
	return raw, nil
}

// Record is what is to be proven.
type Record struct {
	Statement []byte // canonical JSON
	Content   []byte // as stored
	Salt      [32]byte
}

// New puts an evidence file together: the entry at index, proven under the checkpoint that the attestation carries. It
// refuses a record that does not open the entry there, since the file would prove nothing.
func New(r Record, index int64, attestation []byte, read tlog.ReadTiles) (File, error) {
	state, err := parseAttestation(attestation)
	if err != nil {
		return File{}, err
	}
	checkpoint, err := tlog.OpenCheckpoint(state.answer.Note, state.answer.Key)
	if err != nil {
		return File{}, err
	}
	if index >= checkpoint.Size {
		return File{}, notWitnessed()
	}
	leaf, err := tlog.EntryAt(index, checkpoint.Size, read)
	if err != nil {
		return File{}, err
	}
	hashes, err := tlog.ProveInclusion(checkpoint, index, read)
	if err != nil {
		return File{}, err
	}
	proof := tlog.Proof{Index: index, Hashes: hashes, Checkpoint: state.answer.Note}
	if _, err := proof.Verify(leaf, state.answer.Key); err != nil {
		return File{}, fmt.Errorf("the log's entry %d is not what its tree holds: %w", index, err)
	}
	f := File{
		Type: Type, Version: Version, Statement: r.Statement, Content: r.Content, Salt: r.Salt[:],
		Leaf: string(leaf), Proof: string(proof.Format()), Key: state.answer.Key, Attestation: attestation,
	}
	canonical, s, err := f.statement()
	if err == nil {
		err = errors.Join(f.checkContent(s), f.checkCommitment(canonical, s))
	}
	if err != nil {
		return File{}, fault.Wrap(
			err, fault.Internal, "RECORD_ALTERED",
			"This record is not what was logged when it was stored. Please tell the organisation's auditor.",
		)
	}
	return f, nil
}

func notWitnessed() error {
	return fault.New(
		fault.Conflict, "NOT_WITNESSED",
		"This record is not witnessed by the ledger yet. That takes a few seconds: please try again.",
	)
}
