package consent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
)

// ownAge is the age from which a person consents for themself (PIPL 31).
const ownAge = 14

// How far the beginning of a signed consent may be from now: a draft is good for an hour.
const (
	draftLife = time.Hour
	clockSkew = time.Minute
)

// Consents is a custodian's book of consents: drafting, granting, withdrawing, listing. Every method is for the patient
// themself.
type Consents struct {
	Org     consortium.OrgID
	Members Directory
	People  People
	Keys    Keys
	Store   Store
	Now     func() time.Time
	Book    logbook.Book
	// Wake tells the carrier that there is something to carry; may be nil, as the carrier also looks by itself.
	Wake func()
}

// Choice is what the patient chooses; the rest of the terms follows from who they are and where.
type Choice struct {
	Recipient consortium.OrgID
	Purpose   consortium.Purpose
	Kinds     []consortium.Kind
	Until     time.Time
	Lang      Lang
}

// Draft is a consent ready to be read and signed. Nothing is stored for it.
type Draft struct {
	Statement Statement `json:"statement"` // without the id, which follows from the key that the browser makes
	Salt      []byte    `json:"salt"`      // 32 bytes
	Until     int64     `json:"until"`     // Unix seconds, as they stand in the message to sign
}

// JSON is the draft as consent.js reads it.
func (d Draft) JSON() ([]byte, error) { return json.Marshal(d) }

// Signed is what comes back from the browser: the statement, now with its id, the key, and both signatures.
type Signed struct {
	Statement  Statement
	Salt       []byte
	PublicKey  []byte // SubjectPublicKeyInfo
	Grant      []byte // r||s over ledger.GrantMessage
	Withdrawal []byte // r||s over ledger.WithdrawalMessage
}

// Draft writes the statement that the patient is asked to sign.
func (s *Consents) Draft(ctx context.Context, actor consortium.Actor, choice Choice) (Draft, error) {
	terms := Terms{
		Patient: actor.Patient, Custodian: s.Org, Recipient: choice.Recipient, Purpose: choice.Purpose,
		Kinds: sorted(
			choice.Kinds,
		), From: s.Now().UTC().Truncate(time.Second), Until: choice.Until.UTC().Truncate(time.Second),
		Notice: NoticeVersion, Lang: choice.Lang,
	}
	text, err := s.check(ctx, actor, terms)
	if err != nil {
		return Draft{}, err
	}
	salt, err := s.Book.Salt()
	if err != nil {
		return Draft{}, err
	}
	return Draft{Statement: NewStatement("", terms, text), Salt: salt[:], Until: terms.Until.Unix()}, nil
}

// Grant keeps a signed consent as pending and orders it to be carried to the ledger. Everything is derived again here;
// what the browser sent must equal it. The same submission again gives the same consent.
func (s *Consents) Grant(ctx context.Context, actor consortium.Actor, in Signed) (Consent, error) {
	terms, err := in.Statement.terms()
	if err != nil {
		return Consent{}, err
	}
	text, err := s.check(ctx, actor, terms)
	if err != nil {
		return Consent{}, err
	}
	secret, err := s.verify(terms, text, in)
	if err != nil {
		return Consent{}, err
	}
	c := Consent{ID: ID(ledger.ConsentID(in.PublicKey)), Terms: terms, State: Pending, CreatedAt: s.Now().UTC()}
	entry, opening, err := s.Book.Commit(tlog.KindConsent, c.CreatedAt, secret.Statement)
	if err != nil {
		return Consent{}, err
	}
	secret.LogSalt = opening.Salt
	if c.Sealed, err = seal(ctx, s.Keys, sealSecret, c.ID, terms, secret); err != nil {
		return Consent{}, err
	}
	err = s.Store.Add(ctx, c, entry)
	if fault.Is(err, fault.Conflict) {
		return s.again(ctx, actor, c.ID, secret, err)
	}
	if err != nil {
		return Consent{}, fmt.Errorf("keep consent: %w", err)
	}
	s.wake()
	return c, nil
}

// again answers a repeated submission: the first answer may have been lost on its way to the browser.
func (s *Consents) again(
	ctx context.Context, actor consortium.Actor, id ID, secret Secret, conflict error,
) (Consent, error) {
	c, err := s.One(ctx, actor, id)
	if err != nil {
		return Consent{}, conflict
	}
	var kept Secret
	if err := open(ctx, s.Keys, sealSecret, id, c.Terms, c.Sealed, &kept); err != nil {
		return Consent{}, fmt.Errorf("compare with kept consent: %w", err)
	}
	if !bytes.Equal(kept.Statement, secret.Statement) {
		return Consent{}, conflict
	}
	return c, nil
}

// check refuses terms that nobody may agree to here, and returns the text that belongs to them.
func (s *Consents) check(ctx context.Context, actor consortium.Actor, t Terms) (string, error) {
	if err := s.checkPerson(actor, t.Patient); err != nil {
		return "", err
	}
	custodian, recipient, err := s.parties(t)
	if err != nil {
		return "", err
	}
	if err := s.checkScope(t); err != nil {
		return "", err
	}
	if err := s.checkAge(ctx, actor); err != nil {
		return "", err
	}
	return Text(t, custodian, recipient), nil
}

func (s *Consents) checkPerson(actor consortium.Actor, patient consortium.PatientRef) error {
	if actor.Role != consortium.RolePatient || actor.Org != s.Org || !actor.Patient.Valid() {
		return fault.New(
			fault.Forbidden, CodePatientOnly, "Only patients can give or take back consent, each for themselves.",
		)
	}
	if actor.Patient != patient {
		return fault.New(fault.Forbidden, CodeNotThePatient, "You can give and take back consent for yourself only.")
	}
	return nil
}

