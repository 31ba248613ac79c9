package tlog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// tiles adapts ReadTiles to x/mod, whose TileHashReader checks every tile against the tree's root before it is used.
type tiles struct{ read ReadTiles }

func (t tiles) Height() int                     { return TileHeight }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	named := make([]Tile, len(want))
	for i, w := range want {
		named[i] = Tile{Level: w.L, N: w.N, Width: w.W}
	}
	return t.read(named)
}

func hashReader(c Checkpoint, read ReadTiles) tlog.HashReader {
	return tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, tiles{read})
}

// ProveInclusion returns the proof that the tree of c has a leaf at index (RFC 6962, 2.1.1). It fails when the tiles
// read are not those of c.
func ProveInclusion(c Checkpoint, index int64, read ReadTiles) ([]Hash, error) {
	if index < 0 || index >= c.Size {
		return nil, fmt.Errorf("prove inclusion: no entry %d in a tree of %d", index, c.Size)
	}
	proof, err := tlog.ProveRecord(c.Size, index, hashReader(c, read))
	if err != nil {
		return nil, fmt.Errorf("prove inclusion: %w", err)
	}
	return proof, nil
}

// CheckInclusion verifies that the tree of c has leaf at index.
func CheckInclusion(proof []Hash, c Checkpoint, index int64, leaf Hash) error {
	if index < 0 || index >= c.Size {
		return fmt.Errorf("check inclusion: no entry %d in a tree of %d", index, c.Size)
	}
	if err := tlog.CheckRecord(proof, c.Size, c.Root, index, leaf); err != nil {
		return fmt.Errorf("check inclusion: %w", err)
	}
	return nil
}

// ProveConsistency returns the proof that CheckConsistency takes: that the tree of newer begins with the tree of older.
// The tiles read must be those of newer.
func ProveConsistency(newer, older Checkpoint, read ReadTiles) ([]Hash, error) {
	switch {
	case newer.Size < older.Size:
		return nil, errors.New("prove consistency: log became smaller")
	case older.Size == 0 || newer.Size == older.Size:
		return nil, nil
	}
	proof, err := tlog.ProveTree(newer.Size, older.Size, hashReader(newer, read))
	if err != nil {
		return nil, fmt.Errorf("prove consistency: %w", err)
	}
	return proof, nil
}

// RootAt returns the root that the tree of c had at an earlier size. The tiles read must be those of c.
func RootAt(c Checkpoint, size int64, read ReadTiles) (Hash, error) {
	switch {
	case size < 0 || size > c.Size:
		return Hash{}, fmt.Errorf("compute root: a tree of %d never had the size %d", c.Size, size)
	case size == 0:
		return EmptyRoot(), nil
	}
	root, err := tlog.TreeHash(size, hashReader(c, read))
	if err != nil {
		return Hash{}, fmt.Errorf("compute root: %w", err)
	}
	return root, nil
}

// Proof is a C2SP tlog-proof: that an entry stands at Index in the log of the signed checkpoint.
type Proof struct {
	Extra      []byte // opaque and not authenticated; usually nil
	Index      int64
	Hashes     []Hash
	Checkpoint []byte // the signed note, verbatim
}

const proofHeader = "c2sp.org/tlog-proof@v1\n"

// maxProofHashes bounds the lines of a proof: a tree of 2^63 entries needs no more.
const maxProofHashes = 63

// Format returns the proof as text, the content of a .tlog-proof file.
func (p Proof) Format() []byte {
	var b bytes.Buffer
	b.WriteString(proofHeader)
	if p.Extra != nil {
		b.WriteString("extra " + base64.StdEncoding.EncodeToString(p.Extra) + "\n")
	}
	b.WriteString("index " + strconv.FormatInt(p.Index, 10) + "\n")
	for _, h := range p.Hashes {
		b.WriteString(h.String() + "\n")
	}
	b.WriteString("\n")
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// ParseProof reads a proof's text. It verifies nothing.
func ParseProof(data []byte) (Proof, error) {
	text, ok := strings.CutPrefix(string(data), proofHeader)
	if !ok {
		return Proof{}, errors.New("proof does not begin with " + strings.TrimSpace(proofHeader))
	}
	head, checkpoint, ok := strings.Cut(text, "\n\n")
	if !ok || checkpoint == "" {
		return Proof{}, errors.New("proof has no checkpoint")
	}
	p := Proof{Checkpoint: []byte(checkpoint)}
	lines := strings.Split(head, "\n")
	if extra, ok := strings.CutPrefix(lines[0], "extra "); ok {
		var err error
		if p.Extra, err = base64.StdEncoding.Strict().DecodeString(extra); err != nil {
			return Proof{}, errors.New("proof's extra data is not base64")
		}
		lines = lines[1:]
	}
	if len(lines) == 0 || len(lines) > 1+maxProofHashes {
		return Proof{}, errors.New("proof has no index, or too many hashes")
	}
	number, ok := strings.CutPrefix(lines[0], "index ")
	index, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || index < 0 || strconv.FormatInt(index, 10) != number {
		return Proof{}, errors.New("proof's index is not a plain decimal number")
	}
	p.Index = index
	for _, line := range lines[1:] {
		h, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(h) != len(Hash{}) {
			return Proof{}, errors.New("proof has a line that is not the base64 of 32 bytes")
		}
		p.Hashes = append(p.Hashes, Hash(h))
	}
	if !bytes.Equal(p.Format(), data) {
		return Proof{}, errors.New("proof is not in its one form")
	}
	return p, nil
}

// Verify checks the proof for a leaf's bytes against the log's verifier key, and returns the checkpoint that it was
// verified under.
func (p Proof) Verify(leaf []byte, verifierKey string) (Checkpoint, error) {
	c, err := OpenCheckpoint(p.Checkpoint, verifierKey)
	if err != nil {
		return Checkpoint{}, err
	}
	return c, CheckInclusion(p.Hashes, c, p.Index, LeafHash(leaf))
}

// EntryAt reads the entry at index of a tree of the given size out of its bundle.
func EntryAt(index, size int64, read ReadTiles) ([]byte, error) {
	if index < 0 || index >= size {
		return nil, fmt.Errorf("read entry: no entry %d in a tree of %d", index, size)
	}
	t := Tile{Level: EntriesLevel, N: index / TileWidth, Width: int(min(TileWidth, size-index/TileWidth*TileWidth))}
	data, err := read([]Tile{t})
	if err != nil {
		return nil, fmt.Errorf("read entry: %w", err)
	}
	if len(data) != 1 {
		return nil, errors.New("read entry: not as many tiles as asked for")
	}
	entries, err := ParseBundle(data[0], t.Width)
	if err != nil {
		return nil, fmt.Errorf("read entry: %w", err)
	}
	return entries[index%TileWidth], nil
}
