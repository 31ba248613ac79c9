package release

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
)

// Sealer encrypts under this organisation's data key of a patient; aad binds the ciphertext to its place.
type Sealer interface {
	Seal(ctx context.Context, patient consortium.PatientRef, aad, plaintext []byte) ([]byte, error)
	Open(ctx context.Context, patient consortium.PatientRef, aad, ciphertext []byte) ([]byte, error)
}

// AccessLogger logs a decided access that reads nothing from the records of this organisation.
type AccessLogger interface {
	LogAccess(ctx context.Context, a exchange.Access) error
}

// Asking is the asking side of release between members: it asks custodians, keeps what came, and shows it again.
type Asking struct {
	Org      consortium.OrgID
	Book     logbook.Book
	Decider  exchange.Decider
	Envelope Envelope
	Courier  Courier
	Store    AskingStore
	Sealer   Sealer
	Access   AccessLogger
	Ledger   ConsentReader
	Prover   Prover
	Now      func() time.Time
	Keep     time.Duration // how long a received copy may be shown; at most the custodian's consent
}

// Ask asks a custodian for a patient's records of some kinds. A refusal by the custodian's policy is a Result whose
// Decision does not allow, not an error. Before anything leaves, this organisation's own policy must allow the actor to
// look for the patient at all.
func (r *Asking) Ask(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
	custodian consortium.OrgID, kinds []consortium.Kind,
) (Result, error) {
	kinds, err := checkAsked(r.Org, purpose, patient, custodian, kinds)
	if err != nil {
		return Result{}, err
	}
	return r.ask(ctx, Request{
		Version: 1, From: r.Org, To: custodian, Actor: actor, Purpose: purpose, Patient: patient, Kinds: kinds,
	})
}

// More asks the custodian of an earlier answer for the records that follow those that came with it. It is a request of
// its own: decided, logged and kept like any other. It is fault.Conflict where nothing follows.
func (r *Asking) More(ctx context.Context, actor consortium.Actor, id string) (Result, error) {
	rec, reply, err := r.recall(ctx, actor, id)
	if err != nil {
		return Result{}, err
	}
	if !reply.Decision.Allow {
		return Result{}, exchange.NewRefused(reply.Decision)
	}
	if !reply.More || len(reply.Records) == 0 {
		return Result{}, fault.New(fault.Conflict, CodeNoMore, "All records of this question have come already.")
	}
	q, last := reply.Decision.Query, reply.Records[len(reply.Records)-1]
	return r.ask(ctx, Request{
		Version: 1, From: r.Org, To: rec.Custodian, Actor: actor, Purpose: q.Purpose, Patient: rec.Patient, Kinds: q.Kinds,
		After: &Place{Recorded: last.Recorded, Type: last.Type, ID: last.ID},
	})
}

// ask sends a request, without id and time yet, where this organisation's own policy lets the actor look.
func (r *Asking) ask(ctx context.Context, req Request) (Result, error) {
	own, err := r.mayLook(ctx, req.Actor, req.Purpose, req.Patient, req.Kinds)
	if err != nil {
		return Result{}, err
	}
	if !own.Allow {
		return Result{Custodian: req.To, Patient: req.Patient, Decision: own}, nil
	}
	req.ID, req.Time = uuid.NewString(), r.Now().UTC()
	reply, err := r.send(ctx, req)
	if err != nil {
		return Result{}, err
	}
	return r.accept(ctx, req, reply)
}

// accept takes a reply in: what it claims is confirmed by others first, then it is kept with its receipt, and only then
// shown.
func (r *Asking) accept(ctx context.Context, req Request, reply Reply) (Result, error) {
	confirmed, err := r.confirmConsent(ctx, reply.Decision)
	if err != nil {
		return Result{}, err
	}
	var witnessed []bool
	if confirmed {
		if witnessed, err = r.prove(ctx, req.To, req.Patient, reply.Records); err != nil {
			return Result{}, err
		}
	}
	rec, err := r.keep(ctx, req, reply)
	if err != nil {
		return Result{}, err
	}
	if !confirmed {
		return r.Show(ctx, req.Actor, req.ID) // decides by what the ledger says then, and proves
	}
	return result(rec, reply, witnessed)
}

// checkAsked refuses what no policy needs to see, and sorts the kinds.
func checkAsked(
	org consortium.OrgID, purpose consortium.Purpose, patient consortium.PatientRef, custodian consortium.OrgID,
	kinds []consortium.Kind,
) ([]consortium.Kind, error) {
	switch {
	case !purpose.Valid():
		return nil, fault.New(
			fault.Invalid, CodePurpose, "Say why the records are needed: choose one of the listed purposes.",
		)
	case !patient.Valid():
		return nil, fault.New(
			fault.Invalid, CodePatient,
			"The patient reference is not of the right form. Find the patient by identifier first.",
		)
	case !custodian.Valid() || custodian == org:
		return nil, fault.New(fault.Invalid, CodeCustodian, "Choose another member organisation to ask.")
	case len(kinds) == 0:
		return nil, fault.New(fault.Invalid, CodeNoKinds, "Choose at least one kind of record.")
	}
	kinds = slices.Clone(kinds)
	slices.Sort(kinds)
	kinds = slices.Compact(kinds)
	for _, k := range kinds {
		if !k.Valid() {
			return nil, fault.New(
				fault.Invalid, CodeKind, "One of the kinds of record is not known. Choose from the list.",
			)
		}
	}
	return kinds, nil
}

// mayLook asks this organisation's own policy, so that nobody here can go fishing at other members, and logs what it
// says.
func (r *Asking) mayLook(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
	kinds []consortium.Kind,
) (consortium.Decision, error) {
	d, err := r.Decider.Decide(
		ctx,
		consortium.Query{
			Actor:     actor,
			Purpose:   purpose,
			Action:    consortium.ActionAsk,
			Custodian: r.Org,
			Patient:   patient,
			Kinds:     kinds,
			Time:      r.Now().UTC(),
		},
	)
	if err != nil {
		return consortium.Decision{}, fmt.Errorf("decide own request: %w", err)
	}
	if err := r.Access.LogAccess(ctx, exchange.Access{Decision: d}); err != nil {
		return consortium.Decision{}, fmt.Errorf("log own request: %w", err)
	}
	return d, nil
}

func (r *Asking) send(ctx context.Context, req Request) (Reply, error) {
	payload, err := json.Marshal(req)
	if err != nil {
		return Reply{}, fmt.Errorf("encode request: %w", err)
	}
	signed, err := r.Envelope.Sign(RequestType, payload)
	if err != nil {
		return Reply{}, fmt.Errorf("sign request: %w", err)
	}
	answer, err := r.Courier.Carry(ctx, req.To, signed)
	if err != nil {
		return Reply{}, fmt.Errorf("carry request: %w", err)
	}
	opened, err := r.Envelope.Open(req.To, ReplyType, answer)
	if err != nil {
		return Reply{}, fault.Wrap(
			err, fault.Unavailable, CodeUntrusted,
			"The other organisation's answer could not be verified, so it was not used. "+
				"Try again; tell your administrator if it happens again.",
		)
	}
	var reply Reply
	if err := readExactly(opened, &reply); err != nil {
		return Reply{}, untrusted(err)
	}
	if err := checkReply(req, reply); err != nil {
		return Reply{}, untrusted(err)
	}
	return reply, acceptable(reply.Decision)
}
