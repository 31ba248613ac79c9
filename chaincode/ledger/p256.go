package ledger

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"math/big"
)

// Why a signature is not accepted. ErrKey: the key is not a P-256 public key in its one DER form; ErrSignature: wrong
// length or not made by this key over this message.
var (
	ErrKey       = errors.New("public key is not a P-256 key in SubjectPublicKeyInfo form")
	ErrSignature = errors.New("signature does not verify")
)

// Lengths in bytes of a P-256 SubjectPublicKeyInfo with an uncompressed point, and of a signature as r||s (IEEE P1363,
// as WebCrypto gives).
const (
	spkiLen      = 91
	signatureLen = 64
)

// ConsentID names a consent by its public key: lower-case hex of the SHA-256 of the SubjectPublicKeyInfo.
func ConsentID(publicKey []byte) string {
	sum := sha256.Sum256(publicKey)
	return hex.EncodeToString(sum[:])
}

// StaffID names a staff key in the same way.
func StaffID(publicKey []byte) string { return ConsentID(publicKey) }

// ValidID reports whether id has the shape of a ConsentID.
func ValidID(id string) bool {
	raw, err := hex.DecodeString(id)
	return err == nil && len(raw) == sha256.Size && hex.EncodeToString(raw) == id
}

// ParseP256 reads a public key. Only the one encoding that WebCrypto and Go write is accepted, so that one key has one
// id.
func ParseP256(spki []byte) (*ecdsa.PublicKey, error) {
	if len(spki) != spkiLen {
		return nil, ErrKey
	}
	parsed, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, ErrKey
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, ErrKey
	}
	again, err := x509.MarshalPKIXPublicKey(key)
	if err != nil || !bytes.Equal(again, spki) {
		return nil, ErrKey
	}
	return key, nil
}

// VerifyP256 checks an ECDSA-SHA256 signature in r||s form (64 bytes) over message. The error is ErrKey or
// ErrSignature.
func VerifyP256(spki, message, signature []byte) error {
	key, err := ParseP256(spki)
	if err != nil {
		return err
	}
	if len(signature) != signatureLen {
		return ErrSignature
	}
	digest := sha256.Sum256(message)
	r := new(big.Int).SetBytes(signature[:signatureLen/2])
	s := new(big.Int).SetBytes(signature[signatureLen/2:])
	if !ecdsa.Verify(key, digest[:], r, s) {
		return ErrSignature
	}
	return nil
}
