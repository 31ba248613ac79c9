// Package evidence builds and verifies evidence files: everything that a stranger needs to check, offline and trusting
// no member, that a record was kept by an organisation in exactly these bytes, stands in that organisation's log, and
// that the log up to there was witnessed by the members together. It does no I/O; what it needs comes in through ports.
//
// An evidence file is one JSON object (File) in exactly one form of bytes. Nothing in it stands twice: the entry's
// index and the signed checkpoint are inside the C2SP tlog-proof, and what the ledger knows of the log is inside the
// attestation, what the peers signed of a signed read (chaincode/README.md).
package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// Type and Version name the format. A reader refuses versions that it does not know.
const (
	Type    = "yilian/evidence"
	Version = 2
)

// MaxSize is the largest file in bytes that is read: a record of 16 MiB in base64 and what proves it.
const MaxSize = 32 << 20

// File is the content of an evidence file. Byte fields are standard base64 with padding.
type File struct {
	Type        string      `json:"type"`        // Type
	Version     int         `json:"version"`     // Version
	Statement   string      `json:"statement"`   // what was committed to, a Statement as canonical JSON (RFC 8785)
	Content     []byte      `json:"content"`     // the record's bytes as stored
	Salt        []byte      `json:"salt"`        // 32 bytes that open the commitment
	Leaf        string      `json:"leaf"`        // the public log entry, canonical JSON
	Proof       string      `json:"proof"`       // C2SP tlog-proof: index, inclusion proof and signed checkpoint
	Key         string      `json:"key"`         // signed-note verifier key of the log
	Neighbours  []Neighbour `json:"neighbours"`  // entries around it, which bound its time
	Attestation Attestation `json:"attestation"` // what the members' peers signed of witness:Attest
}

// Statement is what the log entry of a record's version commits to.
type Statement struct {
	V        int       `json:"v"`
	Org      string    `json:"org"`
	Type     string    `json:"type"`
	ID       string    `json:"id"`
	Version  int       `json:"version"`
	Patient  string    `json:"patient"`
	Kind     string    `json:"kind"`
	SHA256   string    `json:"sha256"` // hex, of the stored bytes
	Recorded time.Time `json:"recorded"`
	Deleted  bool      `json:"deleted,omitempty"`
}

// Parse reads an evidence file. It checks the shape and verifies nothing. Errors are fault.Invalid.
func Parse(data []byte) (File, error) {
	f, err := parse(data)
	if err != nil {
		return File{}, fault.Wrap(
			err, fault.Invalid, CodeNotEvidence, "This is not an evidence file that can be read here: "+err.Error()+".",
		)
	}
	return f, nil
}

// parse returns errors whose text quotes nothing of the file.
func parse(data []byte) (File, error) {
	if len(data) > MaxSize {
		return File{}, errors.New("it is too large")
	}
	var head struct {
		Type    string `json:"type"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return File{}, errors.New("it is not a JSON object of the expected shape")
	}
	if head.Type == Type && head.Version == 1 {
		return File{}, errors.New("it is of the first version of the format, which could be written in more than one way " +
			"and did not bound the time of recording; ask the organisation for a new file")
	}
	if head.Type != Type || head.Version != Version {
		return File{}, fmt.Errorf("its type and version are not %q, %d", Type, Version)
	}
	var f File
	if err := readExactly(data, &f); err != nil {
		return File{}, err
	}
	if len(f.Salt) != 32 {
		return File{}, errors.New("its salt is not 32 bytes")
	}
	if _, err := f.statement(); err != nil {
		return File{}, err
	}
	return f, nil
}

// Bytes returns the file as it is handed out, the only form in which it is read again.
func (f File) Bytes() ([]byte, error) { return layOut(f) }

// statement reads what was committed to. Only the canonical form of a record's statement is one: with exactly the known
// keys, each once.
func (f File) statement() (Statement, error) {
	malformed := errors.New("its statement is not that of a record in canonical form")
	var s Statement
	if err := json.Unmarshal([]byte(f.Statement), &s); err != nil {
		return Statement{}, malformed
	}
	s.Recorded = s.Recorded.UTC()
	canonical, err := tlog.Canonical(s)
	if err != nil || !bytes.Equal(canonical, []byte(f.Statement)) {
		return Statement{}, malformed
	}
	if s.V != 1 || s.Org == "" || s.Type == "" || s.ID == "" || s.Version < 1 || s.Recorded.IsZero() {
		return Statement{}, malformed
	}
	return s, nil
}

// checkContent compares the record's bytes with the statement.
func (f File) checkContent(s Statement) error {
	sum := sha256.Sum256(f.Content)
	if hex.EncodeToString(sum[:]) != s.SHA256 {
		return errors.New("the record's bytes do not have the stated SHA-256")
	}
	if s.Deleted && len(f.Content) != 0 {
		return errors.New("a deletion has content")
	}
	return nil
}

// checkCommitment compares statement and salt with the log entry.
func (f File) checkCommitment(s Statement) error {
	leaf, err := tlog.ParseLeaf([]byte(f.Leaf))
	if err != nil {
		return err
	}
	if leaf.Kind != tlog.KindRecord {
		return errors.New("the log entry is not that of a record")
	}
	if tlog.Commit(leaf.Kind, [32]byte(f.Salt), []byte(f.Statement)) != leaf.Commitment {
		return errors.New("statement and salt do not open the log entry's commitment")
	}
	if !leaf.Time.Equal(s.Recorded.Truncate(time.Hour)) {
		return errors.New("the log entry is of another hour than the statement says")
	}
	return nil
}
