package bound

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
)

// Sum is a keyed hash of a multiset of rows that is kept up to date by adding and removing single rows: the sum, modulo
// 2^256, of a pseudorandom number for each (MSet-Add-Hash: Clarke and others, Incremental Multiset Hash Functions,
// ASIACRYPT 2003). The zero value is of the empty set. Sums are kept sealed: who saw them could look for another set
// of old rows with the same sum.
type Sum struct {
	Count int64
	words [4]uint64
}

// element is the number that stands for a row in a sum.
func (k *Key) element(t Tag) [4]uint64 {
	mac := hmac.New(sha256.New, k.elems)
	mac.Write(t[:])
	var out [sha256.Size]byte
	mac.Sum(out[:0])
	var w [4]uint64
	for i := range w {
		w[i] = binary.LittleEndian.Uint64(out[8*i:])
	}
	return w
}

// Add takes a row into the set.
func (k *Key) Add(s *Sum, t Tag) {
	var carry uint64
	for i, w := range k.element(t) {
		s.words[i], carry = bits.Add64(s.words[i], w, carry)
	}
	s.Count++
}

// Remove takes a row out of the set.
func (k *Key) Remove(s *Sum, t Tag) {
	var borrow uint64
	for i, w := range k.element(t) {
		s.words[i], borrow = bits.Sub64(s.words[i], w, borrow)
	}
	s.Count--
}

const sumBytes = 8 + 32

func (s Sum) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(s.Count))
	for _, w := range s.words {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	return b
}

func parseSum(b []byte) Sum {
	s := Sum{Count: int64(binary.LittleEndian.Uint64(b))}
	for i := range s.words {
		s.words[i] = binary.LittleEndian.Uint64(b[8+8*i:])
	}
	return s
}
