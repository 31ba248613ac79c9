package journey

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
)

// Choice is what a patient agrees to.
type Choice struct {
	Recipient consortium.OrgID   `json:"recipient"`
	Purpose   consortium.Purpose `json:"purpose"`
	Kinds     []consortium.Kind  `json:"kinds"`
	Until     time.Time          `json:"until"`
	Lang      string             `json:"lang"`
}

// SignedConsent is what the patient's browser sends: the statement that was read, and both signatures over it.
type SignedConsent struct {
	Statement  consent.Statement `json:"statement"`
	Salt       []byte            `json:"salt"`
	PublicKey  []byte            `json:"publicKey"`
	Grant      []byte            `json:"grant"`
	Withdrawal []byte            `json:"withdrawal"`
}

// Consent is one consent as its patient sees it.
type Consent struct {
	ID        string             `json:"id"`
	State     consent.State      `json:"state"`
	Counts    bool               `json:"counts"` // whether it permits anything now
	Recipient consortium.OrgID   `json:"recipient"`
	Purpose   consortium.Purpose `json:"purpose"`
	Kinds     []consortium.Kind  `json:"kinds"`
	Until     time.Time          `json:"until"`
	Ledger    *OnLedger          `json:"ledger"` // only where one consent is shown
}

// OnLedger is what the consortium's ledger says of a consent.
type OnLedger struct {
	State      string `json:"state"` // absent, granted or withdrawn
	GrantTx    string `json:"grantTx"`
	WithdrawTx string `json:"withdrawTx"`
}

// DraftConsent asks for the statement that the patient is to read and sign.
func (c *Client) DraftConsent(ctx context.Context, choice Choice) (consent.Draft, error) {
	var out consent.Draft
	err := c.json(ctx, "draft consent", http.MethodPost, "/api/v1/consents/draft", choice, &out)
	return out, err
}

// SignConsent does what the browser does: it makes a key for this consent alone, signs grant and withdrawal, and
// forgets the key.
func SignConsent(draft consent.Draft) (SignedConsent, error) {
	key, err := NewConsentKey()
	if err != nil {
		return SignedConsent{}, err
	}
	if len(draft.Salt) != 32 {
		return SignedConsent{}, errors.New("sign consent: draft has no salt")
	}
	statement := draft.Statement
	statement.Consent = consent.ID(key.ID)
	canonical, err := statement.Canonical()
	if err != nil {
		return SignedConsent{}, fmt.Errorf("sign consent: %w", err)
	}
	commitment := tlog.Commit("consent", [32]byte(draft.Salt), canonical)
	grant, err := key.Sign(ledger.GrantMessage(key.ID, commitment, draft.Until))
	if err != nil {
		return SignedConsent{}, err
	}
	withdrawal, err := key.Sign(ledger.WithdrawalMessage(key.ID))
	if err != nil {
		return SignedConsent{}, err
	}
	return SignedConsent{
		Statement:  statement,
		Salt:       draft.Salt,
		PublicKey:  key.SPKI,
		Grant:      grant,
		Withdrawal: withdrawal,
	}, nil
}

// SendConsent hands a signed consent in.
func (c *Client) SendConsent(ctx context.Context, signed SignedConsent) (Consent, error) {
	var out Consent
	err := c.json(ctx, "grant consent", http.MethodPost, "/api/v1/consents", signed, &out)
	return out, err
}

// Grant drafts, signs, hands in, and waits until the ledger has committed the grant: before that it does not count.
func (c *Client) Grant(ctx context.Context, choice Choice) (Consent, error) {
	draft, err := c.DraftConsent(ctx, choice)
	if err != nil {
		return Consent{}, err
	}
	signed, err := SignConsent(draft)
	if err != nil {
		return Consent{}, err
	}
	granted, err := c.SendConsent(ctx, signed)
	if err != nil {
		return Consent{}, err
	}
	return c.WaitConsent(ctx, granted.ID, func(k Consent) bool { return k.Counts })
}

// Consents lists the calling patient's consents at this member.
func (c *Client) Consents(ctx context.Context) ([]Consent, error) {
	var out struct {
		Consents []Consent `json:"consents"`
	}
	err := c.json(ctx, "list consents", http.MethodGet, "/api/v1/consents", nil, &out)
	return out.Consents, err
}

// Withdraw takes a consent back. It counts when this returns.
func (c *Client) Withdraw(ctx context.Context, id string) (Consent, error) {
	var out Consent
	err := c.json(ctx, "withdraw consent", http.MethodPost, "/api/v1/consents/"+id+"/withdrawal", nil, &out)
	return out, err
}

// Consent shows one consent and what the ledger says of it.
func (c *Client) Consent(ctx context.Context, id string) (Consent, error) {
	var out Consent
	err := c.json(ctx, "show consent", http.MethodGet, "/api/v1/consents/"+id, nil, &out)
	return out, err
}

// WaitConsent waits until a consent is as wanted. It gives up at once when the ledger refused the consent.
func (c *Client) WaitConsent(ctx context.Context, id string, wanted func(Consent) bool) (Consent, error) {
	for {
		k, err := c.Consent(ctx, id)
		switch {
		case err == nil && wanted(k):
			return k, nil
		case err == nil && k.State == consent.Refused:
			return k, errors.New("wait for consent: the ledger refused it")
		case err == nil:
			err = fmt.Errorf("it is %s", k.State)
		}
		select {
		case <-ctx.Done():
			return Consent{}, fmt.Errorf("wait for consent: %w (last seen: %w)", ctx.Err(), err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
