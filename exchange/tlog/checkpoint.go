// Package tlog is the formats and the maths of an organisation's transparency log: checkpoints (C2SP tlog-checkpoint
// over signed-note), tiles (C2SP tlog-tiles), leaves, commitments and proofs (RFC 6962). It does no I/O and reads no
// clock; the tree itself is golang.org/x/mod/sumdb/tlog.
package tlog

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a node of the tree.
type Hash = tlog.Hash

// Checkpoint is a commitment of a log to its first Size entries.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   Hash
}

// EmptyRoot is the root of the tree without entries: SHA-256 of nothing (RFC 6962, 2.1).
func EmptyRoot() Hash { return sha256.Sum256(nil) }

// Text is the note's body: origin, decimal size and base64 root, a line each (C2SP tlog-checkpoint).
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// SignCheckpoint returns the signed note. The signer's name is the log's origin.
func SignCheckpoint(c Checkpoint, signer note.Signer) ([]byte, error) {
	if signer.Name() != c.Origin {
		return nil, fmt.Errorf("sign checkpoint: key is named %q, log %q", signer.Name(), c.Origin)
	}
	return note.Sign(&note.Note{Text: c.Text()}, signer)
}

// OpenCheckpoint verifies a signed checkpoint against a verifier key ("<origin>+<hash>+<key>", signed-note) and parses
// it. The checkpoint's origin must be the key's name.
func OpenCheckpoint(msg []byte, verifierKey string) (Checkpoint, error) {
	verifier, err := note.NewVerifier(verifierKey)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("read verifier key: %w", err)
	}
	n, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("open checkpoint: %w", err)
	}
	if !strictSignatures(msg[len(n.Text):]) {
		return Checkpoint{}, errors.New("open checkpoint: a signature is not in the one form of its base64")
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != verifier.Name() {
		return Checkpoint{}, errors.New("checkpoint's origin is not the key's name")
	}
	return c, nil
}

// strictSignatures refuses base64 with bits to spare, which signed notes let pass: a byte of a checkpoint could be
// changed without being noticed.
func strictSignatures(lines []byte) bool {
	for line := range strings.Lines(strings.TrimPrefix(string(lines), "\n")) {
		signature := strings.TrimSuffix(line[strings.LastIndexByte(line, ' ')+1:], "\n")
		if _, err := base64.StdEncoding.Strict().DecodeString(signature); err != nil {
			return false
		}
	}
	return true
}

func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || lines[0] == "" {
		return Checkpoint{}, errors.New("checkpoint needs origin, size and root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, errors.New("checkpoint's size is not a plain decimal number")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != len(Hash{}) {
		return Checkpoint{}, errors.New("checkpoint's root is not the base64 of 32 bytes")
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: Hash(root)}, nil
}

// CheckConsistency verifies that the tree of newer begins with the tree of older (RFC 6962, 2.1.2). From the empty tree
// everything is consistent and the proof is empty.
func CheckConsistency(proof []Hash, newer, older Checkpoint) error {
	switch {
	case newer.Origin != older.Origin:
		return errors.New("checkpoints are of different logs")
	case newer.Size < older.Size:
		return errors.New("log became smaller")
	case newer.Size == older.Size:
		if newer.Root != older.Root || len(proof) != 0 {
			return errors.New("same size but another root")
		}
		return nil
	case older.Size == 0:
		if older.Root != EmptyRoot() || len(proof) != 0 {
			return errors.New("the empty tree needs no proof")
		}
		return nil
	}
	if err := tlog.CheckTree(proof, newer.Size, newer.Root, older.Size, older.Root); err != nil {
		return fmt.Errorf("check consistency: %w", err)
	}
	return nil
}

// ReadCheckpoint parses a checkpoint's text without verifying any signature: for notes that were verified before they
// were stored.
func ReadCheckpoint(signed []byte) (Checkpoint, error) { return parseCheckpoint(string(signed)) }
