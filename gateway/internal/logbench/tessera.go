package logbench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"

	"yilian.example/exchange/tlog"
)

// RunTessera puts the same entries through Tessera's POSIX driver in a new folder under dir: batches as large and
// checkpoints as often as ours. It has no database, no writers' transactions and no witness, so it is what a log alone
// can do on this machine.
func RunTessera(ctx context.Context, dir string, entries int) (Figures, error) {
	path, err := os.MkdirTemp(dir, "tessera-")
	if err != nil {
		return Figures{}, fmt.Errorf("make folder: %w", err)
	}
	defer os.RemoveAll(path)
	const origin = "tessera.example/log"
	skey, vkey, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		return Figures{}, err
	}
	signer, err := tlog.NewSigner(skey)
	if err != nil {
		return Figures{}, err
	}
	driver, err := posix.New(ctx, posix.Config{Path: path})
	if err != nil {
		return Figures{}, fmt.Errorf("open Tessera's driver: %w", err)
	}
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(4096, 200*time.Millisecond).
		WithCheckpointInterval(200*time.Millisecond).
		WithPushback(uint(2*inFlight)))
	if err != nil {
		return Figures{}, fmt.Errorf("start Tessera: %w", err)
	}
	f := Figures{Entries: entries, Bytes: int64(entries * len(leaf(0)))}
	begin := time.Now()
	if err := addAll(ctx, appender, entries); err != nil {
		return Figures{}, err
	}
	f.Written = time.Since(begin)
	for {
		size, err := publishedSize(ctx, reader, vkey)
		if err != nil {
			return Figures{}, err
		}
		if size >= int64(entries) {
			f.Published = time.Since(begin)
			return f, shutdown(ctx)
		}
		select {
		case <-ctx.Done():
			return Figures{}, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// publishedSize returns the size of Tessera's newest checkpoint, 0 before the first.
func publishedSize(ctx context.Context, reader tessera.LogReader, vkey string) (int64, error) {
	signed, err := reader.ReadCheckpoint(ctx)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read Tessera's checkpoint: %w", err)
	}
	c, err := tlog.OpenCheckpoint(signed, vkey)
	return c.Size, err
}

// inFlight is how many entries are with Tessera at a time: two batches.
const inFlight = 8192

// addAll adds all entries and waits until each has its index.
func addAll(ctx context.Context, appender *tessera.Appender, entries int) error {
	slots := make(chan struct{}, inFlight)
	failed := make(chan error, 1)
	var adding sync.WaitGroup
	for i := range entries {
		slots <- struct{}{}
		future := appender.Add(ctx, tessera.NewEntry(leaf(i)))
		adding.Go(func() {
			defer func() { <-slots }()
			if _, err := future(); err != nil {
				select {
				case failed <- err:
				default:
				}
			}
		})
	}
	adding.Wait()
	select {
	case err := <-failed:
		return fmt.Errorf("add to Tessera: %w", err)
	default:
		return nil
	}
}
