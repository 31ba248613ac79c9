// Package release hands records from one member to another: the asking side, the answering side, and the copies that
// the asker keeps. Both sides log, so that an omission on one shows on the other. It reads no record but through its
// ports and decides nothing about permission.
package release

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
)

// Most that one reply carries, little enough for one message and its proofs. Who wants what follows asks for it in a
// request of its own, which is decided anew.
const (
	maxReleased = 2000
	// fullReply is when no further record is added: sealed and in base64, a reply is one parameter of a statement at the
	// receiver, and CockroachDB takes messages of 16 MiB at most.
	fullReply = 8 << 20
	// maxReleasedBytes is what is taken from another member, which may pack larger replies.
	maxReleasedBytes = 24 << 20
)

// HandedOver is a release as the custodian keeps it. Sealed holds what opens the log entry's commitment.
type HandedOver struct {
	Request   string
	Recipient consortium.OrgID
	Patient   consortium.PatientRef // empty: a refusal about a person on whom nothing is held
	Allowed   bool
	// Consent, where records are handed over, must be granted in the transaction that keeps the release.
	Consent string
	At      time.Time // when that is looked at: after all that could wait
	Sealed  []byte
	Created time.Time
	Entry   logbook.Entry
}

// AnsweringStore keeps what was asked and handed over.
type AnsweringStore interface {
	// ReserveRequest remembers a request id of a member until Forgetting lets go of it, when its time would be refused
	// anyway; fault.Conflict where it was seen before.
	ReserveRequest(ctx context.Context, org, from consortium.OrgID, id string, at time.Time) error
	// SaveRelease keeps h and its log entry in one transaction. It is exchange.ErrConsentEnded where the consent that h
	// names does not hold at h.At, and fault.Conflict where that request was answered before; nothing is kept then.
	SaveRelease(ctx context.Context, org consortium.OrgID, h HandedOver) error
}

// RecordReader reads records under a decision and logs the access in the same transaction.
type RecordReader interface {
	List(ctx context.Context, a exchange.Access, page exchange.Page) ([]exchange.Version, error)
	LogAccess(ctx context.Context, a exchange.Access) error
}

// Answering is the custodian's side of release between members: it checks what is asked, decides, logs and hands over.
type Answering struct {
	Org      consortium.OrgID
	Decider  exchange.Decider
	Envelope Envelope
	Book     logbook.Book
	Records  RecordReader
	Holder   Holder
	// Knows says whether anything is held here on a patient, if only that somebody looked.
	Knows  func(ctx context.Context, patient consortium.PatientRef) (bool, error)
	Store  AnsweringStore
	Sealer Sealer
	// Places returns the places of log entries that have one, by id.
	Places func(ctx context.Context, entries []string) (map[string]int64, error)
	// Suspended says that evidence for a release can no longer be kept in time (the log lags behind the ledger by more
	// than the budget).
	Suspended func(ctx context.Context) (bool, error)
	Now       func() time.Time
	Fresh     time.Duration // how far a request's time may be from ours
	// Stale is told of a member's request that was refused for its time, and how far that is behind ours; nil: nobody is.
	Stale func(ctx context.Context, from consortium.OrgID, behind time.Duration)
}

// Answer verifies a signed request that came over the connection of the member peer, decides, logs, and gives the
// signed reply. A refusal by policy is a signed reply too; an error means that the request itself was not acceptable.
func (r *Answering) Answer(ctx context.Context, peer consortium.OrgID, message []byte) ([]byte, error) {
	req, err := r.open(ctx, peer, message)
	if err != nil {
		return nil, err
	}
	if err := r.Store.ReserveRequest(ctx, r.Org, req.From, req.ID, r.Now().UTC()); err != nil {
		if fault.Is(err, fault.Conflict) {
			return nil, fault.Wrap(err, fault.Conflict, CodeReplayed, "This request was used before. Make a new request.")
		}
		return nil, fmt.Errorf("reserve request: %w", err)
	}
	suspended, err := r.Suspended(ctx)
	if err != nil {
		return nil, fmt.Errorf("ask for the log's lag: %w", err)
	}
	if suspended {
		return nil, fault.New(
			fault.Unavailable, CodeSuspended,
			"Release to other organisations is suspended, as the ledger cannot witness it now. "+
				"Try again later, or ask the patient for a copy.",
		)
	}
	return r.answer(ctx, req)
}

