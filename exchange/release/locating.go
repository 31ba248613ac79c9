package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// LocateRequest is what one member's gateway asks of another's: what do you hold on this patient. It is signed by the
// asking organisation. What a member holds stands nowhere but at that member, and it decides whom it tells.
type LocateRequest struct {
	Version int                   `json:"v"`
	ID      string                `json:"id"` // UUID
	From    consortium.OrgID      `json:"from"`
	To      consortium.OrgID      `json:"to"`
	Actor   consortium.Actor      `json:"actor"`
	Purpose consortium.Purpose    `json:"purpose"`
	Patient consortium.PatientRef `json:"patient"`
	Time    time.Time             `json:"time"`
}

// LocateReply is the signed answer. Whoever may not know gets the answer of a member that holds nothing.
type LocateReply struct {
	Version  int              `json:"v"`
	Request  string           `json:"request"` // the id of the request it answers
	From     consortium.OrgID `json:"from"`
	To       consortium.OrgID `json:"to"`
	Holdings []Held           `json:"holdings"`
	Time     time.Time        `json:"time"`
}

// Held says how many records of a kind a member holds.
type Held struct {
	Kind   consortium.Kind `json:"kind"`
	Count  int             `json:"count"`
	Latest time.Time       `json:"latest"` // when the newest change was recorded
}

// The types of signed message about holdings.
const (
	LocateType  = "yilian-locate+jws"
	LocatedType = "yilian-located+jws"
)

// LocateCourier carries a signed question about holdings to another member's gateway and brings back its signed answer.
type LocateCourier interface {
	CarryLocate(ctx context.Context, to consortium.OrgID, request []byte) ([]byte, error)
}

// Own tells what this organisation itself holds, under its own policy.
type Own interface {
	Locate(
		ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
	) ([]exchange.Holding, error)
}

// Locating finds out which members hold what on a patient, by asking each of them.
type Locating struct {
	Org      consortium.OrgID
	Members  []consortium.OrgID // the others
	Own      Own
	Decider  exchange.Decider
	Envelope Envelope
	Courier  LocateCourier
	Access   AccessLogger
	Now      func() time.Time
	Patience time.Duration // how long a member may take to answer
}

// Locate returns what members hold on a patient, as far as each lets the actor know. A member that could not be asked
// stands in the list as Unreached: that it holds nothing is not known.
func (l *Locating) Locate(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
) ([]exchange.Holding, error) {
	own, refusal := l.Own.Locate(ctx, actor, purpose, patient)
	var refused *exchange.Refused
	if refusal != nil && !errors.As(refusal, &refused) {
		return nil, refusal
	}
	may, err := l.mayAsk(ctx, actor, purpose, patient)
	if err != nil {
		return nil, err
	}
	if !may {
		return own, refusal
	}
	others, err := l.askAll(ctx, actor, purpose, patient)
	if err != nil {
		return nil, err
	}
	if len(own)+len(others) == 0 && refusal != nil {
		return nil, refusal
	}
	return append(own, others...), nil
}

// mayAsk asks this organisation's own policy, so that nobody here goes fishing at other members, and logs what it says.
func (l *Locating) mayAsk(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
) (bool, error) {
	d, err := l.Decider.Decide(ctx, consortium.Query{
		Actor: actor, Purpose: purpose, Action: consortium.ActionAsk, Custodian: l.Org, Patient: patient,
		Kinds: allKinds(), Time: l.Now().UTC(),
	})
	if err != nil {
		return false, fmt.Errorf("decide asking: %w", err)
	}
	if !d.Allow {
		return false, nil // the refusal of locating says so already, in the patient's log too
	}
	if err := l.Access.LogAccess(ctx, exchange.Access{Decision: d}); err != nil {
		return false, fmt.Errorf("log asking: %w", err)
	}
	return true, nil
}

func allKinds() []consortium.Kind {
	kinds := consortium.PatientKinds()
	slices.Sort(kinds)
	return kinds
}

// askAll asks the others at the same time, so that one that is silent holds up nobody for longer than Patience.
func (l *Locating) askAll(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
) ([]exchange.Holding, error) {
	answers := make([][]exchange.Holding, len(l.Members))
	var all sync.WaitGroup
	for i, member := range l.Members {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, l.Patience)
			defer cancel()
			held, err := l.askOne(ctx, actor, purpose, patient, member)
			if err != nil {
				held = []exchange.Holding{{Org: member, Unreached: true}}
			}
			answers[i] = held
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil, fault.Wrap(
			ctx.Err(), fault.Unavailable, CodeTimedOut, "The request was ended before it was finished. Please try again.",
		)
	}
	return slices.Concat(answers...), nil
}

