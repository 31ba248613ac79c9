package cockroach

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// Sessions keeps who is signed in: the hash of each session's id and, sealed, what it holds.
type Sessions struct {
	db *DB
}

// NewSessions uses db.
func NewSessions(db *DB) *Sessions { return &Sessions{db: db} }

// seenGrain is how exactly the last use is kept: a write for every page would cost more than the minute is worth.
const seenGrain = time.Minute

var insertSession = sql("begin a session", `
	INSERT INTO sessions (org, id_hash, sealed, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $4, $5)`)

// CreateSession keeps a new session. The hash is of a random id, so a second one with the same hash is a fault.Conflict
// that no caller will see.
func (s *Sessions) CreateSession(
	ctx context.Context, org consortium.OrgID, hash [32]byte, sealed []byte, now, expires time.Time,
) error {
	return s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, insertSession.text, org, hash[:], sealed, now, expires)
		return err
	})
}

var (
	querySession = sql("a live session", `
		SELECT sealed, seen_at FROM sessions WHERE org = $1 AND id_hash = $2 AND expires_at > $3 AND seen_at > $4`)

	touchSession = sql("note the use of a session", `
		UPDATE sessions SET seen_at = $3 WHERE org = $1 AND id_hash = $2 AND seen_at < $3`)
)

// TouchSession gives what a live session holds and notes its use. fault.NotFound when there is none, it was idle for
// too long, or is past its end.
func (s *Sessions) TouchSession(
	ctx context.Context, org consortium.OrgID, hash [32]byte, now time.Time, idle time.Duration,
) ([]byte, error) {
	var sealed []byte
	var seen time.Time
	err := s.db.Read(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, querySession.text, org, hash[:], now, now.Add(-idle)).Scan(&sealed, &seen)
	})
	if fault.Is(err, fault.NotFound) {
		return nil, fault.Wrap(err, fault.NotFound, "SESSION_NOT_FOUND", "There is no such session.")
	}
	if err != nil || now.Sub(seen) < seenGrain {
		return sealed, err
	}
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, touchSession.text, org, hash[:], now)
		return err
	})
	return sealed, err
}

var deleteSession = sql("end a session", `DELETE FROM sessions WHERE org = $1 AND id_hash = $2`)

// DestroySession ends a session; one that is not there is no error.
func (s *Sessions) DestroySession(ctx context.Context, org consortium.OrgID, hash [32]byte) error {
	return s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, deleteSession.text, org, hash[:])
		return err
	})
}

var sweepSessions = sql("delete sessions that have ended", `
	DELETE FROM sessions WHERE org = $1 AND (expires_at <= $2 OR seen_at <= $3)`)

// SweepSessions deletes the organisation's sessions that have ended, and counts them.
func (s *Sessions) SweepSessions(
	ctx context.Context, org consortium.OrgID, now time.Time, idle time.Duration,
) (int64, error) {
	var count int64
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sweepSessions.text, org, now, now.Add(-idle))
		count = tag.RowsAffected()
		return err
	})
	return count, err
}
