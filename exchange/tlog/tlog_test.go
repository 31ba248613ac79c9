package tlog_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yilian.example/exchange/tlog"
)

func TestLeaf(t *testing.T) {
	var salt [32]byte
	c := tlog.Commit(tlog.KindRecord, salt, []byte(`{"v":1}`))
	got := string(tlog.NewLeaf(tlog.KindRecord, time.Date(2026, 11, 21, 20, 59, 59, 999, time.UTC), c))
	want := `{"commitment":"` + c.String() + `","kind":"record","time":"2026-11-21T20:00:00Z","v":1}`
	if got != want {
		t.Fatalf("NewLeaf = %s, want %s", got, want)
	}
	canonical, err := tlog.Canonical(json.RawMessage(got))
	if err != nil || string(canonical) != got {
		t.Errorf("a leaf is not its own canonical form: %s, %v", canonical, err)
	}
}

func TestCommitSeparates(t *testing.T) {
	var salt, other [32]byte
	other[31] = 1
	base := tlog.Commit("record", salt, []byte("a"))
	for name, c := range map[string]tlog.Hash{
		"kind":      tlog.Commit("access", salt, []byte("a")),
		"salt":      tlog.Commit("record", other, []byte("a")),
		"statement": tlog.Commit("record", salt, []byte("b")),
	} {
		if c == base {
			t.Errorf("commitment does not depend on %s", name)
		}
	}
}

func TestLeafRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := tlog.Leaf{
			Kind:       rapid.StringMatching(`[a-z-]{1,32}`).Draw(t, "kind"),
			Time:       time.Unix(rapid.Int64Range(0, 1<<36).Draw(t, "time"), 0).UTC().Truncate(time.Hour),
			Commitment: tlog.Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "commitment")),
		}
		got, err := tlog.ParseLeaf(l.Bytes())
		if err != nil || got != l {
			t.Fatalf("ParseLeaf(%s) = %+v, %v", l.Bytes(), got, err)
		}
	})
}

func TestParseLeafRefuses(t *testing.T) {
	good := string(tlog.NewLeaf("record", time.Unix(0, 0), tlog.Hash{}))
	for name, s := range map[string]string{
		"empty":          "",
		"not JSON":       good[1:],
		"space":          good + " ",
		"other order":    `{"v":1,` + good[1:len(good)-7] + `}`,
		"version":        good[:len(good)-2] + "2}",
		"unknown member": good[:len(good)-1] + `,"x":1}`,
		"repeated":       `{"kind":"access",` + good[1:],
		"minutes":        string(bytes.Replace([]byte(good), []byte("00:00Z"), []byte("30:00Z"), 1)),
		"upper-case":     string(bytes.Replace([]byte(good), []byte(`"record"`), []byte(`"Record"`), 1)),
		"empty kind":     string(tlog.NewLeaf("", time.Unix(0, 0), tlog.Hash{})),
		"line in kind":   string(tlog.NewLeaf("a\nb", time.Unix(0, 0), tlog.Hash{})),
		"short":          string(bytes.Replace([]byte(good), []byte("AAAA"), nil, 1)),
	} {
		if s == good {
			t.Fatalf("case %s is the good leaf", name)
		}
		if _, err := tlog.ParseLeaf([]byte(s)); err == nil {
			t.Errorf("%s: accepted %q", name, s)
		}
	}
}

func FuzzParseLeaf(f *testing.F) {
	f.Add(tlog.NewLeaf("record", time.Unix(0, 0), tlog.Hash{}))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := tlog.ParseLeaf(data)
		if err == nil && !bytes.Equal(l.Bytes(), data) {
			t.Fatalf("accepted %q, which is not the form of %+v", data, l)
		}
	})
}

func TestTilePath(t *testing.T) {
	for path, tile := range map[string]tlog.Tile{
		"tile/0/000":                  {Level: 0, N: 0, Width: 256},
		"tile/0/x001/x234/067":        {Level: 0, N: 1234067, Width: 256},
		"tile/1/x001/234.p/17":        {Level: 1, N: 1234, Width: 17},
		"tile/entries/000.p/1":        {Level: tlog.EntriesLevel, N: 0, Width: 1},
		"tile/entries/x999/999":       {Level: tlog.EntriesLevel, N: 999999, Width: 256},
		"tile/entries/x001/x000/000":  {Level: tlog.EntriesLevel, N: 1000000, Width: 256},
		"tile/entries/x001/000.p/255": {Level: tlog.EntriesLevel, N: 1000, Width: 255},
	} {
		if got := tile.Path(); got != path {
			t.Errorf("%+v.Path() = %s, want %s", tile, got, path)
		}
		if got, err := tlog.ParseTile(path); err != nil || got != tile {
			t.Errorf("ParseTile(%s) = %+v, %v", path, got, err)
		}
	}
	for _, path := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/0", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/00/000",
		"tile/0/x000/001", "tile/data/000", "tile/8/0/000/000", "tile/entries/-01", "/tile/0/000", "tile/0/000/",
		"tile/+1/000", "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
	} {
		if got, err := tlog.ParseTile(path); err == nil {
			t.Errorf("ParseTile(%q) = %+v", path, got)
		}
	}
}

