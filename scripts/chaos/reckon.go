package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
	"yilian.example/scripts/journey"
)

// lost reads acknowledged records back and names those that are missing or changed.
func (t *trial) lost(ctx context.Context, acks []acknowledged) (map[int]bool, error) {
	client, err := t.consortium.As(member, consortium.RoleSystem, "")
	if err != nil {
		return nil, err
	}
	missing := map[int]bool{}
	var failure error
	var mu sync.Mutex // guards missing and failure
	var wg sync.WaitGroup
	work := make(chan int)
	for range t.clients {
		wg.Go(func() {
			for i := range work {
				ok, err := intact(ctx, client, acks[i])
				mu.Lock()
				if !ok {
					missing[i] = true
				}
				if err != nil {
					failure = err
				}
				mu.Unlock()
			}
		})
	}
	for i := range acks {
		work <- i
	}
	close(work)
	wg.Wait()
	return missing, failure
}

// intact reports whether a record is there as it was acknowledged. A gateway that does not answer for a moment is asked
// again.
func intact(ctx context.Context, client *journey.Client, a acknowledged) (bool, error) {
	var err error
	for range 20 {
		var content []byte
		content, err = client.ReadVersion(ctx, a.Stored)
		if err == nil {
			return sha256.Sum256(bytes.TrimSpace(content)) == a.sum, nil
		}
		var refused *journey.Refused
		if errors.As(err, &refused) && refused.Status < 500 {
			return false, nil
		}
		if waitErr := wait(ctx, 250*time.Millisecond); waitErr != nil {
			break
		}
	}
	return false, fmt.Errorf("read back: %w", err)
}

// reckon counts at the end, over all: every acknowledged record reads as it was, its log entry has a place below the
// published size, and the log recomputes from nothing with at least as many record entries as were acknowledged.
func (t *trial) reckon(ctx context.Context, l *load, public *journey.PublicLog) (map[int]bool, error) {
	client, err := t.consortium.As(member, consortium.RoleSystem, "")
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithTimeout(ctx, t.patience)
	defer cancel()
	if _, err := client.WaitWitnessed(waiting); err != nil {
		return nil, err
	}
	acks := l.taken()
	lost, err := t.lost(ctx, acks)
	if err != nil {
		return lost, err
	}
	records := 0
	checkpoint, err := public.Audit(ctx, tlog.Checkpoint{}, func(leaf tlog.Leaf) {
		if leaf.Kind == "record" {
			records++
		}
	})
	if err != nil {
		return lost, err
	}
	if records < len(acks) {
		return lost, fmt.Errorf("the log holds %d record entries, %d records were acknowledged", records, len(acks))
	}
	return lost, t.unlogged(ctx, acks, checkpoint.Size, lost)
}

// unlogged adds to lost the acknowledged records whose log entry has no place below size. The place is looked up in the
// database: for strangers it stands in evidence files, of which thousands would take longer than the trial.
func (t *trial) unlogged(ctx context.Context, acks []acknowledged, size int64, lost map[int]bool) error {
	url, err := t.consortium.DatabaseURL(member)
	if err != nil {
		return err
	}
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		return errors.New("open database: no connection") // the driver's text may hold the password
	}
	defer db.Close(context.WithoutCancel(ctx)) //nolint:errcheck // only read from
	rows, err := db.Query(
		ctx,
		`SELECT v.type, v.id, l.idx FROM record_versions v JOIN log_places l ON l.org = v.org AND l.id = v.entry_id
		WHERE v.org = $1 AND v.version = 1 AND l.idx < $2`,
		string(member),
		size,
	)
	if err != nil {
		return fmt.Errorf("look up places in the log: %w", err)
	}
	logged := map[journey.Stored]int64{}
	places := map[int64]bool{}
	var s journey.Stored
	var place int64
	_, err = pgx.ForEachRow(rows, []any{&s.Type, &s.ID, &place}, func() error {
		s.Version = "1"
		logged[s] = place
		if places[place] {
			return fmt.Errorf("two entries have place %d", place)
		}
		places[place] = true
		return nil
	})
	if err != nil {
		return fmt.Errorf("look up places in the log: %w", err)
	}
	for i, a := range acks {
		if _, ok := logged[a.Stored]; !ok {
			lost[i] = true
		}
	}
	return nil
}
