package bound

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Head says what a set of rows should be: sums by part (a kind of record, for example), and a number that grows with
// every change, so that of two heads the older one is known. The zero value is of the empty set.
type Head struct {
	Seq   int64
	Parts map[string]Sum
	State [sha256.Size]byte // hash of what was sealed, when it was opened: two heads of one number are not one
}

// ErrHead means that a head was not sealed by this organisation for that place and number.
var ErrHead = errors.New("the head was changed outside this system")

// Clone returns a copy whose parts can be changed.
func (h Head) Clone() Head {
	out := Head{Seq: h.Seq, Parts: maps.Clone(h.Parts)}
	if out.Parts == nil {
		out.Parts = map[string]Sum{}
	}
	return out
}

// SealHead returns the head's sums, sealed for their place (room and scope, a patient for example) and number.
func (k *Key) SealHead(room, scope string, h Head) ([]byte, error) {
	var plain []byte
	for _, name := range slices.Sorted(maps.Keys(h.Parts)) {
		plain = binary.AppendUvarint(plain, uint64(len(name)))
		plain = append(plain, name...)
		plain = h.Parts[name].append(plain)
	}
	sealed, err := k.heads.Encrypt(plain, headPlace(room, scope, h.Seq))
	if err != nil {
		return nil, fmt.Errorf("seal head: %w", err)
	}
	return sealed, nil
}

// OpenHead reads what SealHead wrote; ErrHead where it was not sealed here for that place and number.
func (k *Key) OpenHead(room, scope string, seq int64, sealed []byte) (Head, error) {
	plain, err := k.heads.Decrypt(sealed, headPlace(room, scope, seq))
	if err != nil || seq < 1 {
		return Head{}, ErrHead
	}
	h := Head{Seq: seq, Parts: map[string]Sum{}, State: sha256.Sum256(sealed)}
	for len(plain) > 0 {
		n, used := binary.Uvarint(plain)
		if used <= 0 || uint64(len(plain)-used) < n+sumBytes {
			return Head{}, ErrHead
		}
		name := string(plain[used : used+int(n)])
		plain = plain[used+int(n):]
		h.Parts[name] = parseSum(plain[:sumBytes])
		plain = plain[sumBytes:]
	}
	return h, nil
}

func headPlace(room, scope string, seq int64) []byte {
	place := appendText(nil, "yilian/head/v1")
	place = appendText(appendText(place, room), scope)
	return strconv.AppendInt(place, seq, 10)
}
