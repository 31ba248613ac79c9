package cockroach

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"yilian.example/exchange/fault"
)

// SQLSTATE codes and classes that callers can do something about.
const (
	uniqueViolation     = "23505"
	completionUnknown   = "40003" // CockroachDB: the answer of another node to a COMMIT was lost
	statementCancelled  = "57014" // the server's own patience was over
	classConnection     = "08"
	classResources      = "53"
	classOperator       = "57" // the server is shutting down, or cancelled the statement
	classTransactionEnd = "40"
)

// classify returns a driver error its kind. The driver's text, which may quote values, stays in the chain for the log
// only where it holds no row content: PostgreSQL puts values into Detail, which pgconn.PgError.Error leaves out.
func classify(err error) error {
	if err == nil {
		return nil
	}
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return fault.Wrap(err, fault.NotFound, CodeNoEntry, "There is no such entry.")
	}
	if commitUnknown(err) { // first: a COMMIT whose answer nobody waited for may have been carried out all the same
		return fault.Wrap(err, fault.Unavailable, CodeOutcomeUnknown,
			"The connection to the database was lost while saving. Look whether your change is there before you send it again.")
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) { // before the next: connecting has a deadline of its own
		return unavailable(err)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(
			err, fault.Unavailable, CodeTimedOut, "The request was ended before it was finished. Please try again.",
		)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return classifyServer(err, pg)
	}
	if connectionLost(err) {
		return unavailable(err)
	}
	return internal(err)
}

// commitUnknown reports whether err is of a COMMIT to which the server gave no definite answer.
func commitUnknown(err error) bool {
	var commit commitError
	if !errors.As(err, &commit) || errors.Is(err, pgx.ErrTxCommitRollback) {
		return false
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return true
	}
	class := pg.Code[:min(2, len(pg.Code))]
	return pg.Code == completionUnknown || class == classConnection || class == classOperator
}

func connectionLost(err error) bool {
	var network net.Error
	return errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

func classifyServer(err error, pg *pgconn.PgError) error {
	class := pg.Code[:min(2, len(pg.Code))]
	switch {
	case pg.Code == uniqueViolation:
		return fault.Wrap(err, fault.Conflict, CodeAlreadyExists, "This entry exists already.")
	case pg.Code == statementCancelled:
		return slow(err)
	case class == classConnection || class == classResources || class == classOperator:
		return unavailable(err)
	case class == classTransactionEnd:
		return fault.Wrap(
			err, fault.Unavailable, CodeContention,
			"Too many changes to the same entry at this moment. Nothing was changed. Please try again.",
		)
	}
	return internal(err)
}

func internal(err error) error {
	return fault.Wrap(
		err, fault.Internal, CodeDatabase,
		"Something went wrong while reading or saving. Nothing was changed. "+
			"Please try again; if it happens again, give the request id to support.",
	)
}

func unavailable(err error) error {
	return fault.Wrap(
		err, fault.Unavailable, CodeDatabaseDown,
		"The database cannot be reached at the moment. Nothing was changed. Please try again.",
	)
}