func (l *Locating) askOne(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
	member consortium.OrgID,
) ([]exchange.Holding, error) {
	req := LocateRequest{
		Version: 1,
		ID:      uuid.NewString(),
		From:    l.Org,
		To:      member,
		Actor:   actor,
		Purpose: purpose,
		Patient: patient,
		Time:    l.Now().UTC(),
	}
	payload, err := json.Marshal(req)
	if err != nil {
		return nil, fmt.Errorf("encode question: %w", err)
	}
	signed, err := l.Envelope.Sign(LocateType, payload)
	if err != nil {
		return nil, fmt.Errorf("sign question: %w", err)
	}
	answer, err := l.Courier.CarryLocate(ctx, member, signed)
	if err != nil {
		return nil, fmt.Errorf("carry question: %w", err)
	}
	opened, err := l.Envelope.Open(member, LocatedType, answer)
	if err != nil {
		return nil, fmt.Errorf("open answer: %w", err)
	}
	var reply LocateReply
	if err := readExactly(opened, &reply); err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if l.Now().Sub(reply.Time).Abs() > locateClock {
		return nil, errors.New("answer is of another time")
	}
	return reply.holdings(req)
}

// locateClock is how far a member's clock may be from ours: its dates are believed as far as its clock is.
const locateClock = 5 * time.Minute

// maxCount is more than anybody has records of a kind: a number beyond is no count.
const maxCount = 10_000_000

// holdings checks an answer against its question.
func (r LocateReply) holdings(req LocateRequest) ([]exchange.Holding, error) {
	if r.Version != 1 || r.Request != req.ID || r.From != req.To || r.To != req.From {
		return nil, errors.New("answer is to another question")
	}
	seen := map[consortium.Kind]bool{}
	out := make([]exchange.Holding, 0, len(r.Holdings))
	for _, h := range r.Holdings {
		if !slices.Contains(consortium.PatientKinds(), h.Kind) || seen[h.Kind] || h.Count < 1 || h.Count > maxCount ||
			h.Latest.IsZero() || h.Latest.After(r.Time.Add(time.Minute)) {
			return nil, errors.New("answer is not of the documented form")
		}
		seen[h.Kind] = true
		out = append(out, exchange.Holding{Org: r.From, Kind: h.Kind, Count: h.Count, Latest: h.Latest})
	}
	return out, nil
}

// Holder tells what this organisation holds, to those who have decided who may know.
type Holder interface {
	Holdings(ctx context.Context, patient consortium.PatientRef) ([]exchange.Holding, error)
}

// Locate answers another member's signed question about what is held here. The policy decides as for a release; to who
// may not know, and of a person who is not known, the answer is the same: nothing. An asking about somebody on whom
// nothing is held leaves no trace, as there is no patient's log that it could stand in.
func (r *Answering) Locate(ctx context.Context, peer consortium.OrgID, message []byte) ([]byte, error) {
	req, err := r.openLocate(ctx, peer, message)
	if err != nil {
		return nil, err
	}
	suspended, err := r.Suspended(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask whether anything is released: %w", err)
	}
	if suspended {
		return nil, fault.New(
			fault.Unavailable, CodeSuspended, "Nothing is told to other organisations now. Try again later.",
		)
	}
	reply := LocateReply{Version: 1, Request: req.ID, From: r.Org, To: req.From, Holdings: []Held{}, Time: r.Now().UTC()}
	held, err := r.Holder.Holdings(ctx, req.Patient)
	if err != nil {
		return nil, fmt.Errorf("look up holdings: %w", err)
	}
	if len(held) > 0 {
		if reply.Holdings, err = r.tellable(ctx, req, held); err != nil {
			return nil, err
		}
	}
	payload, err := json.Marshal(reply)
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return r.Envelope.Sign(LocatedType, payload)
}

// tellable decides, logs, and returns what may be told.
func (r *Answering) tellable(ctx context.Context, req LocateRequest, held []exchange.Holding) ([]Held, error) {
	d, err := exchange.DecideKinds(func(kinds []consortium.Kind) (consortium.Decision, error) {
		return r.Decider.Decide(ctx, consortium.Query{
			Actor: req.Actor, Purpose: req.Purpose, Action: consortium.ActionLocate, Custodian: r.Org, Patient: req.Patient,
			Kinds: kinds, Time: r.Now().UTC(),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("decide locating: %w", err)
	}
	err = r.Records.LogAccess(ctx, exchange.Access{Decision: d, Request: req.ID, Consent: d.Consent})
	if errors.Is(err, exchange.ErrConsentEnded) {
		return []Held{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("log locating: %w", err)
	}
	out := []Held{}
	for _, h := range held {
		if d.Allow && slices.Contains(d.Query.Kinds, h.Kind) {
			out = append(out, Held{Kind: h.Kind, Count: h.Count, Latest: h.Latest})
		}
	}
	return out, nil
}

func (r *Answering) openLocate(
	ctx context.Context, peer consortium.OrgID, message []byte,
) (LocateRequest, error) {
	payload, err := r.Envelope.Open(peer, LocateType, message)
	if err != nil {
		return LocateRequest{}, badSignature(err)
	}
	var req LocateRequest
	if err := json.Unmarshal(payload, &req); err != nil {
		return LocateRequest{}, malformed(err)
	}
	if err := r.checkEnds(peer, req.Version, req.From, req.To, req.Actor.Org); err != nil {
		return LocateRequest{}, err
	}
	if err := r.checkFresh(ctx, peer, req.ID, req.Time); err != nil {
		return LocateRequest{}, err
	}
	_, err = checkAsked(req.From, req.Purpose, req.Patient, req.To, allKinds())
	return req, err
}
