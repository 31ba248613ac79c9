package consent_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/consent"
	"yilian.example/consent/consenttest"
	"yilian.example/consent/policy"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
)

// hospital is a desk with its carrier, ledger and decider.
type hospital struct {
	*desk
	ledger  *consenttest.Ledger
	carrier *consent.Carrier
	decider *consent.Decider
	care    *inCare
}

// inCare answers for one patient; err makes it fail.
type inCare struct {
	yes         bool
	err         error
	asked       int
	since, till time.Time
}

func (c *inCare) InCare(
	_ context.Context, org consortium.OrgID, patient consortium.PatientRef, at, since time.Time,
) (bool, error) {
	c.asked++
	c.till, c.since = at, since
	return c.yes && org == "donghu" && patient == consenttest.Patient, c.err
}

func newHospital(t testing.TB) *hospital {
	t.Helper()
	rules, err := policy.New(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	h := &hospital{desk: newDesk(), care: &inCare{}}
	h.ledger = consenttest.NewLedger(h.clock.now)
	h.carrier = &consent.Carrier{
		Org: "donghu", Store: h.book, Outbox: h.book, Ledger: h.ledger, Keys: h.Keys, Now: h.clock.now,
		Book: logbook.Book{Org: "donghu", Rand: rand.Reader}, Logger: slog.New(slog.DiscardHandler),
	}
	h.decider = &consent.Decider{
		Org: "donghu", Care: h.care, CareWindow: 30 * 24 * time.Hour, Consents: h.book, Keys: h.Keys, Policy: rules,
		Ledger: h.ledger,
		Logger: slog.New(slog.DiscardHandler),
	}
	return h
}

func (h *hospital) step(t testing.TB) int {
	t.Helper()
	n, err := h.carrier.Step(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// committed is a consent that the ledger has.
func (h *hospital) committed(t *testing.T) consent.Consent {
	t.Helper()
	c := h.granted(t)
	if n := h.step(t); n != 1 {
		t.Fatalf("carried %d orders", n)
	}
	return c
}

func (h *hospital) releaseQuery() consortium.Query {
	return consortium.Query{
		Actor:     consortium.Actor{ID: "d-1", Name: "李医生", Org: "qingshan", Role: consortium.RoleClinician},
		Purpose:   consortium.Treatment,
		Action:    consortium.ActionRelease,
		Custodian: "donghu",
		Patient:   consenttest.Patient,
		Kinds:     []consortium.Kind{consortium.Diagnoses, consortium.Reports},
		Time:      h.clock.now(),
	}
}

func (h *hospital) decide(t testing.TB, q consortium.Query) consortium.Decision {
	t.Helper()
	d, err := h.decider.Decide(context.Background(), q)
	if err != nil {
		t.Fatal(err)
	}
	if d.Policy == "" || len(d.Reasons) == 0 {
		t.Fatalf("decision without policy digest or reason: %+v", d)
	}
	return d
}

func wantReason(t *testing.T, d consortium.Decision, allow bool, code string) {
	t.Helper()
	if d.Allow != allow || d.Reasons[0].Code != code {
		t.Errorf("allow %v because of %v, want %v because of %s", d.Allow, d.Reasons, allow, code)
	}
}

// TestLifeOfAConsent is the journey: refused, granted, pending, committed, released, withdrawn, refused.
func TestLifeOfAConsent(t *testing.T) {
	h := newHospital(t)
	wantReason(t, h.decide(t, h.releaseQuery()), false, "CONSENT_MISSING")
	c := h.granted(t)
	wantReason(t, h.decide(t, h.releaseQuery()), false, "CONSENT_PENDING")
	h.step(t)
	d := h.decide(t, h.releaseQuery())
	wantReason(t, d, true, "PATIENT_CONSENT")
	if d.Consent != string(c.ID) || len(d.Obligations) == 0 {
		t.Errorf("decision rests on %q with obligations %v", d.Consent, d.Obligations)
	}
	if _, err := h.Withdraw(t.Context(), consenttest.Self, c.ID); err != nil {
		t.Fatal(err)
	}
	wantReason(t, h.decide(t, h.releaseQuery()), false, "CONSENT_WITHDRAWN")
	if s, _ := h.ledger.Consent(t.Context(), string(c.ID)); s.Status != ledger.StatusGranted {
		t.Fatal("the withdrawal is on the ledger already; the refusal above proves nothing")
	}
	h.step(t)
	if s, _ := h.ledger.Consent(t.Context(), string(c.ID)); s.Status != ledger.StatusWithdrawn {
		t.Errorf("the ledger says %s", s.Status)
	}
	if got, _ := h.One(t.Context(), consenttest.Self, c.ID); got.CarriedAt.IsZero() {
		t.Error("not marked as carried")
	}
}

func TestReleaseRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*consortium.Query)
		code   string
	}{
		"other recipient": {func(q *consortium.Query) { q.Actor.Org = "weijian" }, "CONSENT_RECIPIENT"},
		"other purpose": {
			func(q *consortium.Query) { q.Actor.Role, q.Purpose = consortium.RoleGateway, consortium.Payment },
			"CONSENT_PURPOSE",
		},
		"more kinds": {func(q *consortium.Query) {
			q.Kinds = []consortium.Kind{consortium.Diagnoses, consortium.Medications}
		}, "CONSENT_KIND"},
		"expired":       {func(q *consortium.Query) { q.Time = noon.AddDate(0, 0, 30) }, "CONSENT_EXPIRED"},
		"not begun":     {func(q *consortium.Query) { q.Time = noon.Add(-time.Second) }, "CONSENT_NOT_BEGUN"},
		"other patient": {func(q *consortium.Query) { q.Patient = consenttest.Other.Patient }, "CONSENT_MISSING"},
		"marketing":     {func(q *consortium.Query) { q.Purpose = consortium.Marketing }, "MARKETING_PROHIBITED"},
		"not ours":      {func(q *consortium.Query) { q.Custodian = "anhe" }, "NOT_CUSTODIAN"},
		"no time":       {func(q *consortium.Query) { q.Time = time.Time{} }, "INPUT_MISSING"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHospital(t)
			h.committed(t)
			q := h.releaseQuery()
			wantReason(t, h.decide(t, q), true, "PATIENT_CONSENT")
			tc.change(&q)
			wantReason(t, h.decide(t, q), false, tc.code)
		})
	}
}

