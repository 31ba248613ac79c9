package cockroach

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/tlog"
)

// tree is the stored log of one organisation under the audit's snapshot.
type tree struct {
	s      *sweep
	ctx    context.Context // of the pass that this value lives in
	head   tlog.Checkpoint
	failed error // what kept tiles from being read, as opposed to what was read

	from   int64 // index of the first of hashes
	hashes [][]byte
}

// log recomputes the tree from its entries and compares it with its head, with what is published, and with the places
// of the entries. The first pass does so for the whole; the others for what is new, on top of the tree that was
// recomputed before, and for some old bundles in turn.
func (s *sweep) log(ctx context.Context) error {
	h, published, err := s.logHead(ctx)
	if err != nil {
		return fmt.Errorf("log: %w", err)
	}
	t := &tree{s: s, ctx: ctx, head: h}
	check := func() error { return t.published(published) }
	for _, step := range []func() error{t.shape, t.count, t.grow, check, t.again} {
		if err := step(); err != nil {
			return fmt.Errorf("log: %w", err)
		}
	}
	return nil
}

// logHead returns the head as it stands; whether it is bound is checked as of every row.
func (s *sweep) logHead(ctx context.Context) (tlog.Checkpoint, []byte, error) {
	var h logHead
	var tag []byte
	err := s.tx.QueryRow(ctx, queryLogHead.text, s.org).Scan(
		&h.size, &h.root, &h.published, &h.publishedSize, &h.witnessed, &h.since, &tag,
	)
	if errors.Is(err, pgx.ErrNoRows) {
		return tlog.Checkpoint{Root: tlog.EmptyRoot()}, nil, nil
	}
	if err != nil {
		return tlog.Checkpoint{}, nil, err
	}
	c := tlog.Checkpoint{Size: h.size}
	if len(h.root) != len(c.Root) || h.size < 0 {
		s.alarm("log_heads", s.org, CodeTreeAltered)
		return tlog.Checkpoint{Root: tlog.EmptyRoot()}, nil, nil
	}
	c.Root = tlog.Hash(h.root)
	return c, h.published, nil
}

var queryTileShapes = sql("audit shapes of tiles", `
	SELECT org, level, n, width, octet_length(data) FROM log_tiles`)

// shape wants the tiles to be those of a tree of that size, all and none other.
func (t *tree) shape() error {
	rows, err := t.s.tx.Query(t.ctx, queryTileShapes.text)
	if err != nil {
		return err
	}
	left := tilesOf(t.head.Size)
	var org string
	var level, n, width, length int64
	_, err = pgx.ForEachRow(rows, []any{&org, &level, &n, &width, &length}, func() error {
		want := widthOf(t.head.Size, level, n)
		if org != t.s.org || width != want || level >= 0 && length != width*int64(len(tlog.Hash{})) {
			t.s.alarm("log_tiles", strconv.FormatInt(level, 10)+"/"+strconv.FormatInt(n, 10), CodeTreeAltered)
			return nil
		}
		left[level]--
		return nil
	})
	if err != nil {
		return err
	}
	for level, missing := range left {
		if missing != 0 {
			t.s.alarm("log_tiles", "level "+strconv.FormatInt(level, 10), CodeRowsMissing)
		}
	}
	return nil
}

// widthOf returns how wide a tile of a tree is; 0 where the tree has none there.
func widthOf(size, level, n int64) int64 {
	shift := tlog.TileHeight * max(level, 0)
	if level < tlog.EntriesLevel || shift > 62 || n < 0 || n > size {
		return 0
	}
	return min(tlog.TileWidth, max(0, size>>shift-n*tlog.TileWidth))
}

// tilesOf counts the tiles of a tree by level.
func tilesOf(size int64) map[int64]int64 {
	out := map[int64]int64{}
	for level := int64(tlog.EntriesLevel); widthOf(size, level, 0) > 0; level++ {
		hashes := size >> (tlog.TileHeight * max(level, 0))
		out[level] = (hashes + tlog.TileWidth - 1) / tlog.TileWidth
	}
	return out
}

var queryPlaceCount = sql("audit places in the log", `
	SELECT count(idx), COALESCE(min(idx), 0), COALESCE(max(idx), -1) FROM log_places WHERE org = $1`)

// count wants a place for each index of the tree.
func (t *tree) count() error {
	var n, least, most int64
	if err := t.s.tx.QueryRow(t.ctx, queryPlaceCount.text, t.s.org).Scan(&n, &least, &most); err != nil {
		return err
	}
	if n != t.head.Size || least != 0 || most != n-1 {
		t.s.alarm("log_places", "of "+t.s.org, CodeRowsMissing)
	}
	return nil
}

// grow recomputes the tree from the size that was recomputed before.
func (t *tree) grow() error {
	older, at := t.s.next.verified, t.s.next.verified.Size
	if older.Size > t.head.Size {
		t.s.alarm("log_heads", t.s.org, CodeStateOld)
		return nil
	}
	root, err := tlog.Audit(older, t.head.Size, t.read, func(entry []byte) error {
		at++
		return t.checkPlace(at-1, entry)
	})
	if t.failed != nil {
		return t.failed
	}
	if err != nil {
		t.s.alarm("log_tiles", stumbled(err), CodeTreeAltered)
		return nil
	}
	if root != t.head.Root {
		t.s.alarm("log_heads", t.s.org, CodeTreeAltered)
		return nil
	}
	t.s.next.verified = t.head
	return nil
}

// stumbled names the tile that an audit stumbled over.
func stumbled(err error) string {
	var at *tlog.AuditError
	if errors.As(err, &at) {
		return at.Tile.Path()
	}
	return "tree"
}

