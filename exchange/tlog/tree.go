package tlog

import (
	"bytes"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// TileData is a tile or bundle with its content.
type TileData struct {
	Tile
	Data []byte
}

// ReadTiles returns the content of tiles, each of exactly the width asked for, in the order asked. It is how this
// package reaches what is stored or served.
type ReadTiles func(tiles []Tile) ([][]byte, error)

// Builder grows a tree at its right edge. It holds one partial tile per level and the partial bundle, whatever the
// tree's size.
type Builder struct {
	size   int64
	bundle []byte
	levels [][]byte // per level, the hashes of the partial tile at the right edge
	full   []TileData
}

// NewBuilder begins at a tree of the given size, whose partial tiles it reads. It trusts their hashes: compare Root
// with a root that is known. A partial bundle whose entries do not have the hashes of the tree is an *AuditError.
func NewBuilder(size int64, read ReadTiles) (*Builder, error) {
	b := &Builder{size: size}
	tiles := rightEdge(size)
	if len(tiles) == 0 {
		return b, nil
	}
	data, err := read(tiles)
	if err != nil {
		return nil, fmt.Errorf("read right edge: %w", err)
	}
	if len(data) != len(tiles) {
		return nil, errors.New("read right edge: not as many tiles as asked for")
	}
	for i, t := range tiles {
		if t.Level == EntriesLevel {
			b.bundle = bytes.Clone(data[i])
			continue
		}
		if len(data[i]) != t.Width*len(Hash{}) {
			return nil, fmt.Errorf("read right edge: tile %s has %d bytes", t.Path(), len(data[i]))
		}
		for len(b.levels) <= t.Level {
			b.levels = append(b.levels, nil)
		}
		b.levels[t.Level] = bytes.Clone(data[i])
	}
	return b, b.checkBundle()
}

// checkBundle compares the partial bundle with the partial tile of level 0.
func (b *Builder) checkBundle() error {
	n := int(b.size % TileWidth)
	if n == 0 {
		return nil
	}
	t := Tile{Level: EntriesLevel, N: b.size / TileWidth, Width: n}
	entries, err := ParseBundle(b.bundle, n)
	if err != nil {
		return &AuditError{t, -1, err.Error()}
	}
	for i, e := range entries {
		h := LeafHash(e)
		if !bytes.Equal(h[:], b.levels[0][i*len(h):(i+1)*len(h)]) {
			return &AuditError{t, t.N*TileWidth + int64(i), "entry does not have the hash that the tree has for it"}
		}
	}
	return nil
}

// rightEdge lists the partial tiles of a tree, the partial bundle first.
func rightEdge(size int64) []Tile {
	var tiles []Tile
	for level := EntriesLevel; ; level++ {
		shift := TileHeight * max(level, 0)
		if shift > 62 || size>>shift == 0 {
			return tiles
		}
		hashes := size >> shift
		if hashes%TileWidth != 0 {
			tiles = append(tiles, Tile{Level: level, N: hashes / TileWidth, Width: int(hashes % TileWidth)})
		}
	}
}

// Size is the number of entries so far.
func (b *Builder) Size() int64 { return b.size }

// Add appends an entry to the log.
func (b *Builder) Add(entry []byte) error {
	bundle, err := AppendEntry(b.bundle, entry)
	if err != nil {
		return err
	}
	b.bundle = bundle
	n := b.size
	b.size++
	if b.size%TileWidth == 0 {
		b.full = append(b.full, TileData{Tile{Level: EntriesLevel, N: n / TileWidth, Width: TileWidth}, b.bundle})
		b.bundle = nil
	}
	return b.addHash(0, n, LeafHash(entry))
}

// addHash appends the n-th hash of a level; a tile that it completes is hashed into the level above.
func (b *Builder) addHash(level int, n int64, h Hash) error {
	for len(b.levels) <= level {
		b.levels = append(b.levels, nil)
	}
	b.levels[level] = append(b.levels[level], h[:]...)
	if (n+1)%TileWidth != 0 {
		return nil
	}
	t := tlog.Tile{H: TileHeight, L: level, N: n / TileWidth, W: TileWidth}
	half := TileHeight*(level+1) - 1
	left, err := tlog.HashFromTile(t, b.levels[level], tlog.StoredHashIndex(half, 2*t.N))
	if err != nil {
		return fmt.Errorf("hash tile: %w", err)
	}
	right, err := tlog.HashFromTile(t, b.levels[level], tlog.StoredHashIndex(half, 2*t.N+1))
	if err != nil {
		return fmt.Errorf("hash tile: %w", err)
	}
	b.full = append(b.full, TileData{Tile{Level: level, N: t.N, Width: TileWidth}, b.levels[level]})
	b.levels[level] = nil
	return b.addHash(level+1, t.N, tlog.NodeHash(left, right))
}

// TakeFull returns the tiles and bundles that were completed since the last call.
func (b *Builder) TakeFull() []TileData {
	full := b.full
	b.full = nil
	return full
}

// Partial returns the partial tiles and bundle of the tree as it is now.
func (b *Builder) Partial() []TileData {
	var out []TileData
	for _, t := range rightEdge(b.size) {
		data := b.bundle
		if t.Level != EntriesLevel {
			data = b.levels[t.Level]
		}
		out = append(out, TileData{t, bytes.Clone(data)})
	}
	return out
}

// Root is the root of the tree as it is now.
func (b *Builder) Root() (Hash, error) {
	if b.size == 0 {
		return EmptyRoot(), nil
	}
	root, err := tlog.TreeHash(b.size, tlog.HashReaderFunc(b.readEdge))
	if err != nil {
		return Hash{}, fmt.Errorf("compute root: %w", err)
	}
	return root, nil
}

// readEdge returns hashes of subtrees at the right edge. All that a root needs lies in partial tiles.
func (b *Builder) readEdge(indexes []int64) ([]Hash, error) {
	hashes := make([]Hash, len(indexes))
	for i, index := range indexes {
		t := tlog.TileForIndex(TileHeight, index)
		if t.L >= len(b.levels) {
			return nil, errors.New("hash is not at the right edge")
		}
		data := b.levels[t.L]
		t.W = len(data) / len(Hash{})
		h, err := tlog.HashFromTile(t, data, index)
		if err != nil {
			return nil, err
		}
		hashes[i] = h
	}
	return hashes, nil
}

// ErrRoot means that a tree does not begin with the tree that was vouched for before.
var ErrRoot = errors.New("the tree has another root than was vouched for")

// AuditError says which tile or entry is the first that does not fit the rest.
type AuditError struct {
	Tile  Tile
	Entry int64 // index of the first bad entry, or -1 where the fault is of the tile as a whole
	What  string
}

// Error names the place and what is wrong with it, never the content.
func (e *AuditError) Error() string {
	if e.Entry >= 0 {
		return fmt.Sprintf("entry %d (%s): %s", e.Entry, e.Tile.Path(), e.What)
	}
	return fmt.Sprintf("%s: %s", e.Tile.Path(), e.What)
}

// Audit recomputes a tree from its entries: it reads every bundle from the one that holds entry older.Size on, checks
// that each entry passes check (nil: any bytes do), that every tile of every level is what the entries give, that the
// tree begins with older, and returns the root at size. Memory does not grow with the tree. Faults of the log are
// *AuditError; other errors mean that it could not be read.
func Audit(older Checkpoint, size int64, read ReadTiles, check func(entry []byte) error) (Hash, error) {
	b, err := NewBuilder(older.Size, read)
	if err != nil {
		return Hash{}, err
	}
	if root, err := b.Root(); err != nil || root != older.Root {
		return Hash{}, fmt.Errorf("%w at size %d", ErrRoot, older.Size)
	}
	for b.size < size {
		if err := auditBundle(b, size, read, check); err != nil {
			return Hash{}, err
		}
	}
	if err := compareTiles(b.Partial(), read); err != nil {
		return Hash{}, err
	}
	return b.Root()
}

// auditBundle adds the entries of the next bundle that the builder has not yet, and compares the tiles that they
// complete.
func auditBundle(b *Builder, size int64, read ReadTiles, check func([]byte) error) error {
	n := b.size / TileWidth
	t := Tile{Level: EntriesLevel, N: n, Width: int(min(TileWidth, size-n*TileWidth))}
	leaves := Tile{Level: 0, N: n, Width: t.Width}
	data, err := read([]Tile{t, leaves})
	if err != nil {
		return err
	}
	if len(data) != 2 {
		return errors.New("read tiles: not as many as asked for")
	}
	entries, err := ParseBundle(data[0], t.Width)
	if err != nil {
		return &AuditError{t, -1, err.Error()}
	}
	if len(data[1]) != t.Width*len(Hash{}) {
		return &AuditError{leaves, -1, "length is not that of its hashes"}
	}
	if err := auditEntries(b, t, entries, data[1], check); err != nil {
		return err
	}
	var above []TileData // levels -1 and 0 were just read
	for _, full := range b.TakeFull() {
		if full.Level > 0 {
			above = append(above, full)
			continue
		}
		stored := data[0]
		if full.Level == 0 {
			stored = data[1]
		}
		if !bytes.Equal(full.Data, stored) {
			return &AuditError{full.Tile, -1, "tile does not begin with what it held before"}
		}
	}
	return compareTiles(above, read)
}

// auditEntries adds those entries of the bundle t that the builder has not yet, each checked and held against the hash
// that the tree has for it.
func auditEntries(b *Builder, t Tile, entries [][]byte, hashes []byte, check func([]byte) error) error {
	for i := int(b.size % TileWidth); i < t.Width; i++ {
		if check != nil {
			if err := check(entries[i]); err != nil {
				return &AuditError{t, b.size, err.Error()}
			}
		}
		h := LeafHash(entries[i])
		if !bytes.Equal(h[:], hashes[i*len(h):(i+1)*len(h)]) {
			return &AuditError{t, b.size, "entry does not have the hash that the tree has for it"}
		}
		if err := b.Add(entries[i]); err != nil {
			return err
		}
	}
	return nil
}

// compareTiles wants the stored tiles to be the ones that the entries make.
func compareTiles(want []TileData, read ReadTiles) error {
	if len(want) == 0 {
		return nil
	}
	tiles := make([]Tile, len(want))
	for i := range want {
		tiles[i] = want[i].Tile
	}
	got, err := read(tiles)
	if err != nil {
		return err
	}
	if len(got) != len(want) {
		return errors.New("read tiles: not as many as asked for")
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i].Data) {
			return &AuditError{want[i].Tile, -1, "tile is not what the entries give"}
		}
	}
	return nil
}
