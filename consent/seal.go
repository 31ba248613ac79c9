package consent

import (
	"context"
	"encoding/json"
	"fmt"

	"yilian.example/exchange/tlog"
)

// What a ciphertext is, so that one kind can never stand in another's place.
const (
	sealSecret  = "yilian/consent-secret/v1"
	sealReceipt = "yilian/consent-receipt/v1"
	sealEnding  = "yilian/consent-ending/v1"
)

// binding is the associated data of all that is sealed with a consent: its id and every one of its clear terms. Change
// one of them in the database and nothing opens any more.
func binding(kind string, id ID, t Terms) ([]byte, error) {
	return tlog.Canonical(struct {
		Seal  string    `json:"seal"`
		Terms Statement `json:"terms"`
	}{kind, NewStatement(id, t, "")})
}

func seal(ctx context.Context, keys Keys, kind string, id ID, t Terms, v any) ([]byte, error) {
	aad, err := binding(kind, id, t)
	if err != nil {
		return nil, err
	}
	plain, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", kind, err)
	}
	sealed, err := keys.Seal(ctx, t.Patient, aad, plain)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", kind, err)
	}
	return sealed, nil
}

func open(ctx context.Context, keys Keys, kind string, id ID, t Terms, sealed []byte, v any) error {
	aad, err := binding(kind, id, t)
	if err != nil {
		return err
	}
	plain, err := keys.Open(ctx, t.Patient, aad, sealed)
	if err != nil {
		return fmt.Errorf("open %s: %w", kind, err)
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("decode %s: %w", kind, err)
	}
	return nil
}

// Proven returns the receipt of a consent that is marked granted. Only the organisation's own gateway could have sealed
// it for this id and these terms, so an error means that the mark, or the terms, did not come from it.
func Proven(ctx context.Context, keys Keys, c Consent) (Receipt, error) {
	if c.State != Granted || len(c.Receipt) == 0 {
		return Receipt{}, fmt.Errorf("prove consent: it has no receipt")
	}
	var r Receipt
	if err := open(ctx, keys, sealReceipt, c.ID, c.Terms, c.Receipt, &r); err != nil {
		return Receipt{}, err
	}
	if r.Tx == "" || r.Until != c.Terms.Until.Unix() {
		return Receipt{}, fmt.Errorf("prove consent: the receipt is for another period")
	}
	return r, nil
}
