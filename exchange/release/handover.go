package release

import (
	"encoding/base64"
	"fmt"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/logbook"
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

// handoverEntry makes the log entry of one side (tlog.KindRelease or tlog.KindReceipt) and what opens it.
func handoverEntry(
	book logbook.Book, kind string, req Request, reply Reply, at time.Time,
) (logbook.Entry, logbook.Opening, error) {
	h := handover{
		Version: 1, Org: book.Org, Request: req.ID, From: req.To, To: req.From, Patient: req.Patient,
		Allowed: reply.Decision.Allow, Consent: reply.Decision.Consent, Records: []string{}, Time: at,
	}
	for i, rec := range reply.Records {
		salt, err := base64.StdEncoding.DecodeString(rec.Salt)
		if err != nil || len(salt) != 32 {
			return logbook.Entry{}, logbook.Opening{}, fmt.Errorf("record %d: salt is not 32 bytes of base64", i)
		}
		c := tlog.Commit(tlog.KindRecord, [32]byte(salt), rec.Statement)
		h.Records = append(h.Records, base64.StdEncoding.EncodeToString(c[:]))
	}
	return book.New(kind, at, h)
}
