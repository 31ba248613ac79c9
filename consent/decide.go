package consent

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// Input is all that the policy sees: the question and facts that this gateway looked up itself.
type Input struct {
	Org   consortium.OrgID // the organisation that decides
	Query consortium.Query
	Facts Facts
}

// Facts are looked up, never asserted by the caller.
type Facts struct {
	// Care says that the patient is, or within the care window was, in treatment at Org (an encounter).
	Care bool
	// Consents are those of the patient with Org as custodian, each with a state that was proven.
	Consents []Fact
	// Invitations hold, for a recall, the consent at another custodian that the copy came under, as the ledger has it.
	Invitations []Fact
}

// Fact is one consent as the policy sees it.
type Fact struct {
	ID    ID
	Terms Terms
	State State
}

// Policy answers. Its answer always has a reason. An error means that no decision was reached, which callers treat as a
// refusal.
type Policy interface {
	Evaluate(ctx context.Context, in Input) (consortium.Decision, error)
}

// Care tells whether a patient is in treatment at an organisation at a time: an encounter that has begun and has not
// ended before since.
type Care interface {
	InCare(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, at, since time.Time) (bool, error)
}

// Consented looks consents up.
type Consented interface {
	// OfPatient returns a patient's consents at a custodian.
	OfPatient(ctx context.Context, custodian consortium.OrgID, patient consortium.PatientRef) ([]Consent, error)
}

// ledgerPatience is how long a release waits for the ledger's word before the sealed receipt has to do.
const ledgerPatience = 2 * time.Second

// Decider decides accesses at one organisation.
type Decider struct {
	Org  consortium.OrgID
	Care Care
	// CareWindow is how long after an encounter's end its staff may still read.
	CareWindow time.Duration
	Consents   Consented
	Keys       Keys
	Policy     Policy
	Ledger     LedgerReader // nil: the sealed receipts decide alone
	// Gate is an error while what is stored cannot be relied on yet: nothing but storing is decided then. Nil: it is open.
	Gate   func() error
	Logger *slog.Logger
}

// Decide answers a query. Facts are looked up here, and only those that the query can rest on. What rests on a consent
// given here, as each release does, is checked against the ledger where it can be reached: its word wins when it says
// less than the database. A decision that asks for what nobody here carries out is an error, which is a refusal.
func (d *Decider) Decide(ctx context.Context, q consortium.Query) (consortium.Decision, error) {
	if err := d.gate(q.Action); err != nil {
		return consortium.Decision{}, fmt.Errorf("decide: %w", err)
	}
	return d.decide(ctx, q)
}

// gate is closed while what is stored cannot be relied on yet. Storing rests on nothing that is stored.
func (d *Decider) gate(action consortium.Action) error {
	if d.Gate == nil || action == consortium.ActionStore {
		return nil
	}
	return d.Gate()
}

func (d *Decider) decide(ctx context.Context, q consortium.Query) (consortium.Decision, error) {
	in := Input{Org: d.Org, Query: q}
	var err error
	if in.Facts, err = d.facts(ctx, q); err != nil {
		return consortium.Decision{}, err
	}
	for range len(in.Facts.Consents) + 1 {
		decision, err := d.Policy.Evaluate(ctx, in)
		if err != nil {
			return consortium.Decision{}, fmt.Errorf("decide: %w", err)
		}
		if o, found := decision.Unbound(); found {
			return consortium.Decision{}, unbound(o)
		}
		if !decision.Allow || q.Action != consortium.ActionRelease && decision.Consent == "" {
			return decision, nil
		}
		changed, err := d.confirm(ctx, in.Facts.Consents, ID(decision.Consent))
		if err != nil {
			return consortium.Decision{}, err
		}
		if !changed {
			return decision, nil
		}
	}
	return consortium.Decision{}, fmt.Errorf("decide: no consent stays as it is")
}

// unbound is the refusal of a decision with an obligation that no code carries out for its action.
func unbound(o consortium.Obligation) error {
	return fault.Wrap(
		fmt.Errorf("decide: no code carries out %q", o), fault.Forbidden, CodeObligationUnknown,
		"The policy ties this to something that this gateway cannot carry out, so it was not done. Tell your administrator.",
	)
}

// facts looks up what the query can rest on.
func (d *Decider) facts(ctx context.Context, q consortium.Query) (Facts, error) {
	var f Facts
	if q.Patient == "" || q.Custodian != d.Org {
		return f, nil // nothing could rest on a fact
	}
	home, assessor := q.Actor.Org == d.Org, q.Actor.Role == consortium.RoleAssessor
	var err error
	if q.Actor.Role == consortium.RoleClinician && home {
		f.Care, err = d.Care.InCare(ctx, d.Org, q.Patient, q.Time, q.Time.Add(-d.CareWindow))
		if err != nil {
			return Facts{}, fmt.Errorf("look up encounter: %w", err)
		}
	}
	switch {
	case q.Action == consortium.ActionRelease, q.Action == consortium.ActionLocate && assessor && !home:
		f.Consents, err = d.consents(ctx, q)
	case q.Action == consortium.ActionRecall:
		f.Invitations, err = d.cameUnder(ctx, q)
	}
	if err != nil {
		return Facts{}, err
	}
	return f, nil
}