// published wants the published checkpoint to be of a tree that this one began as.
func (t *tree) published(note []byte) error {
	if len(note) == 0 || t.s.next.verified != t.head {
		return nil
	}
	c, err := tlog.ReadCheckpoint(note)
	if err == nil && c.Size > 0 {
		var root tlog.Hash
		if root, err = tlog.RootAt(t.head, c.Size, t.read); err == nil && root != c.Root {
			err = tlog.ErrRoot
		}
	}
	if t.failed != nil {
		return t.failed
	}
	if err != nil {
		t.s.alarm("log_heads", t.s.org, CodeTreeAltered)
	}
	return nil
}

// again opens old bundles in turn: their tile is proven to be in the tree, and their entries to be in the tile.
func (t *tree) again() error {
	bundles := (t.head.Size + tlog.TileWidth - 1) / tlog.TileWidth
	if t.s.whole || bundles == 0 || t.s.next.verified != t.head {
		return nil
	}
	for range min(maxSweptTiles, bundles) {
		n := t.s.next.bundle % bundles
		t.s.next.bundle = n + 1
		err := t.bundle(n)
		if t.failed != nil {
			return t.failed
		}
		if err != nil {
			t.s.alarm("log_tiles", tlog.Tile{Level: tlog.EntriesLevel, N: n, Width: tlog.TileWidth}.Path(), CodeTreeAltered)
		}
	}
	return nil
}

func (t *tree) bundle(n int64) error {
	first := n * tlog.TileWidth
	if _, err := tlog.ProveInclusion(t.head, first, t.read); err != nil {
		return err
	}
	width := int(min(tlog.TileWidth, t.head.Size-first))
	data, err := t.read([]tlog.Tile{{Level: tlog.EntriesLevel, N: n, Width: width}, {Level: 0, N: n, Width: width}})
	if err != nil {
		return err
	}
	entries, err := tlog.ParseBundle(data[0], width)
	if err != nil {
		return err
	}
	if len(data[1]) != width*len(tlog.Hash{}) {
		return errors.New("a tile is not as long as its hashes")
	}
	for i, entry := range entries {
		h := tlog.LeafHash(entry)
		if !bytes.Equal(h[:], data[1][i*len(h):(i+1)*len(h)]) {
			return errors.New("an entry does not have the hash that the tree has for it")
		}
		if err := t.checkPlace(first+int64(i), entry); err != nil {
			return err
		}
	}
	return nil
}

// checkPlace compares an entry with what its place says. That it does not fit is an alarm and no error, since the tree
// may be right. An index that has no place was counted.
func (t *tree) checkPlace(index int64, entry []byte) error {
	if index < t.from || index >= t.from+int64(len(t.hashes)) {
		if err := t.readPlaces(index); err != nil {
			t.failed = err
			return err
		}
	}
	want := t.hashes[index-t.from]
	if h := tlog.LeafHash(entry); want != nil && !bytes.Equal(h[:], want) {
		t.s.alarm("log_places", "index "+strconv.FormatInt(index, 10), CodeLeafAltered)
	}
	return nil
}

var queryPlaceRange = sql("audit a range of places", `
	SELECT idx, leaf_hash FROM log_places WHERE org = $1 AND idx >= $2 AND idx < $3`)

const placeRange = 4096

func (t *tree) readPlaces(from int64) error {
	t.from, t.hashes = from, make([][]byte, placeRange)
	rows, err := t.s.tx.Query(t.ctx, queryPlaceRange.text, t.s.org, from, from+placeRange)
	if err != nil {
		return err
	}
	var index int64
	var hash []byte
	_, err = pgx.ForEachRow(rows, []any{&index, &hash}, func() error {
		t.hashes[index-from] = bytes.Clone(hash)
		return nil
	})
	return err
}

var queryWholeTiles = sql("audit tiles", `
	SELECT t.level, t.n, t.width, t.data
	FROM unnest($2::INT8[], $3::INT8[]) AS want (level, n)
	JOIN log_tiles AS t ON t.org = $1 AND t.level = want.level AND t.n = want.n`)

// read returns tiles as they are stored, cut only where the tree has grown beyond the one that is asked for: bytes
// behind the end of a tile would be cut off unseen otherwise.
func (t *tree) read(tiles []tlog.Tile) ([][]byte, error) {
	levels, ns := make([]int64, len(tiles)), make([]int64, len(tiles))
	for i, tile := range tiles {
		levels[i], ns[i] = int64(tile.Level), tile.N
	}
	rows, err := t.s.tx.Query(t.ctx, queryWholeTiles.text, t.s.org, levels, ns)
	if err != nil {
		t.failed = err
		return nil, err
	}
	found := make(map[[2]int64][]byte, len(tiles))
	widths := make(map[[2]int64]int64, len(tiles))
	var key [2]int64
	var width int64
	var data []byte
	_, err = pgx.ForEachRow(rows, []any{&key[0], &key[1], &width, &data}, func() error {
		found[key], widths[key] = bytes.Clone(data), width
		return nil
	})
	if err != nil {
		t.failed = err
		return nil, err
	}
	out := make([][]byte, len(tiles))
	for i, tile := range tiles {
		key := [2]int64{levels[i], ns[i]}
		out[i] = found[key]
		if widths[key] == int64(tile.Width) {
			continue
		}
		if out[i], err = tile.Cut(found[key]); err != nil {
			return nil, fmt.Errorf("tile %s: %w", tile.Path(), err)
		}
	}
	return out, nil
}
