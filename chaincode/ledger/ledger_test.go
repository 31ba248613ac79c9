package ledger_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
)

// TestMessages fixes the bytes: browsers and other programs make them too, so they cannot change.
func TestMessages(t *testing.T) {
	commitment := [32]byte{0xab, 31: 0xcd}
	hexed := hex.EncodeToString(commitment[:])
	for name, tc := range map[string]struct{ got, want string }{
		"grant": {
			string(ledger.GrantMessage("id", commitment, 1793000000)),
			"yilian/consent/grant/v1\nid\n" + hexed + "\n1793000000\n",
		},
		"withdraw": {string(ledger.WithdrawalMessage("id")), "yilian/consent/withdraw/v1\nid\n"},
		"assist": {
			string(ledger.AssistMessage("staff", "id", commitment, 5)),
			"yilian/consent/assist/v1\nstaff\nid\n" + hexed + "\n5\n",
		},
		"rotate": {ledger.RotateText("o", "k", 7), "yilian/witness/rotate/v1\no\nk\n7\n"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %q, want %q", name, tc.got, tc.want)
		}
	}
}

// The published vector of RFC 6979, A.2.5 (SHA-256, message "sample"), in the form that browsers give:
// SubjectPublicKeyInfo and r||s.
const (
	vectorX = "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
	vectorY = "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
	vectorR = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
	vectorS = "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
	header  = "3059301306072a8648ce3d020106082a8648ce3d030107034200" + "04"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestVerifyVector(t *testing.T) {
	spki := unhex(t, header+vectorX+vectorY)
	signature := unhex(t, vectorR+vectorS)
	if err := ledger.VerifyP256(spki, []byte("sample"), signature); err != nil {
		t.Errorf("published vector: %v", err)
	}
	if err := ledger.VerifyP256(spki, []byte("samplf"), signature); !errors.Is(err, ledger.ErrSignature) {
		t.Errorf("another message: %v", err)
	}
	for i := range signature {
		bent := append([]byte(nil), signature...)
		bent[i] ^= 1
		if err := ledger.VerifyP256(spki, []byte("sample"), bent); !errors.Is(err, ledger.ErrSignature) {
			t.Errorf("byte %d bent: %v", i, err)
		}
	}
}

func TestVerifyRefusals(t *testing.T) {
	good := unhex(t, header+vectorX+vectorY)
	signature := unhex(t, vectorR+vectorS)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki384, err := x509.MarshalPKIXPublicKey(p384.Public())
	if err != nil {
		t.Fatal(err)
	}
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki25519, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	offCurve := append([]byte(nil), good...)
	offCurve[90] ^= 1
	tests := []struct {
		name      string
		key       []byte
		signature []byte
		want      error
	}{
		{"no key", nil, signature, ledger.ErrKey},
		{"another curve", spki384, signature, ledger.ErrKey},
		{"another kind", spki25519, signature, ledger.ErrKey},
		{"not on the curve", offCurve, signature, ledger.ErrKey},
		{"key cut", good[:90], signature, ledger.ErrKey},
		{"key with a byte more", append(append([]byte(nil), good...), 0), signature, ledger.ErrKey},
		{"bare point", good[26:], signature, ledger.ErrKey},
		{"no signature", good, nil, ledger.ErrSignature},
		{"signature cut", good, signature[:63], ledger.ErrSignature},
		{"signature with a byte more", good, append(append([]byte(nil), signature...), 0), ledger.ErrSignature},
		{"zeros", good, make([]byte, 64), ledger.ErrSignature},
		{"all ones", good, []byte(strings.Repeat("\xff", 64)), ledger.ErrSignature},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if err := ledger.VerifyP256(tc.key, []byte("sample"), tc.signature); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// FuzzVerifyP256: no bytes make it panic, and a key that is accepted is in its one form.
func FuzzVerifyP256(f *testing.F) {
	f.Add(unhex(f, header+vectorX+vectorY), []byte("sample"), unhex(f, vectorR+vectorS))
	f.Add([]byte{}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, spki, message, signature []byte) {
		key, err := ledger.ParseP256(spki)
		if err == nil {
			again, err := x509.MarshalPKIXPublicKey(key)
			if err != nil || string(again) != string(spki) {
				t.Fatalf("accepted a second form of a key")
			}
		}
		if ledger.VerifyP256(spki, message, signature) == nil && len(signature) != 64 {
			t.Fatal("accepted a signature of another length")
		}
	})
}

func TestIDs(t *testing.T) {
	id := ledger.ConsentID([]byte("key"))
	sum := sha256.Sum256([]byte("key"))
	if id != hex.EncodeToString(sum[:]) || !ledger.ValidID(id) {
		t.Errorf("id %s", id)
	}
	for _, bad := range []string{"", "ab", strings.ToUpper(id), id + "0", id[:63] + "g", id[:62]} {
		if ledger.ValidID(bad) {
			t.Errorf("%q is valid", bad)
		}
	}
}

func TestActive(t *testing.T) {
	state := ledger.ConsentState{Status: ledger.StatusGranted, Until: 100}
	if !state.Active(time.Unix(99, 0)) || state.Active(time.Unix(100, 0)) {
		t.Error("a consent holds until, and not at, its end")
	}
	state.Status = ledger.StatusWithdrawn
	if state.Active(time.Unix(0, 0)) {
		t.Error("a withdrawn consent holds")
	}
}

func TestFindRefusal(t *testing.T) {
	made := (&ledger.Refusal{Code: ledger.CodeLogSmaller, Text: "3 after 7"}).Error()
	tests := []struct {
		text string
		want ledger.Code
	}{
		{made, ledger.CodeLogSmaller},
		{"chaincode response 500, " + made, ledger.CodeLogSmaller},
		{"CONSENT_UNKNOWN: first; WITNESS_SMALLER: second", ledger.CodeConsentUnknown},
		{"WITNESS_SMALLER", ""},
		{"", ""},
	}
	for _, tc := range tests {
		refusal, found := ledger.FindRefusal(tc.text)
		if found != (tc.want != "") || (found && refusal.Code != tc.want) {
			t.Errorf("%q: got %v", tc.text, refusal)
		}
	}
}
