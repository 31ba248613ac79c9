package exchange

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/google/uuid"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
)

// handover is what a release and a receipt commit to: the two sides of one handing over, so that either shows the
// other's omission.
type handover struct {
	Version int                   `json:"v"`
	Org     consortium.OrgID      `json:"org"` // whose log it stands in
	Request string                `json:"request"`
	From    consortium.OrgID      `json:"from"` // the custodian
	To      consortium.OrgID      `json:"to"`
	Patient consortium.PatientRef `json:"patient"`
	Allowed bool                  `json:"allowed"`
	Consent string                `json:"consent,omitempty"`
	Records []string              `json:"records"` // commitments of the record versions, base64, in the order handed over
	Time    time.Time             `json:"time"`
}

// handoverEntry makes the log entry of one side (tlog.KindRelease or tlog.KindReceipt) and what opens its commitment,
// salt and statement: without the latter kept, the entry would prove nothing to anybody.
func handoverEntry(
	kind string, org consortium.OrgID, req Request, reply Reply, at time.Time,
) (LogEntry, []byte, error) {
	h := handover{
		Version: 1, Org: org, Request: req.ID, From: req.To, To: req.From, Patient: req.Patient,
		Allowed: reply.Decision.Allow, Consent: reply.Decision.Consent, Records: []string{}, Time: at,
	}
	for i, rec := range reply.Records {
		salt, err := base64.StdEncoding.DecodeString(rec.Salt)
		if err != nil || len(salt) != 32 {
			return LogEntry{}, nil, fmt.Errorf("record %d: salt is not 32 bytes of base64", i)
		}
		c := tlog.Commit(tlog.KindRecord, [32]byte(salt), rec.Statement)
		h.Records = append(h.Records, base64.StdEncoding.EncodeToString(c[:]))
	}
	statement, err := tlog.Canonical(h)
	if err != nil {
		return LogEntry{}, nil, fmt.Errorf("canonicalise %s: %w", kind, err)
	}
	var salt [32]byte
	_, _ = rand.Read(salt[:]) // crypto/rand.Read never fails (Go 1.24)
	leaf := tlog.NewLeaf(kind, at, tlog.Commit(kind, salt, statement))
	return LogEntry{ID: uuid.NewString(), Leaf: leaf}, append(salt[:], statement...), nil
}