// TestForgedRows: whoever writes to the database but lacks the organisation's keys gains nothing.
func TestForgedRows(t *testing.T) {
	for name, forge := range map[string]func(h *hospital, c *consent.Consent){
		"marked granted": func(_ *hospital, c *consent.Consent) { c.State = consent.Granted },
		"marked with nonsense": func(_ *hospital, c *consent.Consent) {
			c.State, c.Receipt = consent.Granted, []byte("receipt of some length")
		},
		"receipt of another consent": func(h *hospital, c *consent.Consent) {
			c.State, c.Receipt = consent.Granted, h.otherReceipt
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHospital(t)
			h.decider.Ledger = nil // the receipt has to do alone
			other := h.committed(t)
			kept, _ := h.book.One(t.Context(), "donghu", other.ID)
			h.otherReceipt = kept.Receipt
			if _, err := h.Withdraw(t.Context(), consenttest.Self, other.ID); err != nil {
				t.Fatal(err)
			}
			forged := h.granted(t)
			forge(h, &forged)
			h.decider.Consents = rows{forged}
			wantReason(t, h.decide(t, h.releaseQuery()), false, "CONSENT_PENDING")
		})
	}
}

// TestForgedTerms: a committed consent whose clear terms were changed in the database no longer counts.
func TestForgedTerms(t *testing.T) {
	for name, forge := range map[string]func(*consent.Terms){
		"recipient": func(terms *consent.Terms) { terms.Recipient = "weijian" },
		"kinds":     func(terms *consent.Terms) { terms.Kinds = consortium.PatientKinds() },
		"until":     func(terms *consent.Terms) { terms.Until = terms.Until.AddDate(1, 0, 0) },
		"patient":   func(terms *consent.Terms) { terms.Patient = consenttest.Other.Patient },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHospital(t)
			c, err := h.book.One(t.Context(), "donghu", h.committed(t).ID)
			if err != nil {
				t.Fatal(err)
			}
			h.decider.Ledger = nil
			h.decider.Consents = rows{c}
			wantReason(t, h.decide(t, h.releaseQuery()), true, "PATIENT_CONSENT")
			forge(&c.Terms)
			h.decider.Consents = rows{c}
			q := h.releaseQuery()
			q.Actor.Org, q.Patient = c.Terms.Recipient, c.Terms.Patient
			wantReason(t, h.decide(t, q), false, "CONSENT_PENDING")
		})
	}
}

