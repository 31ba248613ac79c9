package tlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The shape of tiles, fixed by C2SP tlog-tiles.
const (
	TileHeight = 8
	TileWidth  = 1 << TileHeight
	// EntriesLevel stands for the level of entry bundles, which have the same indexes and widths as the tiles of level 0.
	EntriesLevel = -1
)

// Tile names one tile or (Level EntriesLevel) one entry bundle. Width is TileWidth for a full one, 1 to 255 for a
// partial one.
type Tile struct {
	Level int
	N     int64
	Width int
}

// Path is the tile's path under the log's prefix: "tile/<L>/<N>[.p/<W>]" or "tile/entries/<N>[.p/<W>]", where N is
// written in groups of three digits: x001/x234/067.
func (t Tile) Path() string {
	path := tlog.Tile{H: TileHeight, L: t.Level, N: t.N, W: t.Width}.Path()
	path = strings.TrimPrefix(path, "tile/8/")
	if rest, ok := strings.CutPrefix(path, "data/"); ok {
		return "tile/entries/" + rest
	}
	return "tile/" + path
}

// ParseTile reads a path as Path gives it, and nothing else.
func ParseTile(path string) (Tile, error) {
	rest, ok := strings.CutPrefix(path, "tile/")
	if !ok {
		return Tile{}, errors.New("path of a tile begins with tile/")
	}
	if data, ok := strings.CutPrefix(rest, "entries/"); ok {
		rest = "data/" + data
	}
	t, err := tlog.ParseTilePath("tile/8/" + rest)
	if err != nil {
		return Tile{}, errors.New("path is not that of a tile")
	}
	tile := Tile{Level: t.L, N: t.N, Width: t.W}
	if tile.Path() != path {
		return Tile{}, errors.New("path is not in its one form")
	}
	return tile, nil
}

// Covers reports whether a tree of the given size contains all that the tile holds, whatever size the tile was made
// for: a tree has its own partial tiles at the right edge, and can give the narrower ones of the trees that it began
// as.
func (t Tile) Covers(size int64) bool {
	level := max(t.Level, 0)
	if t.N < 0 || t.Width < 1 || t.Width > TileWidth || TileHeight*level > 62 {
		return false
	}
	hashes := size >> (TileHeight * level)
	return t.N <= hashes/TileWidth && t.N*TileWidth+int64(t.Width) <= hashes
}

// AppendEntry appends one entry to a bundle: a big-endian uint16 length and the bytes.
func AppendEntry(bundle, entry []byte) ([]byte, error) {
	if len(entry) > 1<<16-1 {
		return nil, fmt.Errorf("entry of %d bytes does not fit a bundle", len(entry))
	}
	return append(binary.BigEndian.AppendUint16(bundle, uint16(len(entry))), entry...), nil
}

// ParseBundle splits a bundle of exactly width entries. The entries share data's memory.
func ParseBundle(data []byte, width int) ([][]byte, error) {
	if width < 1 || width > TileWidth {
		return nil, fmt.Errorf("a bundle has 1 to %d entries, not %d", TileWidth, width)
	}
	entries := make([][]byte, 0, width)
	for len(data) > 0 {
		if len(data) < 2 {
			return nil, errors.New("bundle ends within a length")
		}
		n := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+n {
			return nil, errors.New("bundle ends within an entry")
		}
		if len(entries) == width {
			return nil, errors.New("bundle has more entries than its width")
		}
		entries = append(entries, data[2:2+n:2+n])
		data = data[2+n:]
	}
	if len(entries) != width {
		return nil, fmt.Errorf("bundle has %d entries, its width is %d", len(entries), width)
	}
	return entries, nil
}

// Cut returns the tile's content out of data, the content of a wider version of the same tile: its first hashes, or
// first entries.
func (t Tile) Cut(data []byte) ([]byte, error) {
	end := 0
	for range t.Width {
		size := len(Hash{})
		if t.Level == EntriesLevel {
			if len(data) < end+2 {
				return nil, errors.New("cut bundle: it has fewer entries")
			}
			size = 2 + int(binary.BigEndian.Uint16(data[end:]))
		}
		end += size
		if len(data) < end {
			return nil, errors.New("cut tile: it is not that wide")
		}
	}
	return data[:end:end], nil
}
