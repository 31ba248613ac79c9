package fabric

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/fault"
)

func TestEveryCodeIsClassified(t *testing.T) {
	for _, code := range append(ledger.Codes(), CodeConflict, CodeInvalid) {
		k, found := kinds[code]
		if !found || k.public == "" {
			t.Errorf("%s has no kind or no text for people", code)
		}
		err := rejected("consent:Grant", "tx", &ledger.Refusal{Code: code, Text: "x"})
		if CodeOf(err) != code || fault.KindOf(err) != k.kind || fault.Of(err).Code != fault.Code(code) ||
			!errors.Is(err, ErrRejected) {
			t.Errorf("%s: classified as %v", code, err)
		}
	}
}

func TestRefusalOf(t *testing.T) {
	detailed, err := status.New(codes.Aborted, "failed to endorse transaction, see attached details for more info").
		WithDetails(
			&gateway.ErrorDetail{
				MspId:   "donghu",
				Message: "chaincode response 500, WITNESS_SMALLER: the checkpoint has 3 entries, the ledger witnessed 7",
			})
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		err  error
		want ledger.Code
	}{
		{"in details", detailed.Err(), ledger.CodeLogSmaller},
		{
			"in the text",
			status.Error(
				codes.Unknown, "evaluate call to endorser returned error: chaincode response 500, CONSENT_UNKNOWN: not there",
			),
			ledger.CodeConsentUnknown,
		},
		{"wrapped", fmt.Errorf("endorse: %w", detailed.Err()), ledger.CodeLogSmaller},
		{"none", status.Error(codes.Unavailable, "no combination of peers can be derived"), ""},
		{"code without its colon", errors.New("WITNESS_SMALLER is a code"), ""},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			refusal, found := refusalOf(tc.err)
			if found != (tc.want != "") || (found && refusal.Code != tc.want) {
				t.Errorf("got %v, want %q", refusal, tc.want)
			}
		})
	}
}

// TestLyingPeer: an answer whose signatures do not verify is not believed.
func TestLyingPeer(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	sign := func(message []byte) []byte {
		digest := sha256.Sum256(message)
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	id := ledger.ConsentID(spki)
	honest := ledger.ConsentState{
		Type: ledger.TypeConsent, ID: id, Status: ledger.StatusGranted, PublicKey: spki, Commitment: make([]byte, 32),
		Until:     99,
		Signature: sign(ledger.GrantMessage(id, [32]byte{}, 99)),
	}
	if err := checkConsent(id, honest); err != nil {
		t.Fatalf("honest grant: %v", err)
	}
	withdrawn := honest
	withdrawn.Status, withdrawn.WithdrawalSignature = ledger.StatusWithdrawn, sign(ledger.WithdrawalMessage(id))
	if err := checkConsent(id, withdrawn); err != nil {
		t.Fatalf("honest withdrawal: %v", err)
	}
	tests := []struct {
		name   string
		change func(*ledger.ConsentState)
	}{
		{"longer than granted", func(s *ledger.ConsentState) { s.Until++ }},
		{"another text", func(s *ledger.ConsentState) { s.Commitment = append(make([]byte, 31), 1) }},
		{"no commitment", func(s *ledger.ConsentState) { s.Commitment = nil }},
		{"invented withdrawal", func(s *ledger.ConsentState) { s.Status = ledger.StatusWithdrawn }},
		{"another consent", func(s *ledger.ConsentState) { s.ID = ledger.ConsentID(nil) }},
		{"another type", func(s *ledger.ConsentState) { s.Type = ledger.TypeWitness }},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			lie := honest
			tc.change(&lie)
			if checkConsent(id, lie) == nil {
				t.Error("believed")
			}
		})
	}
}
