package cockroach

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"yilian.example/exchange/fault"
)

// SQLSTATE codes and classes that callers can do something about.
const (
	uniqueViolation     = "23505"
	undefinedTable      = "42P01"
	classConnection     = "08"
	classResources      = "53"
	classOperator       = "57" // the server is shutting down, or cancelled the statement
	classTransactionEnd = "40"
)

// classify gives a driver error its kind. The driver's text, which may quote values, stays in the chain for the log only where it holds no
// row content: PostgreSQL puts values into Detail, which pgconn.PgError.Error leaves out.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.Wrap(err, fault.NotFound, "NOT_FOUND", "There is no such entry.")
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(err, fault.Unavailable, "TIMED_OUT", "The request was ended before it was finished. Please try again.")
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return classifyServer(err, pg)
	}
	var commit commitError
	if errors.As(err, &commit) {
		return fault.Wrap(err, fault.Unavailable, "OUTCOME_UNKNOWN",
			"The connection to the database was lost while saving. Look whether your change is there before you send it again.")
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) || pgconn.SafeToRetry(err) || pgconn.Timeout(err) {
		return unavailable(err)
	}
	return fault.Wrap(err, fault.Internal, "DATABASE",
		"Something went wrong while reading or saving. Nothing was changed. Please try again; if it happens again, give the request id to support.")
}

func classifyServer(err error, pg *pgconn.PgError) error {
	switch {
	case pg.Code == uniqueViolation:
		return fault.Wrap(err, fault.Conflict, "ALREADY_EXISTS", "This entry exists already.")
	case len(pg.Code) == 5 && (pg.Code[:2] == classConnection || pg.Code[:2] == classResources || pg.Code[:2] == classOperator):
		return unavailable(err)
	case len(pg.Code) == 5 && pg.Code[:2] == classTransactionEnd:
		return fault.Wrap(err, fault.Unavailable, "CONTENTION", "Too many changes to the same entry at this moment. Nothing was changed. Please try again.")
	}
	return fault.Wrap(err, fault.Internal, "DATABASE",
		"Something went wrong while reading or saving. Nothing was changed. Please try again; if it happens again, give the request id to support.")
}

func unavailable(err error) error {
	return fault.Wrap(err, fault.Unavailable, "DATABASE_DOWN", "The database cannot be reached at the moment. Nothing was changed. Please try again.")
}
