package release

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

func untrusted(err error) error {
	return fault.Wrap(
		err, fault.Unavailable, CodeUntrusted,
		"The other organisation's answer does not match what was asked, so it was not used. "+
			"Try again; tell your administrator if it happens again.",
	)
}

// checkReply holds a reply against its request and every record against its own statement: what the receipt will say is
// what was received.
func checkReply(req Request, reply Reply) error {
	q := reply.Decision.Query
	switch {
	case reply.Version != 1, reply.Request != req.ID, reply.From != req.To, reply.To != req.From:
		return fmt.Errorf("reply answers another request")
	case q.Patient != req.Patient, q.Purpose != req.Purpose, q.Custodian != req.To, !slices.Equal(q.Kinds, req.Kinds),
		q.Action != consortium.ActionRelease, q.Actor.ID != req.Actor.ID, q.Actor.Org != req.Actor.Org:
		return fmt.Errorf("decision is about another question")
	case !reply.Decision.Allow && (len(reply.Records) > 0 || reply.More):
		return fmt.Errorf("records came with a refusal")
	case reply.More && len(reply.Records) == 0, reply.Held < 0, reply.Held > maxCount,
		!reply.More && req.After == nil && reply.Held != 0:
		return fmt.Errorf("what follows is not said as documented")
	}
	if err := checkOrder(req.After, reply.Records); err != nil {
		return err
	}
	if err := checkAmount(reply.Records); err != nil {
		return err
	}
	for i, rec := range reply.Records {
		if !slices.Contains(req.Kinds, rec.Kind) {
			return fmt.Errorf("record %d is of a kind that was not asked for", i)
		}
		if err := rec.check(req.To, req.Patient); err != nil {
			return fmt.Errorf("record %d: %w", i, err)
		}
		if err := rec.checkContent(); err != nil {
			return fmt.Errorf("record %d: %w", i, err)
		}
	}
	return nil
}

// checkOrder wants the records newest first, and after what the request says: else what follows could never be asked
// for.
func checkOrder(after *Place, records []Released) error {
	for i, rec := range records {
		place := Place{rec.Recorded, rec.Type, rec.ID}
		if after != nil && !place.follows(*after) {
			return fmt.Errorf("record %d is out of order", i)
		}
		after = &place
	}
	return nil
}

// follows reports whether p comes after q in the order newest first.
func (p Place) follows(q Place) bool {
	return cmp.Or(q.Recorded.Compare(p.Recorded), cmp.Compare(q.Type, p.Type), cmp.Compare(q.ID, p.ID)) > 0
}

// check rebuilds the statement from the record and wants the same bytes.
func (rec Released) check(custodian consortium.OrgID, patient consortium.PatientRef) error {
	v, err := rec.version(custodian, patient)
	if err != nil {
		return err
	}
	if want := exchange.Statement(v); !bytes.Equal(want, rec.Statement) {
		return fmt.Errorf("statement does not match the record")
	}
	return nil
}

func (rec Released) version(custodian consortium.OrgID, patient consortium.PatientRef) (exchange.Version, error) {
	salt, err := base64.StdEncoding.DecodeString(rec.Salt)
	if err != nil || len(salt) != 32 {
		return exchange.Version{}, fmt.Errorf("salt is not 32 bytes of base64")
	}
	return exchange.Version{
		Ref: exchange.RecordRef{
			Org:  custodian,
			Type: rec.Type,
			ID:   rec.ID,
		}, Number: rec.Number, Patient: patient, Kind: rec.Kind,
		Recorded: rec.Recorded, Content: rec.Content, Salt: [32]byte(salt), Entry: rec.Entry,
	}, nil
}
