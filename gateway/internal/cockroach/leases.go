package cockroach

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/anchor"
)

var (
	lockLease = sql("look at a lease", `
		SELECT holder, epoch,
			CASE WHEN expires_at > '1970-01-01' AND expires_at < '9999-01-01' THEN expires_at ELSE '1970-01-01' END, bound, now()
		FROM leases WHERE name = $1 FOR UPDATE`)

	upsertLease = sql("write a lease", `
		INSERT INTO leases (name, holder, epoch, expires_at, bound) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO UPDATE SET
			holder = excluded.holder, epoch = excluded.epoch, expires_at = excluded.expires_at, bound = excluded.bound`)

	queryDatabaseClock = sql("the database's clock", `SELECT now(), count(name) FROM leases WHERE name = $1`)
)

// Clock returns what the database's clock says.
func (db *DB) Clock(ctx context.Context) (time.Time, error) {
	var now time.Time
	var none int64
	err := db.look(ctx, func(q querier) error { return q.QueryRow(ctx, queryDatabaseClock.text, "").Scan(&now, &none) })
	return now, err
}

// lease is a row of leases.
type lease struct {
	holder  string
	epoch   int64
	expires time.Time
}

func (l *Log) leaseName() string { return "log/" + l.org }

// readLease reads the row and the database's clock, and holds the row until the transaction ends. A lease that this
// organisation did not write is nobody's: its log must not stand still because somebody else wrote a row.
func (l *Log) readLease(ctx context.Context, tx pgx.Tx) (lease, time.Time, error) {
	var row lease
	var tag []byte
	var now time.Time
	err := tx.QueryRow(ctx, lockLease.text, l.leaseName()).Scan(&row.holder, &row.epoch, &row.expires, &tag, &now)
	if errors.Is(err, pgx.ErrNoRows) {
		var rows int64
		err = tx.QueryRow(ctx, queryDatabaseClock.text, l.leaseName()).Scan(&now, &rows)
		return lease{}, now, err
	}
	if err != nil {
		return lease{}, now, err
	}
	if !l.db.key.Check(tag, "leases", l.leaseName(), row.holder, row.epoch, row.expires) {
		_ = l.db.refuse("leases", l.leaseName(), CodeRowAltered)
		return lease{}, now, nil
	}
	return row, now, nil
}

func (l *Log) writeLease(ctx context.Context, tx pgx.Tx, row lease) error {
	row.expires = row.expires.Truncate(time.Microsecond)
	tag := l.db.key.Tag("leases", l.leaseName(), row.holder, row.epoch, row.expires)
	_, err := tx.Exec(ctx, upsertLease.text, l.leaseName(), row.holder, row.epoch, row.expires, tag[:])
	return err
}

// Acquire implements anchor.Leaser, by the database's clock.
func (l *Log) Acquire(ctx context.Context, holder string, ttl time.Duration) (anchor.Lease, error) {
	out := anchor.Lease{Holder: holder}
	err := l.db.Tx(ctx, func(tx pgx.Tx) error {
		row, now, err := l.readLease(ctx, tx)
		if err != nil {
			return err
		}
		live := row.expires.After(now)
		if live && row.holder != holder {
			return anchor.ErrHeld
		}
		if !live || row.holder != holder {
			row.epoch = max(row.epoch, 0) + 1
		}
		out.Epoch = row.epoch
		return l.writeLease(ctx, tx, lease{holder: holder, epoch: row.epoch, expires: now.Add(ttl)})
	})
	if err != nil {
		return anchor.Lease{}, fmt.Errorf("acquire lease: %w", err)
	}
	return out, nil
}

// Release implements anchor.Leaser.
func (l *Log) Release(ctx context.Context, held anchor.Lease) error {
	err := l.db.Tx(ctx, func(tx pgx.Tx) error {
		row, now, err := l.readLease(ctx, tx)
		if err != nil || row.holder != held.Holder || row.epoch != held.Epoch {
			return err
		}
		row.expires = now
		return l.writeLease(ctx, tx, row)
	})
	if err != nil {
		return fmt.Errorf("release lease: %w", err)
	}
	return nil
}

// fence holds the lease's row until the transaction ends, or says that the lease was lost.
func (l *Log) fence(ctx context.Context, tx pgx.Tx, held anchor.Lease) error {
	row, _, err := l.readLease(ctx, tx)
	if err == nil && (row.holder != held.Holder || row.epoch != held.Epoch) {
		return anchor.ErrFenced
	}
	return err
}
