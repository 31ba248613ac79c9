package exchange

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
)

// recordStatement is what the log entry of a record version commits to.
type recordStatement struct {
	V        int                   `json:"v"`
	Org      consortium.OrgID      `json:"org"`
	Type     string                `json:"type"`
	ID       string                `json:"id"`
	Version  int                   `json:"version"`
	Patient  consortium.PatientRef `json:"patient"`
	Kind     consortium.Kind       `json:"kind"`
	SHA256   string                `json:"sha256"`   // hex, of the stored bytes
	Recorded string                `json:"recorded"` // RFC 3339 in UTC, fraction without trailing zeros
	Deleted  bool                  `json:"deleted,omitempty"`
}

// Statement returns the canonical bytes that the log entry of v commits to, for example
// {"id":"…","kind":"observations","org":"donghu","patient":"p…","recorded":"2026-11-21T20:00:00.123456Z",
// "sha256":"…","type":"Observation","v":1,"version":1}. A deletion carries "deleted":true and the hash of nothing.
func Statement(v Version) []byte {
	sum := sha256.Sum256(v.Content)
	out, err := tlog.Canonical(recordStatement{
		V: 1, Org: v.Ref.Org, Type: v.Ref.Type, ID: v.Ref.ID, Version: v.Number, Patient: v.Patient, Kind: v.Kind,
		SHA256: hex.EncodeToString(sum[:]), Recorded: v.Recorded.UTC().Format(time.RFC3339Nano), Deleted: v.Deleted,
	})
	if err != nil {
		// Strings, integers and booleans always encode.
		panic(fmt.Sprintf("exchange: encode record statement: %v", err))
	}
	return out
}
