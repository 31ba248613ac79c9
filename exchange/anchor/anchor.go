// Package anchor carries the entries of one organisation's log from "pending" to "witnessed and published": it
// integrates them into the tree in batches, shows each new checkpoint to the ledger, and publishes it when the ledger
// has committed it. One leader per log works at a time, under a fenced lease. All state lives in the store and on the
// ledger, so a crash at any instruction is mended by doing the same things again. The package knows no SQL, no ledger
// protocol and no HTTP; it never sees what an entry commits to.
package anchor

import (
	"context"
	"errors"
	"time"

	"yilian.example/exchange/tlog"
)

// Errors that stores and sequencers tell apart.
var (
	// ErrHeld means that another holder has the lease.
	ErrHeld = errors.New("the lease is held by another")
	// ErrFenced means that the lease was lost: another leader may be at work, and nothing was written.
	ErrFenced = errors.New("the lease was lost")
	// ErrMoved means that the log is not at the state that a write was made for; nothing was written.
	ErrMoved = errors.New("the log has moved on")
	// ErrRefused means that what is stored contradicts what was vouched for before. Nothing is signed or published until a
	// person has found out why.
	ErrRefused = errors.New("the log contradicts what was witnessed")
)

// Lease is the right to write to one log. Epoch grows whenever the lease changes hands.
type Lease struct {
	Holder string
	Epoch  int64
}

// Entry is one pending entry.
type Entry struct {
	ID      string // UUID
	Leaf    []byte
	Created time.Time
}

// Placed is an entry's place in the log.
type Placed struct {
	ID       string
	Index    int64
	LeafHash tlog.Hash // of its leaf, as it stands in the tree there
}

// Head is the state of a log.
type Head struct {
	Size        int64     // entries integrated
	Root        tlog.Hash // of the tree of Size
	Published   []byte    // the signed checkpoint that is served; nil before the first
	WitnessedAt time.Time // ledger time of Published; zero before the first
	// creation of the oldest entry that is integrated and not yet published (or earlier); zero where there is none
	Since time.Time
}

// Batch is one extension of the tree, to be stored at once.
type Batch struct {
	OldSize int64
	OldRoot tlog.Hash
	Size    int64
	Root    tlog.Hash
	Entries []Placed
	Tiles   []tlog.TileData // replace narrower versions of themselves
	Oldest  time.Time       // creation of the oldest entry
}

// Publication is a checkpoint that the ledger committed.
type Publication struct {
	Note        []byte
	Size        int64
	WitnessedAt time.Time
	Since       time.Time // what Head.Since becomes when entries remain; zero keeps what is there
}

// Backlog says what is still pending.
type Backlog struct {
	Pending int64
	Oldest  time.Time // zero where nothing is pending
}

// Leaser hands out the lease of one log.
type Leaser interface {
	// Acquire takes the lease for ttl from now, by the store's clock. Called again by the holder it extends the lease
	// under the same epoch; a lease that ran out goes to whoever asks, under a higher epoch. ErrHeld while another has it.
	Acquire(ctx context.Context, holder string, ttl time.Duration) (Lease, error)
	// Release ends a lease early. A lease that is no longer held is left alone.
	Release(ctx context.Context, lease Lease) error
}

// Reader reads one log.
type Reader interface {
	// Head returns the state; the zero size with tlog.EmptyRoot for a new log.
	Head(ctx context.Context) (Head, error)
	// Tiles returns tiles of exactly the widths asked for, cut from wider ones where the log has grown. A tile that is not
	// there is an error.
	Tiles(ctx context.Context, tiles []tlog.Tile) ([][]byte, error)
	// Backlog counts the pending entries.
	Backlog(ctx context.Context) (Backlog, error)
}

// Writer changes one log. Both methods return ErrFenced, having written nothing, when the lease is no longer held.
// After another error it is not known whether the change was made.
type Writer interface {
	// Pending returns at most limit pending entries with ids above after (all, when after is empty), ordered by id.
	Pending(ctx context.Context, after string, limit int) ([]Entry, error)
	// Integrate stores a batch in one transaction: head, tiles, and an index for each entry, which is pending no longer.
	// ErrMoved when the head is not at OldSize and OldRoot, or when an entry was not pending.
	Integrate(ctx context.Context, lease Lease, batch Batch) error
	// Publish makes a checkpoint the one that is served. One that is not larger than the last changes nothing, but the
	// first may have size 0.
	Publish(ctx context.Context, lease Lease, p Publication) error
}

// Store keeps one log.
type Store interface {
	Leaser
	Reader
	Writer
}

// Witnessed is what the ledger holds of a log.
type Witnessed struct {
	Note []byte // the last accepted signed checkpoint
	Time time.Time
}

// Witness is the ledger. An error of Register or SubmitCheckpoint says nothing about whether the ledger took it: Latest
// does.
type Witness interface {
	// Register names the log's key, with the signed checkpoint of the empty tree. With the same key again it changes
	// nothing.
	Register(ctx context.Context, verifierKey string, empty []byte) error
	// SubmitCheckpoint shows a signed checkpoint and its consistency proof from the last accepted one, and returns when it
	// is committed.
	SubmitCheckpoint(ctx context.Context, note []byte, proof []tlog.Hash) (Witnessed, error)
	// Latest returns what the ledger holds; false where the log is not registered.
	Latest(ctx context.Context) (Witnessed, bool, error)
}
