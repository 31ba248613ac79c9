package consenttest

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// Keys is real authenticated encryption under a key for each patient, made from a name that stands for the
// organisation.
type Keys string

var _ consent.Keys = Keys("")

// Seal encrypts.
func (k Keys) Seal(_ context.Context, patient consortium.PatientRef, aad, plaintext []byte) ([]byte, error) {
	gcm, err := k.cipher(patient)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, gcm.NonceSize())
	_, _ = rand.Read(nonce)
	return gcm.Seal(nonce, nonce, plaintext, aad), nil
}

// Open decrypts.
func (k Keys) Open(_ context.Context, patient consortium.PatientRef, aad, ciphertext []byte) ([]byte, error) {
	gcm, err := k.cipher(patient)
	if err != nil {
		return nil, err
	}
	if len(ciphertext) < gcm.NonceSize() {
		return nil, fault.New(fault.Internal, CodeSealBroken, "This was changed.")
	}
	plain, err := gcm.Open(nil, ciphertext[:gcm.NonceSize()], ciphertext[gcm.NonceSize():], aad)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, CodeSealBroken, "This was changed.")
	}
	return plain, nil
}

func (k Keys) cipher(patient consortium.PatientRef) (cipher.AEAD, error) {
	key := sha256.Sum256([]byte(string(k) + "|" + string(patient)))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
