// Package keyring holds one organisation's keys: the wrapping key and under it the data keys of its patients, the log's
// signer, the signer of requests, releases and receipts, and the consortium's index key. No key leaves the package but
// as an operation; key bytes are never logged and never part of an error. It stores nothing itself: wrapped data keys
// go through the KeyStore port.
package keyring

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
	"golang.org/x/mod/sumdb/note"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/records"
	"yilian.example/exchange/release"
	"yilian.example/gateway/config"
)

// KEK is the organisation's wrapping key. A key management service fits behind it: the key itself need not be here, and
// aad binds what is wrapped to its place.
type KEK interface {
	Wrap(ctx context.Context, key, aad []byte) ([]byte, error)
	Unwrap(ctx context.Context, wrapped, aad []byte) ([]byte, error)
}

// KeyStore keeps wrapped data keys.
type KeyStore interface {
	// PatientKey returns the wrapped key; fault.NotFound where there is none, fault.Gone where it was destroyed.
	PatientKey(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef) ([]byte, error)
	// AddPatientKey keeps wrapped unless there is a key already, and gives the one that is kept; fault.Gone where it was
	// destroyed.
	AddPatientKey(
		ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, wrapped []byte, at time.Time,
	) ([]byte, error)
}

// Bounds of the cache of unwrapped data keys. A key that another gateway of the organisation destroyed may be used here
// until it expires.
const (
	cacheSize = 20_000 // some 1 KB each, most of it the expanded AES key
	cacheLife = time.Minute
)

var (
	_ records.Keys   = (*Ring)(nil)
	_ release.Sealer = (*Ring)(nil)
)

// Ring is one organisation's keys, ready for use. It is safe for concurrent use.
type Ring struct {
	org     consortium.OrgID
	kek     KEK
	search  []byte // HMAC key of search tokens
	store   KeyStore
	now     func() time.Time
	cache   *expirable.LRU[consortium.PatientRef, *dataKey]
	log     note.Signer
	logVkey string
	release ed25519.PrivateKey
	index   []byte
}

// Load reads the key files and checks that each is what it should be; it lists every fault, by file. Origin is the name
// of the log.
func Load(keys config.Keys, org consortium.OrgID, origin string, store KeyStore, now func() time.Time) (*Ring, error) {
	kek, errKEK := OpenFileKEK(keys.Wrapping)
	log, vkey, errLog := readLogKey(keys.Log, origin)
	release, errRelease := readReleaseKey(keys.Release)
	binding, errBinding := readHexKey("binding", keys.Binding)
	index, errIndex := readHexKey("index", keys.Index)
	if err := errors.Join(errKEK, errLog, errRelease, errBinding, errIndex); err != nil {
		return nil, fmt.Errorf("load keys: %w", err)
	}
	r := New(org, kek, binding, store, now)
	r.log, r.logVkey, r.release, r.index = log, vkey, release, index
	return r, nil
}

// New returns a ring with data keys only, under any wrapping key. Search values are blinded under a key derived from
// secret, 32 bytes that are not kept in the database: a row of it cannot be lost, and searches cannot come to nothing.
func New(org consortium.OrgID, kek KEK, secret []byte, store KeyStore, now func() time.Time) *Ring {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("yilian/search/v2/" + org)) // two organisations never match, whatever files they are given
	return &Ring{
		org: org, kek: kek, search: mac.Sum(nil), store: store, now: now,
		cache: expirable.NewLRU[consortium.PatientRef, *dataKey](cacheSize, nil, cacheLife),
	}
}

// LogSigner signs this organisation's checkpoints; its name is the log's origin.
func (r *Ring) LogSigner() note.Signer { return r.log }

// LogVerifierKey is the log's public key as a signed-note verifier key.
func (r *Ring) LogVerifierKey() string { return r.logVkey }

// ReleaseSigner signs requests, releases and receipts.
func (r *Ring) ReleaseSigner() ed25519.PrivateKey { return r.release }

// Ref derives the consortium-wide reference of a patient from a national identifier.
func (r *Ring) Ref(system, value string) consortium.PatientRef {
	return consortium.NewPatientRef(r.index, system, value)
}

// Local derives the reference of a patient who has no national identifier.
func (r *Ring) Local(id string) consortium.PatientRef {
	return consortium.NewLocalPatientRef(r.index, r.org, id)
}

// IndexKey is the consortium's index key, for those who derive patient references themselves.
func (r *Ring) IndexKey() []byte { return append([]byte(nil), r.index...) }

