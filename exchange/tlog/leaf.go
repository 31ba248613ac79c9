package tlog

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gowebpki/jcs"
	"golang.org/x/mod/sumdb/tlog"
)

// The kinds of entry. A kind is public, so it must say nothing about a person.
const (
	KindRecord  = "record"  // a version of a record was stored
	KindAccess  = "access"  // an access was decided, allowed or refused
	KindConsent = "consent" // a consent was granted or withdrawn
	KindRelease = "release" // records were handed to another member
	KindReceipt = "receipt" // records were received from another member
	KindHead    = "head"    // how far the organisation's own books had come
)

// MaxLeaf is the longest leaf in bytes that a log takes (the bundle format's length prefix is a uint16; ours are about
// 130 bytes).
const MaxLeaf = 1024

// leafVersion is the only version of the leaf format so far.
const leafVersion = 1

// leafTime is RFC 3339 in UTC without fractions.
const leafTime = "2006-01-02T15:04:05Z"

// Leaf is the public content of one log entry. It names nobody: the commitment opens only with a salt that is kept
// encrypted beside the content, so destroying a patient's key leaves it in place and meaningless.
type Leaf struct {
	Kind       string
	Time       time.Time // truncated to the hour, so that it cannot be matched with a visit
	Commitment Hash
}

// Commit binds to a statement without showing it: SHA-256("yilian/commit/v1\n" || kind || "\n" || salt || statement).
// Statement is what Canonical gives. The salt must be 32 fresh random bytes for each commitment.
func Commit(kind string, salt [32]byte, statement []byte) Hash {
	h := sha256.New()
	h.Write([]byte("yilian/commit/v1\n" + kind + "\n"))
	h.Write(salt[:])
	h.Write(statement)
	return Hash(h.Sum(nil))
}

// NewLeaf returns the bytes of a leaf, in canonical JSON:
// {"commitment":"<base64>","kind":"record","time":"2026-11-21T20:00:00Z","v":1}. The time is truncated to the hour
// here. A kind that is not lower-case letters gives bytes that ParseLeaf refuses.
func NewLeaf(kind string, at time.Time, commitment Hash) []byte {
	return Leaf{Kind: kind, Time: at, Commitment: commitment}.Bytes()
}

// Bytes returns the leaf's canonical JSON.
func (l Leaf) Bytes() []byte {
	b := make([]byte, 0, 160)
	b = append(b, `{"commitment":"`...)
	b = base64.StdEncoding.AppendEncode(b, l.Commitment[:])
	b = append(b, `","kind":"`...)
	b = append(b, l.Kind...)
	b = append(b, `","time":"`...)
	b = l.Time.UTC().Truncate(time.Hour).AppendFormat(b, leafTime)
	return append(b, `","v":1}`...)
}

// LeafHash is the hash in the tree of a leaf's bytes (RFC 6962, 2.1: SHA-256(0x00 || leaf)).
func LeafHash(leaf []byte) Hash { return tlog.RecordHash(leaf) }

// ParseLeaf reads a leaf and refuses all but the one canonical form, so that each leaf has exactly one meaning and one
// hash.
func ParseLeaf(data []byte) (Leaf, error) {
	if len(data) > MaxLeaf {
		return Leaf{}, fmt.Errorf("leaf of %d bytes is over %d", len(data), MaxLeaf)
	}
	var raw struct {
		Commitment []byte `json:"commitment"`
		Kind       string `json:"kind"`
		Time       string `json:"time"`
		V          int    `json:"v"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return Leaf{}, errors.New("leaf is not JSON of the expected shape")
	}
	if raw.V != leafVersion {
		return Leaf{}, fmt.Errorf("leaf has version %d, known is %d", raw.V, leafVersion)
	}
	if !validKind(raw.Kind) {
		return Leaf{}, errors.New("leaf's kind is not 1 to 32 lower-case letters or hyphens")
	}
	if len(raw.Commitment) != len(Hash{}) {
		return Leaf{}, errors.New("leaf's commitment is not the base64 of 32 bytes")
	}
	at, err := time.Parse(leafTime, raw.Time)
	if err != nil {
		return Leaf{}, errors.New("leaf's time is not an hour in UTC")
	}
	l := Leaf{Kind: raw.Kind, Time: at, Commitment: Hash(raw.Commitment)}
	if !bytes.Equal(l.Bytes(), data) {
		return Leaf{}, errors.New("leaf is not in canonical form")
	}
	return l, nil
}

func validKind(kind string) bool {
	if kind == "" || len(kind) > 32 {
		return false
	}
	for _, r := range kind {
		if (r < 'a' || r > 'z') && r != '-' {
			return false
		}
	}
	return true
}

// Canonical returns v in the JSON Canonicalization Scheme (RFC 8785), the form in which statements are committed to and
// signed. Numbers are IEEE doubles in this scheme: integers beyond 2^53 must be written as strings.
func Canonical(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("canonicalise: %w", err)
	}
	out, err := jcs.Transform(data)
	if err != nil {
		return nil, fmt.Errorf("canonicalise: %w", err)
	}
	return out, nil
}