// rows is what a tampered database gives.
type rows []consent.Consent

func (r rows) OfPatient(context.Context, consortium.OrgID, consortium.PatientRef) ([]consent.Consent, error) {
	return r, nil
}

// TestLedgerSaysLess: the ledger's word wins where it says less than the database.
func TestLedgerSaysLess(t *testing.T) {
	h := newHospital(t)
	c := h.committed(t)
	sealed, _ := h.book.One(t.Context(), "donghu", c.ID)
	h.decider.Consents = rows{sealed} // a database that was set back to before the withdrawal
	if _, err := h.Withdraw(t.Context(), consenttest.Self, c.ID); err != nil {
		t.Fatal(err)
	}
	h.step(t)
	wantReason(t, h.decide(t, h.releaseQuery()), false, "CONSENT_WITHDRAWN")
	h.ledger.Forget(c.ID)
	wantReason(t, h.decide(t, h.releaseQuery()), false, "CONSENT_PENDING")
}

// TestLedgerDown: the sealed receipt decides while the ledger cannot be reached.
func TestLedgerDown(t *testing.T) {
	h := newHospital(t)
	c := h.committed(t)
	h.ledger.Unread = true
	wantReason(t, h.decide(t, h.releaseQuery()), true, "PATIENT_CONSENT")
	if _, err := h.Withdraw(t.Context(), consenttest.Self, c.ID); err != nil {
		t.Fatal(err)
	}
	wantReason(t, h.decide(t, h.releaseQuery()), false, "CONSENT_WITHDRAWN")
}

// TestSecondConsentServes: where the ledger denies one of two consents, the other is tried.
func TestSecondConsentServes(t *testing.T) {
	h := newHospital(t)
	first, second := h.committed(t), h.committed(t)
	h.ledger.Forget(first.ID)
	d := h.decide(t, h.releaseQuery())
	wantReason(t, d, true, "PATIENT_CONSENT")
	if d.Consent != string(second.ID) {
		t.Errorf("rests on %s, want the one that the ledger has", d.Consent)
	}
	h.ledger.Forget(second.ID)
	wantReason(t, h.decide(t, h.releaseQuery()), false, "CONSENT_PENDING")
}

func TestOwnStaffNeedsEncounter(t *testing.T) {
	h := newHospital(t)
	q := h.releaseQuery()
	q.Actor.Org, q.Action = "donghu", consortium.ActionRead
	wantReason(t, h.decide(t, q), false, "NO_TREATMENT_RELATION")
	h.care.yes = true
	wantReason(t, h.decide(t, q), true, "TREATMENT_RELATION")
	if !h.care.till.Equal(noon) || !h.care.since.Equal(noon.Add(-30*24*time.Hour)) {
		t.Errorf("asked for care from %v to %v", h.care.since, h.care.till)
	}
	q.Custodian = "qingshan"
	wantReason(t, h.decide(t, q), false, "NOT_CUSTODIAN")
}

// TestAssessorAsksTheCustodians: nothing at an insurer says who invited it; those who hold the consents answer.
func TestAssessorAsksTheCustodians(t *testing.T) {
	h := newHospital(t)
	q := h.releaseQuery()
	q.Actor = consortium.Actor{ID: "a-1", Org: "donghu", Role: consortium.RoleAssessor}
	q.Action, q.Purpose = consortium.ActionLocate, consortium.Payment
	wantReason(t, h.decide(t, q), false, "NOT_INVITED")
	q.Action = consortium.ActionAsk
	wantReason(t, h.decide(t, q), true, "ASKING_CUSTODIANS")
}

// insurer is a question of another member's assessor about what is held here.
func (h *hospital) insurer() consortium.Query {
	q := h.releaseQuery()
	q.Actor = consortium.Actor{ID: "a-1", Org: "qingshan", Role: consortium.RoleAssessor}
	q.Action, q.Purpose = consortium.ActionLocate, consortium.Payment
	return q
}

