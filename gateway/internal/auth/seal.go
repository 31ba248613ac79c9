package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
)

// sealer is AES-256-GCM with random nonces, which Encrypt puts first.
type sealer struct{ aead cipher.AEAD }

var _ Sealer = sealer{}

// NewSealer derives a sealing key from a secret of at least 16 bytes that all gateways of the organisation hold and
// nobody else.
func NewSealer(secret []byte) (Sealer, error) {
	if len(secret) < 16 {
		return nil, errors.New("make sealer: secret is shorter than 16 bytes")
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "yilian/session-seal/v1", 32)
	if err != nil {
		return nil, fmt.Errorf("make sealer: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make sealer: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make sealer: %w", err)
	}
	return sealer{aead}, nil
}

// Encrypt seals plaintext.
func (s sealer) Encrypt(plaintext, associatedData []byte) ([]byte, error) {
	return s.aead.Seal(nil, nil, plaintext, associatedData), nil
}

// Decrypt opens what Encrypt sealed with the same associated data.
func (s sealer) Decrypt(ciphertext, associatedData []byte) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, ciphertext, associatedData)
	if err != nil {
		return nil, fmt.Errorf("open sealed value: %w", err)
	}
	return plain, nil
}
