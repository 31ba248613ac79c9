// Package logbook is the one way to make, seal and open an entry of an organisation's log: a statement becomes
// canonical bytes, a fresh salt makes a commitment of it, the commitment makes the public leaf, and statement and salt
// are kept sealed beside what the entry speaks of. Every domain uses it, since entries that were made differently would
// be opened differently, and one that cannot be opened proves nothing. It stores nothing and knows no key.
package logbook

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
)

// Entry is a log entry that is to be kept in one transaction with what it speaks of.
type Entry struct {
	ID   string    // UUID, random
	Kind string    // one of tlog's kinds
	Leaf []byte    // as tlog.NewLeaf makes it
	At   time.Time // when it was made, UTC; the leaf says the hour only
}

// Opening is what opens an entry's commitment. Kept by nobody, the entry would prove nothing to anybody.
type Opening struct {
	Salt      [32]byte
	Statement []byte // canonical JSON (RFC 8785)
}

// Cipher is one data key in use; aad binds a ciphertext to its place. It waits for nothing, so that it can be used
// inside a transaction.
type Cipher interface {
	Seal(aad, plaintext []byte) ([]byte, error)
	// Open returns an error where the bytes, or the place where they stand, are not those that were sealed.
	Open(aad, ciphertext []byte) ([]byte, error)
}

// Book makes the entries of one organisation's log.
type Book struct {
	Org  consortium.OrgID
	Rand io.Reader // of salts and ids: crypto/rand.Reader outside tests
}

// New makes an entry of a kind that commits to the canonical form of statement. It returns an error only when the
// statement has none, or no randomness is to be had.
func (b Book) New(kind string, at time.Time, statement any) (Entry, Opening, error) {
	canonical, err := tlog.Canonical(statement)
	if err != nil {
		return Entry{}, Opening{}, fmt.Errorf("state %s entry: %w", kind, err)
	}
	return b.Commit(kind, at, canonical)
}

// Commit is New for a statement that is in canonical form already.
func (b Book) Commit(kind string, at time.Time, canonical []byte) (Entry, Opening, error) {
	o := Opening{Statement: canonical}
	if _, err := io.ReadFull(b.Rand, o.Salt[:]); err != nil {
		return Entry{}, Opening{}, fmt.Errorf("draw salt: %w", err)
	}
	id, err := uuid.NewRandomFromReader(b.Rand)
	if err != nil {
		return Entry{}, Opening{}, fmt.Errorf("draw entry id: %w", err)
	}
	return Entry{ID: id.String(), Kind: kind, Leaf: tlog.NewLeaf(kind, at, o.Commitment(kind)), At: at.UTC()}, o, nil
}

// Salt returns 32 fresh random bytes, for commitments that are no log entries.
func (b Book) Salt() ([32]byte, error) {
	var salt [32]byte
	if _, err := io.ReadFull(b.Rand, salt[:]); err != nil {
		return salt, fmt.Errorf("draw salt: %w", err)
	}
	return salt, nil
}

// Commitment returns what the log entry of that kind commits to.
func (o Opening) Commitment(kind string) tlog.Hash { return tlog.Commit(kind, o.Salt, o.Statement) }

// Bytes returns salt and statement as they are sealed, 32 bytes and the rest.
func (o Opening) Bytes() []byte {
	out := make([]byte, 0, len(o.Salt)+len(o.Statement))
	return append(append(out, o.Salt[:]...), o.Statement...)
}

// Seal encrypts the opening for its place.
func (o Opening) Seal(cipher Cipher, aad []byte) ([]byte, error) {
	sealed, err := cipher.Seal(aad, o.Bytes())
	if err != nil {
		return nil, fmt.Errorf("seal opening: %w", err)
	}
	return sealed, nil
}

// ParseOpening reads what Bytes wrote.
func ParseOpening(plain []byte) (Opening, error) {
	if len(plain) <= 32 {
		return Opening{}, errors.New("opening is too short")
	}
	return Opening{Salt: [32]byte(plain[:32]), Statement: plain[32:]}, nil
}

// Open decrypts an opening that was sealed for that place.
func Open(cipher Cipher, aad, sealed []byte) (Opening, error) {
	plain, err := cipher.Open(aad, sealed)
	if err != nil {
		return Opening{}, fmt.Errorf("open: %w", err)
	}
	return ParseOpening(plain)
}
