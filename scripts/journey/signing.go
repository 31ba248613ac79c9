package journey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"fmt"

	"yilian.example/chaincode/ledger"
)

// ConsentKey is a key made for one consent alone, as the patient's browser makes it.
type ConsentKey struct {
	ID   string // of the consent: the hash of SPKI
	SPKI []byte // the public key
	key  *ecdsa.PrivateKey
}

// NewConsentKey makes one.
func NewConsentKey() (*ConsentKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make consent key: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("encode consent key: %w", err)
	}
	return &ConsentKey{ID: ledger.ConsentID(spki), SPKI: spki, key: key}, nil
}

// Sign returns ECDSA-SHA256 over message as r||s, 64 bytes, as WebCrypto does.
func (k *ConsentKey) Sign(message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, k.key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out, nil
}
