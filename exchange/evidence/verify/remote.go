package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"yilian.example/exchange/tlog"
)

// Bounds on what a log may answer, so that a hostile one cannot fill memory.
const (
	maxSmall       = 64 << 10
	maxAttestation = 1 << 20
	maxTile        = tlog.TileWidth * 32
	maxBundle      = tlog.TileWidth * (2 + tlog.MaxLeaf)
	getTimeout     = 30 * time.Second
)

// remoteLog reads a log over HTTP (C2SP tlog-tiles).
type remoteLog struct {
	base   string
	client *http.Client
}

// tiles implements tlog.ReadTiles. Where a partial tile is gone, its full version serves (C2SP tlog-tiles, partial
// tiles).
func (l remoteLog) tiles(ctx context.Context, tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		limit := int64(maxTile)
		if t.Level == tlog.EntriesLevel {
			limit = maxBundle
		}
		data, err := l.get(ctx, t.Path(), limit)
		if errors.Is(err, errNotFound) && t.Width < tlog.TileWidth {
			full := t
			full.Width = tlog.TileWidth
			if wide, fullErr := l.get(ctx, full.Path(), limit); fullErr == nil {
				data, err = t.Cut(wide)
			}
		}
		if errors.Is(err, errNotFound) {
			return nil, &tlog.AuditError{Tile: t, Entry: -1, What: "the log does not have it"}
		}
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

var errNotFound = errors.New("not found")

func (l remoteLog) get(ctx context.Context, path string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+"/"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", path, err)
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", path, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("fetch %s: %w", path, errNotFound)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch %s: the log answers %s", path, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", path, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("fetch %s: the answer is larger than the format allows", path)
	}
	return data, nil
}
