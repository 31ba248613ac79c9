package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"yilian.example/chaincode/ledger"
	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// ConsentBook is a patient's own consents at this organisation; *consent.Consents is one.
type ConsentBook interface {
	Draft(ctx context.Context, actor consortium.Actor, choice consent.Choice) (consent.Draft, error)
	Grant(ctx context.Context, actor consortium.Actor, in consent.Signed) (consent.Consent, error)
	Withdraw(ctx context.Context, actor consortium.Actor, id consent.ID) (consent.Consent, error)
	One(ctx context.Context, actor consortium.Actor, id consent.ID) (consent.Consent, error)
	List(ctx context.Context, actor consortium.Actor) ([]consent.Consent, error)
}

// Consents drafts, takes, lists and ends consents. Each operation is for the patient themself; nobody is named in an
// address.
type Consents struct {
	Book   ConsentBook
	Ledger consent.LedgerReader // nil: the ledger's state is not shown
	Now    func() time.Time
}

type draftConsentInput struct {
	Body struct {
		Recipient string    `json:"recipient" maxLength:"32" doc:"Member that may receive the records"`
		Purpose   string    `json:"purpose" maxLength:"16" enum:"TREAT,HPAYMT" doc:"Treatment, or a claim at an insurer"`
		Kinds     []string  `json:"kinds" minItems:"1" maxItems:"16" doc:"Kinds of record"`
		Until     time.Time `json:"until" doc:"End of the consent, one year from now at most"`
		Lang      string    `json:"lang" enum:"zh,en" doc:"Language of the statement"`
	}
}

type draftConsentOutput struct {
	Body consent.Draft
}

type grantConsentInput struct {
	Body struct {
		Statement  consent.Statement `json:"statement" doc:"The draft's, with the consent's id: hex SHA-256 of publicKey"`
		Salt       []byte            `json:"salt" maxLength:"64" doc:"The draft's salt, base64"`
		PublicKey  []byte            `json:"publicKey" maxLength:"256" doc:"Fresh P-256 key, SubjectPublicKeyInfo, base64"`
		Grant      []byte            `json:"grant" maxLength:"128" doc:"ECDSA-SHA256 over the grant message, r||s, base64"`
		Withdrawal []byte            `json:"withdrawal" maxLength:"128" doc:"The same over the withdrawal message"`
	}
}

type consentInput struct {
	ID string `path:"id" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]*$" doc:"The consent's id, which names nobody"`
}

type consentOutput struct {
	Body consentBody
}

type consentListOutput struct {
	Body struct {
		Consents []consentBody `json:"consents"`
	}
}

type consentBody struct {
	ID        consent.ID         `json:"id"`
	Custodian consortium.OrgID   `json:"custodian"`
	Recipient consortium.OrgID   `json:"recipient"`
	Purpose   consortium.Purpose `json:"purpose"`
	Kinds     []consortium.Kind  `json:"kinds"`
	From      time.Time          `json:"from"`
	Until     time.Time          `json:"until"`
	State     consent.State      `json:"state" enum:"pending,granted,refused,withdrawn" doc:"Only granted counts"`
	Counts    bool               `json:"counts" doc:"Whether it permits anything at this moment"`
	Granted   time.Time          `json:"granted" doc:"When it was signed"`
	Withdrawn *time.Time         `json:"withdrawn,omitempty"`
	Ledger    *consentOnLedger   `json:"ledger,omitempty" doc:"What the ledger says; absent where it gave no answer"`
}

type consentOnLedger struct {
	State      string `json:"state" enum:"absent,granted,withdrawn"`
	GrantTx    string `json:"grantTx,omitempty"`
	WithdrawTx string `json:"withdrawTx,omitempty"`
}