// parties checks who hands over and who receives: treatment is a hospital's work, claims are an insurer's.
func (s *Consents) parties(t Terms) (custodian, recipient Party, err error) {
	custodian, known := s.Members.Member(t.Custodian)
	if !known || t.Custodian != s.Org {
		return Party{}, Party{}, fault.New(
			fault.Invalid, CodeConsentCustodian, "Give consent at the organisation that holds the records.",
		)
	}
	recipient, known = s.Members.Member(t.Recipient)
	if !known || t.Recipient == s.Org {
		return Party{}, Party{}, fault.New(
			fault.Invalid, CodeConsentRecipient, "Choose another member organisation as recipient.",
		)
	}
	serves := map[consortium.Purpose]consortium.OrgKind{
		consortium.Treatment: consortium.Hospital,
		consortium.Payment:   consortium.Insurer,
	}
	kind, known := serves[t.Purpose]
	if !known {
		return Party{}, Party{}, fault.New(
			fault.Invalid, CodeConsentPurpose, "Consent can be given for treatment or for an insurance claim.",
		)
	}
	if recipient.Kind != kind {
		return Party{}, Party{}, fault.New(fault.Invalid, CodeConsentRecipient,
			"This organisation does not do that: choose a hospital for treatment, an insurer for a claim.")
	}
	return custodian, recipient, nil
}

func unknownKind(k consortium.Kind) bool { return !k.Valid() }

func (s *Consents) checkScope(t Terms) error {
	now := s.Now()
	switch {
	case len(t.Kinds) == 0 || !slices.Equal(t.Kinds, sorted(t.Kinds)) || slices.ContainsFunc(t.Kinds, unknownKind):
		return fault.New(fault.Invalid, CodeConsentKinds, "Choose at least one kind of record from the list.")
	case t.Notice != NoticeVersion || !t.Lang.Valid():
		return fault.New(
			fault.Invalid, CodeConsentNotice,
			"The wording of the notice has changed. Please load the page again and read it once more.",
		)
	case t.From.Before(now.Add(-draftLife)) || t.From.After(now.Add(clockSkew)):
		return fault.New(fault.Invalid, CodeConsentDraftOld, "This form is older than an hour. Please load the page again.")
	case !t.Until.After(now) || !t.Until.After(t.From):
		return fault.New(fault.Invalid, CodeConsentPeriod, "The consent would have ended already. Choose a later end.")
	case t.Until.Sub(t.From) > MaxPeriod:
		return fault.New(fault.Invalid, CodeConsentPeriod, "A consent can run for one year at most. Choose an earlier end.")
	}
	return nil
}

// checkAge refuses those whose guardian has to consent, and those of whom the age is not known.
func (s *Consents) checkAge(ctx context.Context, actor consortium.Actor) error {
	born, err := s.People.BirthDate(ctx, actor)
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(err, fault.Forbidden, CodeConsentAgeUnknown,
			"Your date of birth is not on record here, so consent cannot be taken online. Please ask at the service desk.")
	}
	if err != nil {
		return fmt.Errorf("look up date of birth: %w", err)
	}
	if s.Now().In(beijing).Before(born.AddDate(ownAge, 0, 0)) {
		return fault.New(
			fault.Forbidden,
			CodeConsentGuardian,
			"For children under 14 a parent or guardian has to consent (PIPL 31). This cannot be done online yet: please "+
				"come to the service desk together.",
		)
	}
	return nil
}

// verify builds the statement again, checks that it is what was signed, and checks both signatures.
func (s *Consents) verify(t Terms, text string, in Signed) (Secret, error) {
	if len(in.Salt) != 32 {
		return Secret{}, fault.New(
			fault.Invalid, CodeConsentSalt, "The form was sent incomplete. Please load the page again.",
		)
	}
	id := ID(ledger.ConsentID(in.PublicKey))
	want := NewStatement(id, t, text)
	statement, err := want.Canonical()
	if err != nil {
		return Secret{}, err
	}
	got, err := in.Statement.Canonical()
	if err != nil || !bytes.Equal(got, statement) {
		return Secret{}, fault.New(
			fault.Invalid, CodeConsentChanged, "What was signed is not what this page asks for. Please load the page again.",
		)
	}
	salt := [32]byte(in.Salt)
	commitment := tlog.Commit(tlog.KindConsent, salt, statement)
	err = errors.Join(
		ledger.VerifyP256(in.PublicKey, ledger.GrantMessage(string(id), commitment, t.Until.Unix()), in.Grant),
		ledger.VerifyP256(in.PublicKey, ledger.WithdrawalMessage(string(id)), in.Withdrawal),
	)
	if err != nil {
		return Secret{}, fault.Wrap(
			err, fault.Invalid, CodeConsentSignature,
			"The signature does not verify. Please load the page again and sign once more.",
		)
	}
	return Secret{
		Statement:  statement,
		Salt:       salt,
		PublicKey:  in.PublicKey,
		Grant:      in.Grant,
		Withdrawal: in.Withdrawal,
	}, nil
}

func (s *Consents) wake() {
	if s.Wake != nil {
		s.Wake()
	}
}

// sorted returns kinds in the order of their codes, each once.
func sorted(kinds []consortium.Kind) []consortium.Kind {
	out := slices.Clone(kinds)
	slices.Sort(out)
	return slices.Compact(out)
}