// TestAssessorOfAnotherMemberLocatesUnderAConsentOnly: the consent is proven and confirmed by the ledger, as for a
// release.
func TestAssessorOfAnotherMemberLocatesUnderAConsentOnly(t *testing.T) {
	h := newHospital(t)
	wantReason(t, h.decide(t, h.insurer()), false, "NOT_INVITED")
	c := h.committed(t)
	wantReason(t, h.decide(t, h.insurer()), false, "NOT_INVITED") // it is for treatment

	h.decider.Policy = forPayment{h.decider.Policy}
	d := h.decide(t, h.insurer())
	wantReason(t, d, true, "PATIENT_CONSENT")
	if d.Consent != string(c.ID) {
		t.Errorf("rests on %q", d.Consent)
	}
	h.ledger.Forget(c.ID)
	wantReason(t, h.decide(t, h.insurer()), false, "NOT_INVITED")

	forged := c
	forged.State, forged.Receipt = consent.Granted, []byte("receipt of some length")
	h.decider.Ledger, h.decider.Consents = nil, rows{forged}
	wantReason(t, h.decide(t, h.insurer()), false, "NOT_INVITED")
}

// forPayment lets the rules see consents for treatment as consents for payment.
type forPayment struct{ consent.Policy }

func (p forPayment) Evaluate(ctx context.Context, in consent.Input) (consortium.Decision, error) {
	in.Facts.Consents = slices.Clone(in.Facts.Consents)
	for i := range in.Facts.Consents {
		in.Facts.Consents[i].Terms.Purpose = consortium.Payment
	}
	return p.Policy.Evaluate(ctx, in)
}

// TestOthersOfAnotherMemberLocateWithoutAFact: the member that asks vouches for them.
func TestOthersOfAnotherMemberLocateWithoutAFact(t *testing.T) {
	h := newHospital(t)
	h.decider.Consents = brokenConsents{}
	q := h.releaseQuery()
	q.Action = consortium.ActionLocate
	wantReason(t, h.decide(t, q), true, "MEMBER_TREATMENT")
	q.Actor, q.Purpose = consenttest.Self, consortium.PatientRequest
	q.Actor.Org = "qingshan"
	wantReason(t, h.decide(t, q), true, "MEMBER_PATIENT")
	if h.care.asked != 0 {
		t.Error("looked an encounter up that nothing could rest on")
	}
}

// TestAskingOtherMembers: a clinician asks about who is in care, an assessor without a fact.
func TestAskingOtherMembers(t *testing.T) {
	h := newHospital(t)
	q := h.releaseQuery()
	q.Actor.Org, q.Action = "donghu", consortium.ActionAsk
	wantReason(t, h.decide(t, q), false, "NO_TREATMENT_RELATION")
	h.care.yes = true
	wantReason(t, h.decide(t, q), true, "TREATMENT_RELATION")
	q.Actor.Role, q.Purpose = consortium.RoleAssessor, consortium.Payment
	wantReason(t, h.decide(t, q), true, "ASKING_CUSTODIANS")
}

// TestObligationThatNobodyCarriesOutIsARefusal: also one that is known but not carried out for the action.
func TestObligationThatNobodyCarriesOutIsARefusal(t *testing.T) {
	for _, o := range []consortium.Obligation{
		{Code: "WATERMARK"}, {Code: "UNTIL", Argument: "noon"}, {Code: consortium.Receipt, Argument: "x"},
	} {
		h := newHospital(t)
		h.committed(t)
		h.decider.Policy = obliging{h.decider.Policy, o}
		d, err := h.decider.Decide(t.Context(), h.releaseQuery())
		if d.Allow || !fault.Is(err, fault.Forbidden) || fault.Of(err).Code != consent.CodeObligationUnknown {
			t.Errorf("%s: decided %+v, %v", o, d, err)
		}
	}
	h := newHospital(t)
	h.committed(t)
	h.decider.Policy = obliging{h.decider.Policy, consortium.Obligation{Code: consortium.Receipt}}
	wantReason(t, h.decide(t, h.releaseQuery()), true, "PATIENT_CONSENT")
}

// obliging adds an obligation to what the rules say.
type obliging struct {
	consent.Policy
	obligation consortium.Obligation
}

func (p obliging) Evaluate(ctx context.Context, in consent.Input) (consortium.Decision, error) {
	d, err := p.Policy.Evaluate(ctx, in)
	d.Obligations = append(d.Obligations, p.obligation)
	return d, err
}

