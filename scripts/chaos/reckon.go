package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
	"yilian.example/scripts/journey"
)

// lost reads acknowledged records back and counts those that are missing or changed.
func (t *trial) lost(ctx context.Context, acks []acknowledged) (int, error) {
	client, err := t.consortium.As(member, consortium.RoleSystem, "")
	if err != nil {
		return 0, err
	}
	var lost atomic.Int64
	work := make(chan acknowledged)
	errs := make(chan error, t.clients)
	var wg sync.WaitGroup
	for range t.clients {
		wg.Go(func() {
			for a := range work {
				ok, err := intact(ctx, client, a)
				if err != nil {
					select {
					case errs <- err:
					default:
					}
				}
				if !ok {
					lost.Add(1)
				}
			}
		})
	}
	for _, a := range acks {
		work <- a
	}
	close(work)
	wg.Wait()
	select {
	case err := <-errs:
		return int(lost.Load()), err
	default:
		return int(lost.Load()), nil
	}
}

// intact reports whether a record is there as it was acknowledged. A gateway that does not answer for a moment is asked again.
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

// reckon counts at the end, over all: every acknowledged record reads as it was, its log entry has a place below the published size, and the log
// recomputes from nothing with at least as many record entries as were acknowledged.
func (t *trial) reckon(ctx context.Context, l *load, public *journey.PublicLog) (int, error) {
	client, err := t.consortium.As(member, consortium.RoleSystem, "")
	if err != nil {
		return 0, err
	}
	waiting, cancel := context.WithTimeout(ctx, t.patience)
	defer cancel()
	if _, err := client.WaitWitnessed(waiting); err != nil {
		return 0, err
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
	absent, err := t.unlogged(ctx, acks, checkpoint.Size)
	if err == nil && absent > 0 {
		err = fmt.Errorf("%d acknowledged records have no place in the published log", absent)
	}
	return lost + absent, err
}

// unlogged counts acknowledged records whose log entry has no place below size. The place is looked up in the database: for strangers it stands in
// evidence files, of which thousands would take longer than the trial.
func (t *trial) unlogged(ctx context.Context, acks []acknowledged, size int64) (int, error) {
	url, err := t.consortium.DatabaseURL()
	if err != nil {
		return 0, err
	}
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, errors.New("open database: no connection") // the driver's text may hold the password
	}
	defer db.Close(context.WithoutCancel(ctx)) //nolint:errcheck // only read from
	rows, err := db.Query(ctx, `SELECT v.type, v.id, l.idx FROM record_versions v JOIN log_entries l ON l.org = v.org AND l.id = v.entry_id
		WHERE v.org = $1 AND v.version = 1 AND l.idx IS NOT NULL AND l.idx < $2`, string(member), size)
	if err != nil {
		return 0, fmt.Errorf("look up places in the log: %w", err)
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
		return 0, fmt.Errorf("look up places in the log: %w", err)
	}
	absent := 0
	for _, a := range acks {
		if _, ok := logged[a.Stored]; !ok {
			absent++
		}
	}
	return absent, nil
}