// answer decides and hands over. A consent that ended between the two makes it decide again, which then refuses.
func (r *Answering) answer(ctx context.Context, req Request) ([]byte, error) {
	for try := 0; ; try++ {
		out, err := r.decide(ctx, req)
		if err == nil {
			var signed []byte
			if signed, err = r.handOver(ctx, req, out); err == nil {
				return signed, nil
			}
		}
		if !errors.Is(err, exchange.ErrConsentEnded) || try == maxDecided {
			return nil, err
		}
	}
}

// maxDecided bounds how often one request is decided again because a consent ended meanwhile: a patient has few.
const maxDecided = 4

func (r *Answering) open(ctx context.Context, peer consortium.OrgID, message []byte) (Request, error) {
	payload, err := r.Envelope.Open(peer, RequestType, message)
	if err != nil {
		return Request{}, badSignature(err)
	}
	var req Request
	if err := json.Unmarshal(payload, &req); err != nil {
		return Request{}, malformed(err)
	}
	if err := r.checkEnds(peer, req.Version, req.From, req.To, req.Actor.Org); err != nil {
		return Request{}, err
	}
	if err := r.checkFresh(ctx, peer, req.ID, req.Time); err != nil {
		return Request{}, err
	}
	req.Kinds, err = checkAsked(req.From, req.Purpose, req.Patient, req.To, req.Kinds)
	return req, err
}

func badSignature(err error) error {
	return fault.Wrap(
		err, fault.Unauthorized, CodeSignature,
		"The request's signature does not verify. Check the signing key that is registered for your organisation.",
	)
}

func malformed(err error) error {
	return fault.Wrap(err, fault.Malformed, CodeMalformed, "The request is not of the documented form.")
}

// checkEnds wants a message to be from the member on the connection, to us, about somebody of that member.
func (r *Answering) checkEnds(peer consortium.OrgID, version int, from, to, actor consortium.OrgID) error {
	if version != 1 || from != peer || to != r.Org || actor != peer {
		return fault.New(
			fault.Forbidden, CodeMisdirected, "The request names other organisations than those on this connection.",
		)
	}
	return nil
}

// checkFresh wants a message to be new by our clock.
func (r *Answering) checkFresh(ctx context.Context, peer consortium.OrgID, id string, at time.Time) error {
	if parsed, err := uuid.Parse(id); err != nil || parsed.String() != id {
		return fault.New(fault.Malformed, CodeMalformed, "The request's id is not a plain lower-case UUID.")
	}
	behind := r.Now().Sub(at)
	if behind.Abs() <= r.Fresh {
		return nil
	}
	if r.Stale != nil {
		r.Stale(ctx, peer, behind)
	}
	return fault.New(fault.Invalid, CodeStale, fmt.Sprintf(
		"The request's time is %s behind this organisation's clock, and at most %s either way is accepted. Check the "+
			"clocks, and make a new request.", behind.Round(time.Second), r.Fresh,
	))
}

// outgoing is a reply, and under whom the release is kept.
type outgoing struct {
	Reply
	under consortium.PatientRef // empty for a person on whom nothing is held
}

// decide asks the policy and, when it allows, reads the records; both are logged before this returns. A refusal about a
// person on whom nothing is held makes neither a key nor a chain of theirs, however often it is asked for; that it was
// asked stands in this organisation's log all the same.
func (r *Answering) decide(ctx context.Context, req Request) (outgoing, error) {
	now := r.Now().UTC()
	actor := req.Actor
	actor.Patient = "" // another member cannot tell us who our patient is
	d, err := r.Decider.Decide(ctx, consortium.Query{
		Actor:     actor,
		Purpose:   req.Purpose,
		Action:    consortium.ActionRelease,
		Custodian: r.Org,
		Patient:   req.Patient,
		Kinds:     req.Kinds,
		Time:      now,
	})
	if err != nil {
		return outgoing{}, fmt.Errorf("decide release: %w", err)
	}
	out := outgoing{under: req.Patient}
	out.Reply = Reply{Version: 1, Request: req.ID, From: r.Org, To: req.From, Decision: told(d), Time: now}
	access := exchange.Access{Decision: d, Request: req.ID, Consent: d.Consent}
	if !d.Allow {
		out.under, err = r.refuse(ctx, access)
		return out, err
	}
	versions, err := r.Records.List(ctx, access, exchange.Page{After: req.After.cursor(), Limit: maxReleased + 1})
	if err != nil {
		return outgoing{}, fmt.Errorf("read for release: %w", err)
	}
	if err := releasable(d, versions); err != nil {
		return outgoing{}, err
	}
	fits := fitting(versions)
	out.More = len(versions) > fits
	if out.More || req.After != nil {
		if out.Held, err = r.held(ctx, d.Query); err != nil {
			return outgoing{}, err
		}
	}
	out.Records, err = r.released(ctx, versions[:fits])
	return out, err
}

