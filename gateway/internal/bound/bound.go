// Package bound lets an organisation believe rows of a database that others can write to. Three things are made of one
// key that is never stored there: a tag binds a row to its table, key, columns and version; a sum over the tags of a
// set of rows says whether one is missing, added or old; a head keeps such sums, sealed, with a number that only grows.
// The package does no I/O and knows no table.
package bound

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"reflect"
	"strconv"
	"sync"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// KeyBytes is the length of the secret that a Key is made of.
const KeyBytes = 32

// Tag binds one row (HMAC-SHA-256).
type Tag [sha256.Size]byte

// Key makes and checks what binds the rows of one organisation. It is safe for concurrent use.
type Key struct {
	rows  sync.Pool // of keyed hash.Hash
	elems []byte    // key of what is summed: another one, since tags stand in the database for all to see
	heads tink.AEAD
}

// New derives a key from an organisation's secret of KeyBytes bytes.
func New(secret []byte) (*Key, error) {
	if len(secret) != KeyBytes {
		return nil, errors.New("use binding key: it is not 32 bytes")
	}
	derive := func(use string) ([]byte, error) { return hkdf.Key(sha256.New, secret, nil, "yilian/bound/v1/"+use, 32) }
	rows, err := derive("row")
	if err != nil {
		return nil, fmt.Errorf("derive row key: %w", err)
	}
	elems, err := derive("element")
	if err != nil {
		return nil, fmt.Errorf("derive element key: %w", err)
	}
	headKey, err := derive("head")
	if err != nil {
		return nil, fmt.Errorf("derive head key: %w", err)
	}
	heads, err := subtle.NewAESGCM(headKey)
	if err != nil {
		return nil, fmt.Errorf("use head key: %w", err)
	}
	k := &Key{elems: elems, heads: heads}
	k.rows.New = func() any { return hmac.New(sha256.New, rows) }
	return k, nil
}

// Tag returns the tag of a row: of its table and the values of all its columns but the tag itself, in the order of the
// table. Values are text, integers, booleans, bytes, times (to the microsecond, as precise as the database is), lists
// of texts, pointers to them, or nil; anything else is a defect of the caller and panics.
func (k *Key) Tag(table string, values ...any) Tag {
	mac := k.rows.Get().(hash.Hash)
	defer k.rows.Put(mac)
	mac.Reset()
	buf := make([]byte, 0, 256)
	buf = appendText(buf, table)
	for _, v := range values {
		buf = appendValue(buf, v)
		if len(buf) > 4096 { // content is hashed in passing, not collected
			mac.Write(buf)
			buf = buf[:0]
		}
	}
	mac.Write(buf)
	var t Tag
	mac.Sum(t[:0])
	return t
}

// Check reports whether tag is the tag of a row.
func (k *Key) Check(tag []byte, table string, values ...any) bool {
	want := k.Tag(table, values...)
	return hmac.Equal(want[:], tag)
}

// Each value is written with its type and length, so that no two rows give the same bytes.
func appendText(b []byte, s string) []byte {
	b = strconv.AppendInt(append(b, 's'), int64(len(s)), 10)
	return append(append(b, ':'), s...)
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, 'n')
	case string:
		return appendText(b, v)
	case []byte:
		if v == nil {
			return append(b, 'n')
		}
		b = strconv.AppendInt(append(b, 'b'), int64(len(v)), 10)
		return append(append(b, ':'), v...)
	case time.Time:
		return append(strconv.AppendInt(append(b, 't'), v.UnixMicro(), 10), ';')
	case []string:
		b = append(strconv.AppendInt(append(b, 'l'), int64(len(v)), 10), ':')
		for _, s := range v {
			b = appendText(b, s)
		}
		return b
	}
	return appendOther(b, reflect.ValueOf(v))
}

// appendOther takes values of named types, and pointers, which stand for a column that may be null.
func appendOther(b []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.String:
		return appendText(b, v.String())
	case reflect.Bool:
		return append(b, 'o', "01"[btoi(v.Bool())])
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Int16:
		return append(strconv.AppendInt(append(b, 'i'), v.Int(), 10), ';')
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, 'n')
		}
		return appendValue(b, v.Elem().Interface())
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.String {
			b = append(strconv.AppendInt(append(b, 'l'), int64(v.Len()), 10), ':')
			for i := range v.Len() {
				b = appendText(b, v.Index(i).String())
			}
			return b
		}
	}
	panic(fmt.Sprintf("bound: a column of type %s cannot be bound", v.Type()))
}

func btoi(v bool) int {
	if v {
		return 1
	}
	return 0
}
