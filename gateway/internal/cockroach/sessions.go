package cockroach

import (
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/bound"
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
	INSERT INTO sessions (org, id_hash, sealed, created_at, seen_at, expires_at, bound)
	VALUES ($1, $2, $3, $4, $4, $5, $6)`)

// CreateSession keeps a new session. The hash is of a random id, so a second one with the same hash is a fault.Conflict
// that no caller will see.
func (s *Sessions) CreateSession(
	ctx context.Context, org consortium.OrgID, hash [32]byte, sealed []byte, now, expires time.Time,
) error {
	row := sessionRow{sealed: sealed, created: now, seen: now, expires: expires}
	tag := row.bind(s.db.key, org, hash)
	return s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, insertSession.text, org, hash[:], sealed, now, expires, tag[:])
		return err
	})
}

// sessionRow is a row of sessions.
type sessionRow struct {
	sealed                 []byte
	created, seen, expires time.Time
}

func (r sessionRow) bind(k *bound.Key, org consortium.OrgID, hash [32]byte) bound.Tag {
	return k.Tag("sessions", org, hash[:], r.sealed, r.created, r.seen, r.expires)
}

var (
	querySession = sql("a session", `
		SELECT s.sealed, s.created_at, s.seen_at, s.expires_at, s.bound, e.id_hash IS NOT NULL
		FROM sessions AS s LEFT JOIN session_ends AS e ON e.org = s.org AND e.id_hash = s.id_hash
		WHERE s.org = $1 AND s.id_hash = $2`)

	touchSession = sql("note the use of a session", `
		UPDATE sessions SET seen_at = $3, bound = $4 WHERE org = $1 AND id_hash = $2 AND seen_at < $3`)
)

// read returns a session that was not signed out; fault.NotFound otherwise. A session that was, and stands there again,
// was put back by somebody else.
func (s *Sessions) read(ctx context.Context, org consortium.OrgID, hash [32]byte) (sessionRow, error) {
	var row sessionRow
	var tag []byte
	var ended bool
	err := s.db.look(ctx, func(q querier) error {
		return q.QueryRow(ctx, querySession.text, org, hash[:]).Scan(
			&row.sealed, &row.created, &row.seen, &row.expires, &tag, &ended,
		)
	})
	if fault.Is(err, fault.NotFound) {
		return sessionRow{}, noSession(err)
	}
	if err != nil {
		return sessionRow{}, err
	}
	if want := row.bind(s.db.key, org, hash); ended || string(want[:]) != string(tag) {
		return sessionRow{}, noSession(s.db.refuse("sessions", hex.EncodeToString(hash[:4]), CodeRowAltered))
	}
	return row, nil
}

func noSession(err error) error {
	return fault.Wrap(err, fault.NotFound, CodeNoSession, "There is no such session.")
}

// TouchSession returns what a live session holds and notes its use. fault.NotFound when there is none, it was idle for
// too long, or is past its end.
func (s *Sessions) TouchSession(
	ctx context.Context, org consortium.OrgID, hash [32]byte, now time.Time, idle time.Duration,
) ([]byte, error) {
	row, err := s.read(ctx, org, hash)
	if err != nil {
		return nil, err
	}
	if !row.expires.After(now) || !row.seen.After(now.Add(-idle)) {
		return nil, noSession(errors.New("the session is over"))
	}
	if now.Sub(row.seen) < seenGrain {
		return row.sealed, nil
	}
	row.seen = now
	tag := row.bind(s.db.key, org, hash)
	err = s.db.Tx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, touchSession.text, org, hash[:], now, tag[:])
		return err
	})
	return row.sealed, err
}

var (
	deleteSession = sql("end a session", `
		DELETE FROM sessions WHERE org = $1 AND id_hash = $2 RETURNING expires_at`)

	insertSessionEnd = sql("remember the end of a session", `
		INSERT INTO session_ends (org, id_hash, keep_until, bound) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org, id_hash) DO NOTHING`)
)

// DestroySession ends a session and remembers that it ended; one that is not there is no error.
func (s *Sessions) DestroySession(ctx context.Context, org consortium.OrgID, hash [32]byte) error {
	at := place{room: roomSessions}
	heads := s.db.expectHeads(org, at)
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		var until time.Time
		err := tx.QueryRow(ctx, deleteSession.text, org, hash[:]).Scan(&until)
		if errors.Is(err, pgx.ErrNoRows) {
			return heads.read(ctx, tx)
		}
		if err != nil {
			return err
		}
		if err := heads.read(ctx, tx); err != nil {
			return err
		}
		tag := s.db.key.Tag("session_ends", org, hash[:], until)
		b := &pgx.Batch{}
		b.Queue(insertSessionEnd.text, org, hash[:], until, tag[:]).Exec(func(done pgconn.CommandTag) error {
			if done.RowsAffected() == 1 {
				heads.add(at, "", tag)
			}
			return nil
		})
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return err
		}
		return heads.write(ctx, tx)
	})
	if err == nil {
		heads.committed()
	}
	return err
}

var (
	sweepSessions = sql("delete sessions that are over", `
		DELETE FROM sessions WHERE org = $1 AND id_hash IN (
			SELECT id_hash FROM sessions WHERE org = $1 AND (expires_at <= $2 OR seen_at <= $3)
			ORDER BY id_hash LIMIT $4)`)

	sweepSessionEnds = sql("forget ends of sessions that would be over", `
		DELETE FROM session_ends WHERE org = $1 AND id_hash IN (
			SELECT id_hash FROM session_ends WHERE org = $1 AND keep_until <= $2 ORDER BY id_hash LIMIT $3)
		RETURNING id_hash, keep_until, bound`)
)

// sweepBatch is how many rows one transaction deletes: while it runs, people sign in and out.
const sweepBatch = 500

// SweepSessions deletes the organisation's sessions that are over, and counts them. The end of a session is kept for as
// long as the session could be used if it stood there again.
func (s *Sessions) SweepSessions(
	ctx context.Context, org consortium.OrgID, now time.Time, idle time.Duration,
) (int64, error) {
	var count int64
	for {
		sessions, ends, err := s.sweepSome(ctx, org, now, idle)
		count += sessions
		if err != nil || max(sessions, ends) < sweepBatch {
			return count, err
		}
	}
}

// sweepSome is one batch of SweepSessions. It counts sessions, and ends of sessions.
func (s *Sessions) sweepSome(
	ctx context.Context, org consortium.OrgID, now time.Time, idle time.Duration,
) (int64, int64, error) {
	at := place{room: roomSessions}
	heads := s.db.expectHeads(org, at)
	var count, ends int64
	err := s.db.Tx(ctx, func(tx pgx.Tx) error {
		ends = 0
		done, err := tx.Exec(ctx, sweepSessions.text, org, now, now.Add(-idle), sweepBatch)
		if err != nil {
			return err
		}
		count = done.RowsAffected()
		if err := heads.read(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, sweepSessionEnds.text, org, now, sweepBatch)
		if err != nil {
			return err
		}
		var hash, tag []byte
		var until time.Time
		_, err = pgx.ForEachRow(rows, []any{&hash, &until, &tag}, func() error {
			ends++
			if !s.db.key.Check(tag, "session_ends", org, hash, until) {
				_ = s.db.refuse("session_ends", hex.EncodeToString(hash[:min(4, len(hash))]), CodeRowAltered)
				return nil // it was never summed up
			}
			heads.remove(at, "", bound.Tag(tag))
			return nil
		})
		if err != nil {
			return err
		}
		return heads.write(ctx, tx)
	})
	if err != nil {
		return 0, 0, err
	}
	heads.committed()
	return count, ends, nil
}