// consents returns the patient's consents given here, each with a state that was proven.
func (d *Decider) consents(ctx context.Context, q consortium.Query) ([]Fact, error) {
	list, err := d.Consents.OfPatient(ctx, d.Org, q.Patient)
	if err != nil {
		return nil, fmt.Errorf("look up consents: %w", err)
	}
	var facts []Fact
	for _, c := range list {
		facts = append(facts, d.prove(ctx, c, q))
	}
	return facts, nil
}

// cameUnder asks the ledger about the consent that a copy came under: the custodian's own state is the custodian's to
// read. What it permits is what the query says, which was the custodian's signed decision when the copy came. Where the
// ledger does not answer, the consent counts as not confirmed: nothing is shown.
func (d *Decider) cameUnder(ctx context.Context, q consortium.Query) ([]Fact, error) {
	if d.Ledger == nil || q.Consent == "" {
		return nil, nil
	}
	asking, cancel := context.WithTimeout(ctx, ledgerPatience)
	defer cancel()
	state, err := d.Ledger.Consent(asking, q.Consent)
	if ctx.Err() != nil {
		return nil, fmt.Errorf("confirm consent: %w", ctx.Err())
	}
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	fact := Fact{ID: ID(q.Consent), State: Pending, Terms: Terms{
		Patient:   q.Patient,
		Recipient: d.Org,
		Purpose:   q.Purpose,
		Kinds:     q.Kinds,
		From:      q.Time,
		Until:     q.Time.Add(time.Second),
	}}
	switch {
	case err != nil:
		d.Logger.WarnContext(ctx, "ledger not reached; what was received is not shown", "error", err)
	case state.ID != q.Consent:
	case state.Status == ledger.StatusGranted:
		fact.State, fact.Terms.From, fact.Terms.Until = Granted, state.GrantedAt, time.Unix(state.Until, 0)
	default:
		fact.State = Withdrawn
	}
	return []Fact{fact}, nil
}

// prove takes a granted consent for pending unless its sealed receipt opens: a mark in the database alone proves
// nothing.
func (d *Decider) prove(ctx context.Context, c Consent, q consortium.Query) Fact {
	fact := Fact{ID: c.ID, Terms: c.Terms, State: c.State}
	if c.State != Granted || c.Terms.Recipient != q.Actor.Org {
		return fact
	}
	if c.Terms.Patient != q.Patient || c.Terms.Custodian != d.Org {
		fact.State = Pending
		return fact
	}
	if _, err := Proven(ctx, d.Keys, c); err != nil {
		d.Logger.ErrorContext(ctx, "granted consent has no valid receipt; treated as pending", "consent", c.ID, "error", err)
		fact.State = Pending
	}
	return fact
}

// confirm asks the ledger about the consent that a release would rest on and corrects the fact where the ledger says
// less. An unreachable ledger changes nothing: the receipt, sealed when the ledger committed the grant, has been
// checked.
func (d *Decider) confirm(ctx context.Context, facts []Fact, id ID) (bool, error) {
	if d.Ledger == nil {
		return false, nil
	}
	asking, cancel := context.WithTimeout(ctx, ledgerPatience)
	defer cancel()
	state, err := d.Ledger.Consent(asking, string(id))
	if ctx.Err() != nil {
		return false, fmt.Errorf("confirm consent: %w", ctx.Err())
	}
	if err != nil && !fault.Is(err, fault.NotFound) {
		d.Logger.WarnContext(ctx, "ledger not reached; deciding by the sealed receipt", "error", err)
		return false, nil
	}
	said := Granted
	switch {
	case err != nil:
		said = Pending
	case state.Status != ledger.StatusGranted:
		said = Withdrawn
	}
	for i := range facts {
		if facts[i].ID != id {
			continue
		}
		if said == Granted && state.ID == string(id) && state.Until == facts[i].Terms.Until.Unix() {
			return false, nil
		}
		if said == Granted {
			said = Pending // the ledger knows another consent than the database
		}
		d.Logger.WarnContext(
			ctx, "ledger does not confirm a consent", "consent", id, "says", said, "commitment",
			hex.EncodeToString(state.Commitment),
		)
		facts[i].State = said
		return true, nil
	}
	return false, fmt.Errorf("confirm consent: the policy named one that it was not given")
}
