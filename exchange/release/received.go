package release

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
)

// Received is an answered request as the asking organisation keeps it, content sealed under its own key for the
// patient.
type Received struct {
	ID        string
	Actor     string // who asked, and the only one who may show it again
	Patient   consortium.PatientRef
	Custodian consortium.OrgID
	Allowed   bool
	Sealed    []byte // the reply, and what opens the receipt's commitment
	Created   time.Time
	Expires   time.Time
	Entry     logbook.Entry // the receipt
}

// AskingStore keeps answered requests.
type AskingStore interface {
	// SaveReceived keeps r and its log entry in one transaction; fault.Conflict where that request has its answer already.
	SaveReceived(ctx context.Context, org consortium.OrgID, r Received) error
	// Received returns an answered request, without its log entry; fault.NotFound where there is none, whatever id was
	// asked for.
	Received(ctx context.Context, org consortium.OrgID, id string) (Received, error)
}

// Part is one received record with what its evidence needs.
type Part struct {
	Custodian consortium.OrgID
	Version   exchange.Version
	Index     *int64 // its place in the custodian's log; nil when it had none yet
}

// Result is an answered request for people to read.
type Result struct {
	ID        string
	Custodian consortium.OrgID
	Patient   consortium.PatientRef
	Decision  consortium.Decision
	Records   []exchange.Version // newest first
	More      bool               // older ones follow at the custodian: Asking.More asks for them
	Held      int                // in a part of several: how many of the kinds the custodian holds in all, as it says
	// Witnessed says of each record whether it was proven to stand in the custodian's log, as the members attest it.
	Witnessed []bool
	Received  time.Time
	Expires   time.Time // when the copy can no longer be shown and has to be asked for anew
}

// keptReply is what a Received holds sealed.
type keptReply struct {
	Reply   Reply  `json:"reply"`
	Opening []byte `json:"opening"` // salt and statement of the receipt
}

// keep seals the answer and logs the receipt.
func (r *Asking) keep(ctx context.Context, req Request, reply Reply) (Received, error) {
	now := r.Now().UTC()
	entry, opening, err := handoverEntry(r.Book, tlog.KindReceipt, req, reply, now)
	if err != nil {
		return Received{}, err
	}
	body, err := json.Marshal(keptReply{Reply: reply, Opening: opening.Bytes()})
	if err != nil {
		return Received{}, fmt.Errorf("encode reply: %w", err)
	}
	sealed, err := r.Sealer.Seal(ctx, req.Patient, receivedAAD(r.Org, req.ID), body)
	if err != nil {
		return Received{}, fmt.Errorf("seal reply: %w", err)
	}
	rec := Received{
		ID: req.ID, Actor: req.Actor.ID, Patient: req.Patient, Custodian: req.To, Allowed: reply.Decision.Allow,
		Sealed: sealed, Created: now, Expires: now.Add(r.Keep), Entry: entry,
	}
	if err := r.Store.SaveReceived(ctx, r.Org, rec); err != nil {
		return Received{}, fmt.Errorf("keep reply: %w", err)
	}
	return rec, nil
}

func receivedAAD(org consortium.OrgID, id string) []byte {
	return logbook.Place("yilian/received/v2", string(org), id)
}

func result(rec Received, reply Reply, witnessed []bool) (Result, error) {
	res := Result{
		ID:        rec.ID,
		Custodian: rec.Custodian,
		Patient:   rec.Patient,
		Decision:  reply.Decision,
		More:      reply.More,
		Held:      reply.Held,
		Witnessed: witnessed,
		Received:  rec.Created,
		Expires:   rec.Expires,
	}
	for _, released := range reply.Records {
		v, err := released.version(rec.Custodian, rec.Patient)
		if err != nil {
			return Result{}, err
		}
		res.Records = append(res.Records, v)
	}
	return res, nil
}

// Show returns an answered request again to the person who asked, while it lasts and while the consent that it came
// under holds, and logs that it was looked at. When the consent does not hold any more, the Result is a refusal without
// records.
func (r *Asking) Show(ctx context.Context, actor consortium.Actor, id string) (Result, error) {
	rec, reply, err := r.recall(ctx, actor, id)
	if err != nil {
		return Result{}, err
	}
	witnessed, err := r.prove(ctx, rec.Custodian, rec.Patient, reply.Records)
	if err != nil {
		return Result{}, err
	}
	return result(rec, reply, witnessed)
}

// Part returns one record of an answered request, under the rules of Show; a refusal is an error here.
func (r *Asking) Part(ctx context.Context, actor consortium.Actor, id, typ, record string) (Part, error) {
	rec, reply, err := r.recall(ctx, actor, id)
	if err != nil {
		return Part{}, err
	}
	if !reply.Decision.Allow {
		return Part{}, exchange.NewRefused(reply.Decision)
	}
	for _, released := range reply.Records {
		if released.Type == typ && released.ID == record {
			v, err := released.version(rec.Custodian, rec.Patient)
			return Part{Custodian: rec.Custodian, Version: v, Index: released.Index}, err
		}
	}
	return Part{}, fault.New(fault.NotFound, CodeNoRecord, "There is no such record in this answer.")
}

// recall opens an answered request for the one who asked, decides whether it may still be shown, and logs that.
func (r *Asking) recall(ctx context.Context, actor consortium.Actor, id string) (Received, Reply, error) {
	absent := fault.New(
		fault.NotFound, CodeNoRequest,
		"There is no such answer for you, or its time is over. Ask the other organisation again.",
	)
	if _, err := uuid.Parse(id); err != nil {
		return Received{}, Reply{}, absent
	}
	rec, err := r.Store.Received(ctx, r.Org, id)
	if err != nil {
		return Received{}, Reply{}, err
	}
	if rec.Actor != actor.ID || actor.Org != r.Org || !r.Now().Before(rec.Expires) {
		return Received{}, Reply{}, absent
	}
	body, err := r.Sealer.Open(ctx, rec.Patient, receivedAAD(r.Org, rec.ID), rec.Sealed)
	if err != nil {
		return Received{}, Reply{}, fmt.Errorf("open reply: %w", err)
	}
	var kept keptReply
	if err := json.Unmarshal(body, &kept); err != nil {
		return Received{}, Reply{}, fmt.Errorf("decode reply: %w", err)
	}
	reply := kept.Reply
	decision, err := r.mayRecall(ctx, actor, reply.Decision)
	if err != nil {
		return Received{}, Reply{}, err
	}
	if err := r.Access.LogAccess(ctx, exchange.Access{Decision: decision, Request: rec.ID}); err != nil {
		return Received{}, Reply{}, fmt.Errorf("log reading: %w", err)
	}
	if !decision.Allow {
		reply.Decision, reply.Records, reply.More, reply.Held = decision, nil, false, 0
	}
	return rec, reply, nil
}

// mayRecall asks this organisation's policy whether what a custodian released may still be shown; a refusal stays the
// refusal that it was.
func (r *Asking) mayRecall(
	ctx context.Context, actor consortium.Actor, released consortium.Decision,
) (consortium.Decision, error) {
	if !released.Allow {
		return released, nil
	}
	d, err := r.Decider.Decide(ctx, consortium.Query{
		Actor:     actor,
		Purpose:   released.Query.Purpose,
		Action:    consortium.ActionRecall,
		Custodian: r.Org,
		Patient:   released.Query.Patient,
		Kinds:     released.Query.Kinds,
		Time:      r.Now().UTC(),
		Consent:   released.Consent,
	})
	if err != nil {
		return consortium.Decision{}, fmt.Errorf("decide showing again: %w", err)
	}
	return d, nil
}
