package recordstest

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/records"
)

// Keys are one organisation's keys in memory, each derived from its patient.
type Keys struct {
	secret    [32]byte
	mu        sync.Mutex
	destroyed map[consortium.PatientRef]bool // guarded by mu
}

var _ records.Keys = (*Keys)(nil)

// NewKeys returns fresh keys.
func NewKeys() *Keys {
	k := &Keys{destroyed: map[consortium.PatientRef]bool{}}
	_, _ = rand.Read(k.secret[:]) // never fails since Go 1.24
	return k
}

// NewKeeper returns the real records of an organisation over a store in memory.
func NewKeeper(org consortium.OrgID, store *Store, now func() time.Time) *records.Keeper {
	return &records.Keeper{
		Org: org, Versions: store, Accesses: store, Facts: store, Keys: NewKeys(), Now: now,
		Book: logbook.Book{Org: org, Rand: rand.Reader},
	}
}

func (k *Keys) derive(use string, parts ...string) []byte {
	mac := hmac.New(sha256.New, k.secret[:])
	mac.Write(logbook.Place(append([]string{use}, parts...)...))
	return mac.Sum(nil)
}

// DataKey implements records.Keys.
func (k *Keys) DataKey(_ context.Context, patient consortium.PatientRef) (logbook.Cipher, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.destroyed[patient] {
		return nil, fault.New(fault.Gone, CodeErased, "The data on this patient was erased here.")
	}
	block, err := aes.NewCipher(k.derive("data", string(patient)))
	if err != nil {
		return nil, fmt.Errorf("use data key: %w", err)
	}
	gcm, err := cipher.NewGCMWithRandomNonce(block)
	return dataKey{gcm}, err
}

// Blind implements records.Keys.
func (k *Keys) Blind(_ context.Context, parts ...string) ([]byte, error) {
	return k.derive("search", parts...), nil
}

// Destroy destroys a patient's key.
func (k *Keys) Destroy(_ context.Context, patient consortium.PatientRef) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.destroyed[patient] = true
	return nil
}

type dataKey struct{ gcm cipher.AEAD }

// Seal encrypts for a place.
func (d dataKey) Seal(aad, plaintext []byte) ([]byte, error) {
	return d.gcm.Seal(nil, nil, plaintext, aad), nil
}

// Open decrypts what was sealed for that place.
func (d dataKey) Open(aad, ciphertext []byte) ([]byte, error) {
	return d.gcm.Open(nil, nil, ciphertext, aad)
}

// KeyBackend is one organisation's keys, of which some are destroyed.
type KeyBackend interface {
	records.Keys
	Destroy(ctx context.Context, patient consortium.PatientRef) error
}

// KeysConformance checks that keys keep what the port promises. Each call of open gives fresh ones.
func KeysConformance(t *testing.T, open func(t *testing.T) KeyBackend) {
	for name, check := range map[string]func(*testing.T, KeyBackend){
		"what is sealed opens at its place only": sealsToPlace,
		"a destroyed key is gone":                destroysKeys,
		"the same parts have the same token":     blinds,
	} {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}

func dataKeyOf(t *testing.T, k KeyBackend, patient consortium.PatientRef) logbook.Cipher {
	t.Helper()
	c, err := k.DataKey(t.Context(), patient)
	must(t, err)
	return c
}

func sealsToPlace(t *testing.T, k KeyBackend) {
	text, place := []byte("text"), []byte("place")
	for _, patient := range []consortium.PatientRef{anna, ""} { // of directory data too
		sealed, err := dataKeyOf(t, k, patient).Seal(place, text)
		must(t, err)
		if got, err := dataKeyOf(t, k, patient).Open(place, sealed); err != nil || !bytes.Equal(got, text) {
			t.Errorf("opened %q, %v", got, err)
		}
		flipped := bytes.Clone(sealed)
		flipped[len(flipped)/2] ^= 1
		key := dataKeyOf(t, k, patient)
		for what, open := range map[string]func() ([]byte, error){
			"at another place": func() ([]byte, error) { return key.Open([]byte("elsewhere"), sealed) },
			"of another":       func() ([]byte, error) { return dataKeyOf(t, k, bo).Open(place, sealed) },
			"a flipped bit":    func() ([]byte, error) { return key.Open(place, flipped) },
			"nothing":          func() ([]byte, error) { return key.Open(place, nil) },
		} {
			if got, err := open(); err == nil || len(got) != 0 {
				t.Errorf("%s: opened %q, %v", what, got, err)
			}
		}
		if bytes.Contains(sealed, text) {
			t.Error("what is sealed shows its text")
		}
	}
}

func destroysKeys(t *testing.T, k KeyBackend) {
	dataKeyOf(t, k, anna)
	must(t, k.Destroy(t.Context(), anna))
	if _, err := k.DataKey(t.Context(), anna); !fault.Is(err, fault.Gone) {
		t.Errorf("a destroyed key: %v, want gone", err)
	}
	dataKeyOf(t, k, bo)
}

func blinds(t *testing.T, k KeyBackend) {
	var tokens []string
	for _, parts := range [][]string{{"a", "b"}, {"b", "a"}, {"ab", ""}, {"ab"}, {"a", "b", ""}, {}} {
		one, err := k.Blind(t.Context(), parts...)
		again, errAgain := k.Blind(t.Context(), parts...)
		if must(t, errors.Join(err, errAgain)); !bytes.Equal(one, again) {
			t.Errorf("%q has two tokens", parts)
		}
		if slices.Contains(tokens, string(one)) {
			t.Errorf("%q has the token of others", parts)
		}
		tokens = append(tokens, string(one))
	}
}
