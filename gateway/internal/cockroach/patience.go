package cockroach

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"yilian.example/exchange/fault"
)

// How long the database may take. A server that hangs looks like one that is slow, so whoever waits for it needs an end
// of their own: people and other gateways give up sooner than a connection does.
const (
	// requestPatience is for everything that somebody may be waiting for: the turn, the connection, all statements and all
	// repetitions of one transaction together.
	requestPatience = 12 * time.Second
	connectPatience = 5 * time.Second
	// The migrations of a large table, and a pass of the audit over a large database, take their time.
	migrationPatience = 30 * time.Minute
	sweepPatience     = 6 * time.Hour
)

// errSlow is the cause of a context that ended because the database took too long, and not because the caller left.
var errSlow = errors.New("the database did not answer in time")

// patienceKey marks a context that has an end of this package's making.
type patienceKey struct{}

// bounded ends ctx as soon as a request must end. What has an end already keeps it: a transaction that waited for its
// turn has only the rest.
func bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Value(patienceKey{}) != nil {
		return ctx, func() {}
	}
	return within(ctx, requestPatience)
}

// within ends ctx after d, whatever transactions are run in it.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(context.WithValue(ctx, patienceKey{}, d), d, errSlow)
}

// ended is classify for what was run in a context of bounded or within. It tells a database that took too long from a
// caller who left.
func ended(ctx context.Context, err error) error {
	if err == nil || !errors.Is(context.Cause(ctx), errSlow) || commitUnknown(err) {
		return classify(err)
	}
	var known *fault.Error
	if errors.As(err, &known) && known.Code != CodeTimedOut {
		return err
	}
	return slow(err)
}

// slow says no more than is known of a request, which may have had other transactions before.
func slow(err error) error {
	return fault.Wrap(
		err, fault.Unavailable, CodeDatabaseSlow,
		"The database did not answer in time. If you were saving something, look whether it is there before you send it "+
			"again.",
	)
}

var queryStatementTimeout = sql("let statements take longer", `SELECT set_config('statement_timeout', $1, true)`)

// extend has the server be as patient as ctx is, in this transaction. Connections are opened with the patience that
// requests have, so that those need no word about it.
func extend(ctx context.Context, tx pgx.Tx) error {
	if d, _ := ctx.Value(patienceKey{}).(time.Duration); d <= requestPatience {
		return nil
	}
	end, _ := ctx.Deadline()
	_, err := tx.Exec(ctx, queryStatementTimeout.text, milliseconds(max(time.Until(end), time.Millisecond)))
	return err
}

// milliseconds is how both servers read a duration.
func milliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }

// limited is a transaction whose statements end when it has to, whatever context they come with: closures are written
// with the context of their caller.
type limited struct {
	pgx.Tx
	ctx context.Context
}

// Exec ends with the transaction.
func (l limited) Exec(_ context.Context, text string, args ...any) (pgconn.CommandTag, error) {
	return l.Tx.Exec(l.ctx, text, args...)
}

// Query ends with the transaction.
func (l limited) Query(_ context.Context, text string, args ...any) (pgx.Rows, error) {
	return l.Tx.Query(l.ctx, text, args...)
}

// QueryRow ends with the transaction.
func (l limited) QueryRow(_ context.Context, text string, args ...any) pgx.Row {
	return l.Tx.QueryRow(l.ctx, text, args...)
}

// SendBatch ends with the transaction.
func (l limited) SendBatch(_ context.Context, b *pgx.Batch) pgx.BatchResults {
	return l.Tx.SendBatch(l.ctx, b)
}

// limitedPool is limited for statements without a transaction.
type limitedPool struct {
	pool *pgxpool.Pool
	ctx  context.Context
}

// Query ends with the reading.
func (l limitedPool) Query(_ context.Context, text string, args ...any) (pgx.Rows, error) {
	return l.pool.Query(l.ctx, text, args...)
}

// QueryRow ends with the reading.
func (l limitedPool) QueryRow(_ context.Context, text string, args ...any) pgx.Row {
	return l.pool.QueryRow(l.ctx, text, args...)
}

// SendBatch ends with the reading.
func (l limitedPool) SendBatch(_ context.Context, b *pgx.Batch) pgx.BatchResults {
	return l.pool.SendBatch(l.ctx, b)
}
