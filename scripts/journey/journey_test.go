package journey

import (
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
)

func TestParseLocation(t *testing.T) {
	for location, want := range map[string]Stored{
		"http://127.0.0.1:8081/fhir/Patient/a-1/_history/3": {"Patient", "a-1", "3"},
		"Observation/x/_history/1":                          {"Observation", "x", "1"},
		"/Observation/x/_history/1/":                        {"Observation", "x", "1"},
		"Observation/x":                                     {},
		"_history/1":                                        {},
		"":                                                  {},
	} {
		got, err := ParseLocation(location)
		if got != want || (err == nil) != (want.ID != "") {
			t.Errorf("%q gave %v, %v", location, got, err)
		}
	}
}

func TestReadRefusal(t *testing.T) {
	for name, c := range map[string]struct {
		body string
		code string
		has  []string
	}{
		"problem with reasons": {`{"status":403,"code":"CONSENT_KIND","detail":"no","reasons":[{"code":"CONSENT_KIND","article":"PIPL 14"},{"code":"CONSENT_PURPOSE","article":"PIPL 23"}]}`,
			"CONSENT_KIND", []string{"CONSENT_KIND", "CONSENT_PURPOSE"}},
		"outcome with a coding": {`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"forbidden","details":{"coding":[{"code":"MARKETING_PROHIBITED"}]},"diagnostics":"x"}]}`,
			"MARKETING_PROHIBITED", []string{"MARKETING_PROHIBITED"}},
		"outcome without": {
			`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"structure","diagnostics":"x"}]}`,
			"structure", nil,
		},
		"something else":     {`<html>`, "", nil},
		"JSON of no use":     {`[]`, "", nil},
		"nothing whatsoever": {``, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := ReadRefusal("call", Answer{Status: 418, Body: []byte(c.body)})
			if r.Code != c.code || r.Status != 418 || r.Has("OTHER") {
				t.Errorf("got %+v", r)
			}
			for _, code := range c.has {
				if !r.Has(code) {
					t.Errorf("does not have %s", code)
				}
			}
		})
	}
}

// TestSignConsent checks what this client signs with the verification of the contract.
func TestSignConsent(t *testing.T) {
	until := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	terms := consent.Terms{
		Patient: consortium.NewPatientRef(
			make([]byte, 32), "urn:x", "1",
		), Custodian: "donghu", Recipient: "qingshan", Purpose: consortium.Treatment,
		Kinds: []consortium.Kind{
			consortium.Reports,
		}, From: until.Add(-time.Hour), Until: until, Notice: consent.NoticeVersion, Lang: consent.Chinese,
	}
	signed, err := SignConsent(
		consent.Draft{Statement: consent.NewStatement("", terms, "字"), Salt: make([]byte, 32), Until: until.Unix()},
	)
	if err != nil {
		t.Fatal(err)
	}
	id := ledger.ConsentID(signed.PublicKey)
	if string(signed.Statement.Consent) != id {
		t.Errorf("statement names consent %s, its key is %s", signed.Statement.Consent, id)
	}
	canonical, err := signed.Statement.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	commitment := tlog.Commit(tlog.KindConsent, [32]byte(signed.Salt), canonical)
	message := ledger.GrantMessage(id, commitment, until.Unix())
	if err := ledger.VerifyP256(signed.PublicKey, message, signed.Grant); err != nil {
		t.Errorf("grant: %v", err)
	}
	if err := ledger.VerifyP256(signed.PublicKey, ledger.WithdrawalMessage(id), signed.Withdrawal); err != nil {
		t.Errorf("withdrawal: %v", err)
	}
	if _, err := SignConsent(consent.Draft{}); err == nil {
		t.Error("a draft without salt was signed")
	}
}