func FuzzParseTile(f *testing.F) {
	f.Add("tile/0/x001/x234/067")
	f.Add("tile/entries/x001/000.p/255")
	f.Fuzz(func(t *testing.T, path string) {
		if tile, err := tlog.ParseTile(path); err == nil && tile.Path() != path {
			t.Fatalf("%q and %q are the same tile", path, tile.Path())
		}
	})
}

// in reports whether a tree of the given size has the tile: a full tile where it is complete, a partial one of exactly
// the width that the tree's right edge has there. Published trees of other sizes have other partial tiles.
func in(t tlog.Tile, size int64) bool {
	level := max(t.Level, 0)
	if t.N < 0 || t.Width < 1 || t.Width > tlog.TileWidth || tlog.TileHeight*level > 62 {
		return false
	}
	hashes := size >> (tlog.TileHeight * level) // complete hashes at this level
	full := hashes / tlog.TileWidth
	return t.N < full && t.Width == tlog.TileWidth || t.N == full && int64(t.Width) == hashes%tlog.TileWidth
}

// tilesOf lists the tiles and bundles of a tree of newSize that a tree of oldSize does not have, lowest level first,
// bundles before all. With oldSize 0 it lists all tiles.
func tilesOf(oldSize, newSize int64) []tlog.Tile {
	var tiles []tlog.Tile
	for level := tlog.EntriesLevel; ; level++ {
		shift := tlog.TileHeight * max(level, 0)
		if shift > 62 || newSize>>shift == 0 {
			return tiles
		}
		from, to := oldSize>>shift, newSize>>shift
		if from == to {
			continue
		}
		for n := from / tlog.TileWidth; n*tlog.TileWidth < to; n++ {
			tiles = append(tiles, tlog.Tile{Level: level, N: n, Width: int(min(tlog.TileWidth, to-n*tlog.TileWidth))})
		}
	}
}

// C2SP's own example: a tree of 70,000 has 273 full level 0 tiles and a partial one of 112, one full level 1 tile and a
// partial one of 17, one partial level 2 tile of 1; and a tree of 256 has a full level 0 and a partial level 1 tile of
// 1.
func TestTilesOf(t *testing.T) {
	count := func(size int64) map[tlog.Tile]int {
		m := map[tlog.Tile]int{}
		for _, tile := range tilesOf(0, size) {
			m[tlog.Tile{Level: tile.Level, Width: tile.Width}]++
			if !in(tile, size) || !tile.Covers(size) {
				t.Errorf("tree of %d does not know its tile %+v", size, tile)
			}
		}
		return m
	}
	for size, want := range map[int64]map[tlog.Tile]int{
		70000: {
			{Level: -1, Width: 256}: 273, {Level: -1, Width: 112}: 1,
			{Level: 0, Width: 256}: 273, {Level: 0, Width: 112}: 1,
			{Level: 1, Width: 256}: 1, {Level: 1, Width: 17}: 1,
			{Level: 2, Width: 1}: 1,
		},
		256: {{Level: -1, Width: 256}: 1, {Level: 0, Width: 256}: 1, {Level: 1, Width: 1}: 1},
		0:   {},
	} {
		got := count(size)
		for k, n := range want {
			if got[k] != n {
				t.Errorf("size %d: %d tiles like %+v, want %d", size, got[k], k, n)
			}
		}
		if len(got) != len(want) {
			t.Errorf("size %d: %v, want %v", size, got, want)
		}
	}
}

// Growing in steps writes exactly the tiles that each step's tree has and the last one had not.
func TestTilesOfGrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		older := rapid.Int64Range(0, 200000).Draw(t, "older")
		newer := older + rapid.Int64Range(0, 2000).Draw(t, "added")
		want := map[tlog.Tile]bool{}
		for _, tile := range tilesOf(0, newer) {
			if !in(tile, older) {
				want[tile] = true
			}
		}
		got := tilesOf(older, newer)
		for _, tile := range got {
			if !want[tile] {
				t.Fatalf("%d to %d: %+v was there or is not needed", older, newer, tile)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%d to %d: %d tiles, want %d", older, newer, len(got), len(want))
		}
	})
}

func TestBundleRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 200), 1, tlog.TileWidth).Draw(t, "entries")
		var bundle []byte
		for _, e := range entries {
			var err error
			if bundle, err = tlog.AppendEntry(bundle, e); err != nil {
				t.Fatal(err)
			}
		}
		got, err := tlog.ParseBundle(bundle, len(entries))
		if err != nil {
			t.Fatal(err)
		}
		for i := range entries {
			if !bytes.Equal(got[i], entries[i]) {
				t.Fatalf("entry %d is %x, want %x", i, got[i], entries[i])
			}
		}
		if _, err := tlog.ParseBundle(bundle[:len(bundle)-1], len(entries)); err == nil {
			t.Fatal("a cut bundle is accepted")
		}
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add([]byte("\x00\x01a\x00\x00"), 2)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		entries, err := tlog.ParseBundle(data, width)
		if err != nil {
			return
		}
		var again []byte
		for _, e := range entries {
			if again, err = tlog.AppendEntry(again, e); err != nil {
				t.Fatal(err)
			}
		}
		if len(entries) != width || !bytes.Equal(again, data) {
			t.Fatalf("%x with width %d is not the bundle of its entries", data, width)
		}
	})
}