// TestRecallRestsOnTheConsentOfTheCopy lets a recipient show a copy only while the very consent that it came under
// holds, whatever others there are.
func TestRecallRestsOnTheConsentOfTheCopy(t *testing.T) {
	h := newHospital(t)
	h.decider.Org = "qingshan"
	first, second := h.committed(t), h.committed(t)
	q := h.releaseQuery()
	q.Action, q.Custodian, q.Consent = consortium.ActionRecall, "qingshan", string(first.ID)
	wantReason(t, h.decide(t, q), true, "PATIENT_CONSENT")
	if _, err := h.Withdraw(context.Background(), consenttest.Self, first.ID); err != nil {
		t.Fatal(err)
	}
	h.step(t) // the recipient has the ledger's word, not the custodian's
	wantReason(t, h.decide(t, q), false, "CONSENT_WITHDRAWN")
	q.Consent = string(second.ID)
	wantReason(t, h.decide(t, q), true, "PATIENT_CONSENT")
	q.Consent = "unknown"
	wantReason(t, h.decide(t, q), false, "CONSENT_MISSING")
}

func TestSelf(t *testing.T) {
	h := newHospital(t)
	q := h.releaseQuery()
	q.Actor, q.Action = consenttest.Self, consortium.ActionRead
	q.Purpose, q.Kinds = consortium.PatientRequest, consortium.PatientKinds()
	wantReason(t, h.decide(t, q), true, "PATIENT_SELF")
	q.Actor = consenttest.Other
	wantReason(t, h.decide(t, q), false, "NOT_THE_PATIENT")
	if h.care.asked != 0 {
		t.Error("looked an encounter up that nothing could rest on")
	}
}

// TestNoDecisionWithoutFacts: what cannot be looked up is an error, never an allowance.
func TestNoDecisionWithoutFacts(t *testing.T) {
	broken := errors.New("connection refused")
	own := func(h *hospital) consortium.Query {
		q := h.releaseQuery()
		q.Actor.Org, q.Action = "donghu", consortium.ActionRead
		return q
	}
	for name, tc := range map[string]struct {
		spoil func(*hospital)
		query func(*hospital) consortium.Query
	}{
		"encounters": {func(h *hospital) { h.care.yes, h.care.err = true, broken }, own},
		"consents":   {func(h *hospital) { h.decider.Consents = brokenConsents{} }, (*hospital).releaseQuery},
		"policy":     {func(h *hospital) { h.decider.Policy = brokenPolicy{} }, (*hospital).releaseQuery},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHospital(t)
			h.committed(t)
			tc.spoil(h)
			d, err := h.decider.Decide(t.Context(), tc.query(h))
			if err == nil || d.Allow {
				t.Errorf("decided %+v, %v", d, err)
			}
		})
	}
}

type brokenConsents struct{}

func (brokenConsents) OfPatient(context.Context, consortium.OrgID, consortium.PatientRef) ([]consent.Consent, error) {
	return nil, fault.New(fault.Unavailable, "DATABASE_DOWN", "The database cannot be reached.")
}

type brokenPolicy struct{}

func (brokenPolicy) Evaluate(context.Context, consent.Input) (consortium.Decision, error) {
	return consortium.Decision{Allow: true}, errors.New("no answer")
}

// TestNothingButStoringIsDecidedBehindAClosedGate: what is stored is not relied on before it was looked through.
func TestNothingButStoringIsDecidedBehindAClosedGate(t *testing.T) {
	h := newHospital(t)
	h.committed(t)
	closed := fault.New(fault.Unavailable, "AUDIT_RUNNING", "Not yet.")
	h.decider.Gate = func() error { return closed }
	for _, action := range []consortium.Action{
		consortium.ActionRead, consortium.ActionLocate, consortium.ActionRelease, consortium.ActionRecall,
	} {
		q := h.releaseQuery()
		q.Action = action
		if d, err := h.decider.Decide(t.Context(), q); !errors.Is(err, closed) || d.Allow {
			t.Errorf("%s: %+v, %v", action, d, err)
		}
	}
	q := h.releaseQuery()
	q.Action = consortium.ActionStore
	if _, err := h.decider.Decide(t.Context(), q); err != nil {
		t.Errorf("store: %v", err)
	}
	h.decider.Gate = func() error { return nil }
	wantReason(t, h.decide(t, h.releaseQuery()), true, "PATIENT_CONSENT")
}
