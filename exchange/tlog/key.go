package tlog

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// algEd25519 is the type byte of Ed25519 keys in signed notes.
const algEd25519 = 1

// GenerateKey makes a log's key pair, named for its origin, in the encoding of signed notes: signer
// "PRIVATE+KEY+<name>+<hash>+<key>", to be kept secret, and verifier "<name>+<hash>+<key>".
func GenerateKey(random io.Reader, origin string) (signer, verifier string, err error) {
	signer, verifier, err = note.GenerateKey(random, origin)
	if err != nil {
		return "", "", fmt.Errorf("generate log key: %w", err)
	}
	return signer, verifier, nil
}

// VerifierKey returns the public half of a signer key. The error never quotes the key.
func VerifierKey(signer string) (string, error) {
	signer = strings.TrimSpace(signer)
	s, err := note.NewSigner(signer)
	if err != nil {
		return "", errors.New("signer key is malformed")
	}
	fields := strings.SplitN(signer, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(fields[len(fields)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize || raw[0] != algEd25519 {
		return "", errors.New("signer key is not an Ed25519 key")
	}
	public := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	key, err := note.NewEd25519VerifierKey(s.Name(), public)
	if err != nil {
		return "", errors.New("signer key has a name that no verifier key can have")
	}
	return key, nil
}

// KeyName returns the name of a verifier key, which is its log's origin, after checking that the key is well-formed.
func KeyName(verifier string) (string, error) {
	v, err := note.NewVerifier(verifier)
	if err != nil {
		return "", fmt.Errorf("read verifier key: %w", err)
	}
	return v.Name(), nil
}

// Signer signs notes under a log's key. It is x/mod's, named here so that other packages need not import it; a key in
// an HSM fits as well.
type Signer = note.Signer

// NewSigner reads a signer key as GenerateKey gives it. The error never quotes the key.
func NewSigner(signer string) (Signer, error) {
	s, err := note.NewSigner(strings.TrimSpace(signer))
	if err != nil {
		return nil, errors.New("signer key is malformed")
	}
	return s, nil
}
