package release

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
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
	Time    time.Time             `json:"time"`
}

// Reply is the custodian's signed answer: its decision, and the records when it allows.
type Reply struct {
	Version  int                 `json:"v"`
	Request  string              `json:"request"` // the id of the request it answers
	From     consortium.OrgID    `json:"from"`
	To       consortium.OrgID    `json:"to"`
	Decision consortium.Decision `json:"decision"`
	Records  []Released          `json:"records,omitempty"`
	Time     time.Time           `json:"time"`
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

// Sealer encrypts under this organisation's data key of a patient; aad binds the ciphertext to its place.
type Sealer interface {
	Seal(ctx context.Context, patient consortium.PatientRef, aad, plaintext []byte) ([]byte, error)
	Open(ctx context.Context, patient consortium.PatientRef, aad, ciphertext []byte) ([]byte, error)
}

// AccessLogger logs a decided access that reads nothing from the records of this organisation.
type AccessLogger interface {
	LogAccess(ctx context.Context, a exchange.Access) error
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
	Records   []exchange.Version
	// Witnessed says of each record whether it was proven to stand in the custodian's log, as the members attest it.
	Witnessed []bool
	Received  time.Time
	Expires   time.Time // when the copy can no longer be shown and has to be asked for anew
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
	own, err := r.mayLook(ctx, actor, purpose, patient, kinds)
	if err != nil {
		return Result{}, err
	}
	if !own.Allow {
		return Result{Custodian: custodian, Patient: patient, Decision: own}, nil
	}
	req := Request{
		Version: 1,
		ID:      uuid.NewString(),
		From:    r.Org,
		To:      custodian,
		Actor:   actor,
		Purpose: purpose,
		Patient: patient,
		Kinds:   kinds,
		Time:    r.Now().UTC(),
	}
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
			"The other organisation's answer could not be verified, so it was not used. Try again; tell your administrator if it happens again.",
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

func untrusted(err error) error {
	return fault.Wrap(
		err, fault.Unavailable, CodeUntrusted,
		"The other organisation's answer does not match what was asked, so it was not used. Try again; tell your administrator if it happens again.",
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
	case !reply.Decision.Allow && len(reply.Records) > 0:
		return fmt.Errorf("records came with a refusal")
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
		reply.Decision, reply.Records = decision, nil
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
		Actor: actor, Purpose: released.Query.Purpose, Action: consortium.ActionRecall, Custodian: r.Org, Patient: released.Query.Patient,
		Kinds: released.Query.Kinds, Time: r.Now().UTC(), Consent: released.Consent,
	})
	if err != nil {
		return consortium.Decision{}, fmt.Errorf("decide showing again: %w", err)
	}
	return d, nil
}
