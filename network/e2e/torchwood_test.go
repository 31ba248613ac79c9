package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// TestTorchwoodReadsPublicLogs reads every log with another foreign client, which verifies each tile and entry against
// the signed root.
func TestTorchwoodReadsPublicLogs(t *testing.T) {
	fill(t)
	for _, org := range under.Orgs() {
		t.Run(string(org), func(t *testing.T) {
			ctx := within(t, time.Minute)
			reader, tree := torchwoodLog(t, ctx, ownLog(t, ctx, org).Base, ownLog(t, ctx, org).Key)
			n, err := readAll(ctx, t, reader, tree)
			if err != nil || n != tree.N {
				t.Fatalf("read %d of %d entries: %v", n, tree.N, err)
			}
		})
	}
}

// TestTorchwoodRefusesTamperedEntry changes one byte of one entry on the way.
func TestTorchwoodRefusesTamperedEntry(t *testing.T) {
	fill(t)
	ctx := within(t, time.Minute)
	l := ownLog(t, ctx, donghu)
	reader, tree := torchwoodLog(t, ctx, l.Base, l.Key)
	n, err := readAll(ctx, t, tamperedTiles{reader}, tree)
	if err == nil {
		t.Fatalf("a changed byte was not seen in %d entries", n)
	}
}

func torchwoodLog(t *testing.T, ctx context.Context, base, key string) (torchwood.TileReader, tlog.Tree) {
	t.Helper()
	fetcher, err := torchwood.NewTileFetcher(base)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := fetcher.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		t.Fatal(err)
	}
	checkpoint, err := torchwood.ParseCheckpoint(opened.Text)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(checkpoint.Origin, "/log") {
		t.Errorf("origin is %q", checkpoint.Origin)
	}
	return fetcher, checkpoint.Tree
}

func readAll(ctx context.Context, t *testing.T, reader torchwood.TileReader, tree tlog.Tree) (int64, error) {
	t.Helper()
	client, err := torchwood.NewClient(reader)
	if err != nil {
		t.Fatal(err)
	}
	n := int64(0)
	for range client.AllEntries(ctx, tree, 0) {
		n++
	}
	return n, client.Err()
}

// tamperedTiles changes one byte of the first entry bundle.
type tamperedTiles struct{ torchwood.TileReader }

func (r tamperedTiles) ReadTiles(ctx context.Context, tiles []tlog.Tile) ([][]byte, error) {
	data, err := r.TileReader.ReadTiles(ctx, tiles)
	for i, t := range tiles {
		if err == nil && t.L == -1 && t.N == 0 {
			data[i] = flip(data[i])
		}
	}
	return data, err
}