// held counts the records of the decided kinds.
func (r *Answering) held(ctx context.Context, q consortium.Query) (int, error) {
	holdings, err := r.Holder.Holdings(ctx, q.Patient)
	if err != nil {
		return 0, fmt.Errorf("count records: %w", err)
	}
	n := 0
	for _, h := range holdings {
		if h.Org == r.Org && slices.Contains(q.Kinds, h.Kind) {
			n += h.Count
		}
	}
	return n, nil
}

// fitting returns how many of the versions one reply carries. One always does: no record is larger.
func fitting(versions []exchange.Version) int {
	size := 0
	for i, v := range versions {
		if size += len(v.Content); v.Omitted || size > fullReply && i > 0 {
			return i
		}
	}
	return min(len(versions), maxReleased)
}

// refuse logs a refusal with the patient, where there is anything of the patient to log it with.
func (r *Answering) refuse(ctx context.Context, access exchange.Access) (consortium.PatientRef, error) {
	patient := access.Decision.Query.Patient
	known, err := r.Knows(ctx, patient)
	if err != nil {
		return "", fmt.Errorf("look for the patient: %w", err)
	}
	if !known {
		return "", nil
	}
	if err := r.Records.LogAccess(ctx, access); err != nil {
		return "", fmt.Errorf("log refusal: %w", err)
	}
	return patient, nil
}

// told is a refusal as the asker is told it. That the patient gave consents, but to others, is the others' business: it
// sounds like no consent at all. What is logged here says which it was.
func told(d consortium.Decision) consortium.Decision {
	d.Reasons = slices.Clone(d.Reasons)
	for i := range d.Reasons {
		if d.Reasons[i].Code == "CONSENT_RECIPIENT" {
			d.Reasons[i].Code = "CONSENT_MISSING"
		}
	}
	return d
}

func (r *Answering) released(ctx context.Context, versions []exchange.Version) ([]Released, error) {
	entries := make([]string, len(versions))
	for i, v := range versions {
		entries[i] = v.Entry
	}
	places, err := r.Places(ctx, entries)
	if err != nil {
		return nil, fmt.Errorf("find log entries: %w", err)
	}
	out := make([]Released, 0, len(versions))
	for _, v := range versions {
		rec := Released{
			Type: v.Ref.Type, ID: v.Ref.ID, Number: v.Number, Kind: v.Kind, Recorded: v.Recorded, Entry: v.Entry,
			Salt: base64.StdEncoding.EncodeToString(v.Salt[:]), Statement: exchange.Statement(v), Content: v.Content,
		}
		if index, placed := places[v.Entry]; placed {
			rec.Index = &index
		}
		out = append(out, rec)
	}
	return out, nil
}

// handOver signs the reply and logs the release: durable before visible. The consent that it rests on is looked at once
// more in the transaction that logs, after everything else that could wait: a withdrawal that was answered before is
// not followed by records.
//
// What was answered leaves in the order of commits: a withdrawal that commits after this one finds the release in the
// log, before its own entry.
func (r *Answering) handOver(ctx context.Context, req Request, out outgoing) ([]byte, error) {
	reply := out.Reply
	entry, opening, err := handoverEntry(r.Book, tlog.KindRelease, req, reply, reply.Time)
	if err != nil {
		return nil, err
	}
	sealed, err := r.Sealer.Seal(ctx, out.under, releaseAAD(r.Org, req.ID), opening.Bytes())
	if err != nil {
		return nil, fmt.Errorf("seal release: %w", err)
	}
	payload, err := json.Marshal(reply)
	if err != nil {
		return nil, fmt.Errorf("encode reply: %w", err)
	}
	signed, err := r.Envelope.Sign(ReplyType, payload)
	if err != nil {
		return nil, fmt.Errorf("sign reply: %w", err)
	}
	h := HandedOver{
		Request: req.ID, Recipient: req.From, Patient: out.under, Allowed: reply.Decision.Allow,
		Consent: reply.Decision.Consent, Sealed: sealed, Created: reply.Time, Entry: entry,
	}
	h.At = r.Now().UTC()
	if err := r.Store.SaveRelease(ctx, r.Org, h); err != nil {
		return nil, fmt.Errorf("log release: %w", err)
	}
	return signed, nil
}

func releaseAAD(org consortium.OrgID, request string) []byte {
	return logbook.Place("yilian/release/v2", string(org), request)
}
