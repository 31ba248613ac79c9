package release

import (
	"context"
	"encoding/json"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
)

// Request is what one member's gateway asks of another's, signed by the asking organisation so that the asking cannot
// be denied later.
type Request struct {
	Version int                   `json:"v"`
	ID      string                `json:"id"` // UUID, used once
	From    consortium.OrgID      `json:"from"`
	To      consortium.OrgID      `json:"to"` // the custodian
	Actor   consortium.Actor      `json:"actor"`
	Purpose consortium.Purpose    `json:"purpose"`
	Patient consortium.PatientRef `json:"patient"`
	Kinds   []consortium.Kind     `json:"kinds"`
	After   *Place                `json:"after,omitempty"` // the last record that came before; null: from the newest
	Time    time.Time             `json:"time"`
}

// Place is where a record stands in the order newest first: by time recorded, then type and id, all falling.
type Place struct {
	Recorded time.Time `json:"recorded"`
	Type     string    `json:"type"`
	ID       string    `json:"id"`
}

func (p *Place) cursor() *exchange.Cursor {
	if p == nil {
		return nil
	}
	return &exchange.Cursor{Recorded: p.Recorded, Type: p.Type, ID: p.ID}
}

// Reply is the custodian's signed answer: its decision, and when it allows the records, newest first, as many as one
// message carries.
type Reply struct {
	Version  int                 `json:"v"`
	Request  string              `json:"request"` // the id of the request it answers
	From     consortium.OrgID    `json:"from"`
	To       consortium.OrgID    `json:"to"`
	Decision consortium.Decision `json:"decision"`
	Records  []Released          `json:"records,omitempty"`
	More     bool                `json:"more,omitempty"` // older records of the kinds follow these and did not fit
	// in a part of several: how many of the kinds there are in all. Where fewer came together, one was changed meanwhile
	// and stands before the first part by now
	Held int       `json:"held,omitempty"`
	Time time.Time `json:"time"`
}

// Released is one record as it travels: the bytes, and what opens their commitment in the custodian's log.
type Released struct {
	Type     string          `json:"type"`
	ID       string          `json:"id"`
	Number   int             `json:"version"`
	Kind     consortium.Kind `json:"kind"`
	Recorded time.Time       `json:"recorded"`
	Entry    string          `json:"entry"` // id of the custodian's log entry
	// its place in the custodian's log; null while it has none. A hint: a proof shows whether it is true
	Index     *int64          `json:"index"`
	Salt      string          `json:"salt"`      // base64
	Statement json.RawMessage `json:"statement"` // canonical bytes of what the log entry commits to
	Content   []byte          `json:"content"`   // base64 in JSON, so that not one byte of the record changes on the way
}

// The types of signed message, bound into the signature so that one can never stand for another.
const (
	RequestType = "yilian-request+jws"
	ReplyType   = "yilian-reply+jws"
)

// Envelope signs messages as this organisation and opens those of other members.
type Envelope interface {
	Sign(messageType string, payload []byte) ([]byte, error)
	// Open verifies that the member signed a message of that type and gives its payload; fault.Unauthorized otherwise.
	Open(member consortium.OrgID, messageType string, message []byte) ([]byte, error)
}

// Courier carries a signed request to another member's gateway and brings back its signed reply. A member that cannot
// be reached is fault.Unavailable; a refusal to look at the request at all (replayed, too old) is the fault that the
// member named.
type Courier interface {
	Carry(ctx context.Context, to consortium.OrgID, request []byte) ([]byte, error)
}