// Seal encrypts under the data key of a patient, making one at first use; aad binds the ciphertext to its place. The
// empty patient stands for directory data.
func (r *Ring) Seal(ctx context.Context, patient consortium.PatientRef, aad, plaintext []byte) ([]byte, error) {
	key, err := r.DataKey(ctx, patient)
	if err != nil {
		return nil, err
	}
	return key.Seal(aad, plaintext)
}

// Open decrypts what Seal gave. It is fault.Gone when the key was destroyed, and an error with code SEAL_BROKEN when
// the bytes, or the place they stand in, are not those that were sealed.
func (r *Ring) Open(ctx context.Context, patient consortium.PatientRef, aad, ciphertext []byte) ([]byte, error) {
	key, err := r.dataKey(ctx, patient, false)
	if err != nil {
		return nil, err
	}
	return key.Open(aad, ciphertext)
}

// DataKey returns the data key of a patient, making one at first use, for callers that must not wait for the database
// while they seal.
func (r *Ring) DataKey(ctx context.Context, patient consortium.PatientRef) (logbook.Cipher, error) {
	key, err := r.dataKey(ctx, patient, true)
	if err != nil {
		return nil, err
	}
	return key, nil
}

// Forget drops a patient's data key from the cache: call it after the key was destroyed.
func (r *Ring) Forget(patient consortium.PatientRef) { r.cache.Remove(patient) }

// Blind derives a search token: HMAC-SHA-256 of parts under a key of this organisation, cut to 16 bytes. Equal values
// have equal tokens, which is what makes them searchable, and all that a stolen database shows.
func (r *Ring) Blind(_ context.Context, parts ...string) ([]byte, error) {
	mac := hmac.New(sha256.New, r.search)
	var length []byte
	for _, p := range parts {
		length = append(strconv.AppendInt(length[:0], int64(len(p)), 10), ':')
		mac.Write(length)
		mac.Write([]byte(p))
	}
	return mac.Sum(nil)[:16], nil
}

func (r *Ring) dataKey(ctx context.Context, patient consortium.PatientRef, create bool) (*dataKey, error) {
	if key, ok := r.cache.Get(patient); ok {
		return key, nil
	}
	wrapped, err := r.store.PatientKey(ctx, r.org, patient)
	if create && fault.Is(err, fault.NotFound) {
		wrapped, err = r.newWrapped(ctx, patient)
	}
	if err != nil {
		return nil, fmt.Errorf("load data key: %w", err)
	}
	raw, err := r.kek.Unwrap(ctx, wrapped, r.wrapAAD(patient))
	if err != nil {
		return nil, fmt.Errorf("unwrap data key: %w", err)
	}
	key, err := newDataKey(raw)
	if err != nil {
		return nil, err
	}
	r.cache.Add(patient, key)
	return key, nil
}

// newWrapped makes a key and offers it to the store: when another gateway was faster, that one's key is the key.
func (r *Ring) newWrapped(ctx context.Context, patient consortium.PatientRef) ([]byte, error) {
	raw := make([]byte, dataKeyBytes)
	_, _ = rand.Read(raw) // never fails since Go 1.24
	wrapped, err := r.kek.Wrap(ctx, raw, r.wrapAAD(patient))
	if err != nil {
		return nil, fmt.Errorf("wrap data key: %w", err)
	}
	return r.store.AddPatientKey(ctx, r.org, patient, wrapped, r.now().UTC())
}

func (r *Ring) wrapAAD(patient consortium.PatientRef) []byte {
	return []byte("yilian/patient-key/v1|" + string(r.org) + "|" + string(patient))
}

const dataKeyBytes = 32

// dataKey is AES-256-GCM with a random nonce for each message: good for 2^32 messages under one key, and a patient has
// some thousands.
type dataKey struct{ aead tink.AEAD }

func newDataKey(raw []byte) (*dataKey, error) {
	if len(raw) != dataKeyBytes {
		return nil, errors.New("data key is not 32 bytes")
	}
	aead, err := subtle.NewAESGCM(raw)
	if err != nil {
		return nil, fmt.Errorf("use data key: %w", err)
	}
	return &dataKey{aead: aead}, nil
}

// Seal encrypts.
func (k *dataKey) Seal(aad, plaintext []byte) ([]byte, error) {
	out, err := k.aead.Encrypt(plaintext, aad)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return out, nil
}

// Open decrypts.
func (k *dataKey) Open(aad, ciphertext []byte) ([]byte, error) {
	out, err := k.aead.Decrypt(ciphertext, aad)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, CodeSealBroken,
			"What is stored here was changed outside this system, so it is not shown. Please tell your administrator.")
	}
	return out, nil
}
