package consenttest

import (
	"errors"
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/consent"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// RunLedger holds a ledger to what the carrier and the decider rely on. The fake of this package and the real client
// pass it alike.
func RunLedger(t *testing.T, l consent.Ledger) {
	for name, test := range map[string]func(*testing.T, consent.Ledger){
		"absent":                  ledgerAbsent,
		"grant and withdraw":      ledgerLife,
		"final after withdrawal":  ledgerFinal,
		"other content":           ledgerOtherContent,
		"ended already":           ledgerUntil,
		"signature":               ledgerSignature,
		"withdrawal of a foreign": ledgerForeignWithdrawal,
	} {
		t.Run(name, func(t *testing.T) { test(t, l) })
	}
}

// newGrant signs a grant until a time, with its withdrawal.
func newGrant(t *testing.T, until time.Time) (ledger.Grant, ledger.Withdrawal) {
	t.Helper()
	s := Sign(t, consent.Draft{Statement: consent.Statement{Text: "text"}, Salt: make([]byte, 32), Until: until.Unix()})
	statement, err := s.Statement.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	commitment := tlog.Commit(tlog.KindConsent, [32]byte(s.Salt), statement)
	id := ledger.ConsentID(s.PublicKey)
	grant := ledger.Grant{
		ID: id, PublicKey: s.PublicKey, Commitment: commitment[:], Until: until.Unix(), Signature: s.Grant,
		Mode: ledger.ModeSelf,
	}
	return grant, ledger.Withdrawal{ID: id, Signature: s.Withdrawal}
}

func soon() time.Time { return time.Now().Add(time.Hour) }

func wantRefusal(t *testing.T, err error, code ledger.Code, kind fault.Kind) {
	t.Helper()
	var r *ledger.Refusal
	if !errors.As(err, &r) || r.Code != code || !fault.Is(err, kind) {
		t.Errorf("error %v of kind %d, want refusal %s of kind %d", err, fault.KindOf(err), code, kind)
	}
}

func ledgerAbsent(t *testing.T, l consent.Ledger) {
	grant, withdrawal := newGrant(t, soon())
	_, err := l.Consent(t.Context(), grant.ID)
	wantRefusal(t, err, ledger.CodeConsentUnknown, fault.NotFound)
	_, err = l.WithdrawConsent(t.Context(), withdrawal)
	wantRefusal(t, err, ledger.CodeConsentUnknown, fault.NotFound)
}

func ledgerLife(t *testing.T, l consent.Ledger) {
	grant, withdrawal := newGrant(t, soon())
	granted, err := l.GrantConsent(t.Context(), grant)
	must(t, err)
	if granted.ID != grant.ID || granted.Status != ledger.StatusGranted ||
		string(granted.Commitment) != string(grant.Commitment) ||
		granted.Until != grant.Until ||
		granted.GrantTx == "" ||
		granted.GrantedAt.IsZero() {
		t.Errorf("granted %+v", granted)
	}
	again, err := l.GrantConsent(t.Context(), grant)
	if err != nil || again.GrantTx != granted.GrantTx {
		t.Errorf("the same grant again: %+v, %v", again, err)
	}
	for range 2 { // again changes nothing
		ended, err := l.WithdrawConsent(t.Context(), withdrawal)
		must(t, err)
		if ended.Status != ledger.StatusWithdrawn || ended.WithdrawnAt == nil {
			t.Errorf("withdrawn %+v", ended)
		}
	}
	read, err := l.Consent(t.Context(), grant.ID)
	if err != nil || read.Status != ledger.StatusWithdrawn || read.GrantTx != granted.GrantTx || read.WithdrawTx == "" {
		t.Errorf("read %+v, %v", read, err)
	}
}

func ledgerFinal(t *testing.T, l consent.Ledger) {
	grant, withdrawal := newGrant(t, soon())
	_, err := l.GrantConsent(t.Context(), grant)
	must(t, err)
	_, err = l.WithdrawConsent(t.Context(), withdrawal)
	must(t, err)
	_, err = l.GrantConsent(t.Context(), grant)
	wantRefusal(t, err, ledger.CodeConsentWithdrawn, fault.Conflict)
}

func ledgerOtherContent(t *testing.T, l consent.Ledger) {
	grant, _ := newGrant(t, soon())
	grant.Until++ // signed for another end
	_, err := l.GrantConsent(t.Context(), grant)
	wantRefusal(t, err, ledger.CodeSignature, fault.Invalid)
	if _, err := l.Consent(t.Context(), grant.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("a refused grant left something behind: %v", err)
	}
}

func ledgerUntil(t *testing.T, l consent.Ledger) {
	grant, _ := newGrant(t, time.Now().Add(-time.Minute))
	_, err := l.GrantConsent(t.Context(), grant)
	wantRefusal(t, err, ledger.CodeConsentUntil, fault.Invalid)
}

func ledgerSignature(t *testing.T, l consent.Ledger) {
	grant, withdrawal := newGrant(t, soon())
	grant.Signature = withdrawal.Signature
	_, err := l.GrantConsent(t.Context(), grant)
	wantRefusal(t, err, ledger.CodeSignature, fault.Invalid)
}

func ledgerForeignWithdrawal(t *testing.T, l consent.Ledger) {
	grant, _ := newGrant(t, soon())
	_, err := l.GrantConsent(t.Context(), grant)
	must(t, err)
	_, other := newGrant(t, soon())
	other.ID = grant.ID
	_, err = l.WithdrawConsent(t.Context(), other)
	wantRefusal(t, err, ledger.CodeSignature, fault.Invalid)
	if s, err := l.Consent(t.Context(), grant.ID); err != nil || s.Status != ledger.StatusGranted {
		t.Errorf("after a withdrawal by nobody: %+v, %v", s, err)
	}
}
