package cockroach

import (
	"context"
	"errors"
)

const (
	// maxHeld bounds what the large pages of records hold in memory that are being read at once.
	maxHeld = 256 << 20
	// lightPage is what a page may hold without being weighed.
	lightPage = 1 << 20
)

// heavyError says that a page holds more than there is room for yet. Nothing was read.
type heavyError struct{ bytes int64 }

func (*heavyError) Error() string { return "the page has to be weighed" }

// fits wants room for the records of a page, which are held twice: sealed, and opened.
func (f *fetch) fits(wanted []*current) error {
	var bytes int64
	for _, c := range withinPage(wanted) {
		bytes += 2 * c.size
	}
	if bytes > max(f.weighed, lightPage) {
		return &heavyError{bytes: bytes}
	}
	return nil
}

// weighing repeats a reading with as much room as it turns out to need. It waits outside the transaction and the
// patient's lane, so that nobody waits for who waits for room.
func (db *DB) weighing(ctx context.Context, read func(weighed int64) error) error {
	var weighed int64
	for {
		err := read(weighed)
		var heavy *heavyError
		if !errors.As(err, &heavy) {
			return err
		}
		back, err := db.scale.Take(ctx, heavy.bytes-weighed)
		if err != nil {
			return err
		}
		defer back()
		weighed = heavy.bytes
	}
}