// Register adds the operations.
func (k Consents) Register(j JSON) {
	register(j, huma.Operation{
		OperationID: "draft-consent", Method: http.MethodPost, Path: "/api/v1/consents/draft",
		Summary: "Write the statement of a consent, to be read and signed",
		Description: "Nothing is stored. Put the id of a fresh P-256 key into the statement, sign both messages, " +
			"and send it to grant-consent within an hour.",
	}, k.draft)
	register(j, huma.Operation{
		OperationID: "grant-consent", Method: http.MethodPost, Path: "/api/v1/consents", DefaultStatus: http.StatusCreated,
		Summary:     "Give a signed consent",
		Description: "It counts once the ledger has committed it. The same submission again gives the same consent.",
	}, k.grant)
	register(j, huma.Operation{
		OperationID: "list-consents", Method: http.MethodGet, Path: "/api/v1/consents",
		Summary: "List one's own consents at this organisation, newest first",
	}, k.list)
	register(j, huma.Operation{
		OperationID: "show-consent", Method: http.MethodGet, Path: "/api/v1/consents/{id}",
		Summary: "Show one of one's own consents, and what the ledger says of it",
	}, k.show)
	register(j, huma.Operation{
		OperationID: "withdraw-consent", Method: http.MethodPost, Path: "/api/v1/consents/{id}/withdrawal",
		Summary:     "Withdraw a consent, for good",
		Description: "It counts from the moment of the answer; the ledger follows.",
	}, k.withdraw)
}

func (k Consents) draft(
	ctx context.Context, actor consortium.Actor, in *draftConsentInput,
) (*draftConsentOutput, error) {
	b := in.Body
	kinds := make([]consortium.Kind, len(b.Kinds))
	for i, name := range b.Kinds {
		kinds[i] = consortium.Kind(name)
	}
	d, err := k.Book.Draft(ctx, actor, consent.Choice{
		Recipient: consortium.OrgID(b.Recipient),
		Purpose:   consortium.Purpose(b.Purpose),
		Kinds:     kinds,
		Until:     b.Until,
		Lang:      consent.Lang(b.Lang),
	})
	if err != nil {
		return nil, err
	}
	return &draftConsentOutput{Body: d}, nil
}

func (k Consents) grant(ctx context.Context, actor consortium.Actor, in *grantConsentInput) (*consentOutput, error) {
	b := in.Body
	c, err := k.Book.Grant(ctx, actor, consent.Signed{
		Statement: b.Statement, Salt: b.Salt, PublicKey: b.PublicKey, Grant: b.Grant, Withdrawal: b.Withdrawal,
	})
	return k.answer(c, err)
}

func (k Consents) withdraw(ctx context.Context, actor consortium.Actor, in *consentInput) (*consentOutput, error) {
	c, err := k.Book.Withdraw(ctx, actor, consent.ID(in.ID))
	return k.answer(c, err)
}

func (k Consents) list(ctx context.Context, actor consortium.Actor, _ *struct{}) (*consentListOutput, error) {
	list, err := k.Book.List(ctx, actor)
	if err != nil {
		return nil, err
	}
	out := &consentListOutput{}
	out.Body.Consents = make([]consentBody, 0, len(list))
	for _, c := range list {
		out.Body.Consents = append(out.Body.Consents, k.body(c))
	}
	return out, nil
}

func (k Consents) show(ctx context.Context, actor consortium.Actor, in *consentInput) (*consentOutput, error) {
	c, err := k.Book.One(ctx, actor, consent.ID(in.ID))
	out, err := k.answer(c, err)
	if err != nil || k.Ledger == nil {
		return out, err
	}
	state, err := k.Ledger.Consent(ctx, in.ID)
	switch {
	case fault.Is(err, fault.NotFound):
		out.Body.Ledger = &consentOnLedger{State: "absent"}
	case err == nil:
		out.Body.Ledger = &consentOnLedger{State: string(state.Status), GrantTx: state.GrantTx, WithdrawTx: state.WithdrawTx}
		out.Body.Counts = out.Body.Counts && state.Status == ledger.StatusGranted
	}
	return out, nil
}

func (k Consents) answer(c consent.Consent, err error) (*consentOutput, error) {
	if err != nil {
		return nil, err
	}
	return &consentOutput{Body: k.body(c)}, nil
}

func (k Consents) body(c consent.Consent) consentBody {
	b := consentBody{
		ID: c.ID, Custodian: c.Terms.Custodian, Recipient: c.Terms.Recipient, Purpose: c.Terms.Purpose, Kinds: c.Terms.Kinds,
		From: c.Terms.From, Until: c.Terms.Until, State: c.State, Counts: c.Holds(k.Now()), Granted: c.CreatedAt,
	}
	if !c.WithdrawnAt.IsZero() {
		b.Withdrawn = &c.WithdrawnAt
	}
	return b
}
