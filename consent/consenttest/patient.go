package consenttest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// Patient is a valid reference, and Self the person signed in at donghu.
var (
	Patient = consortium.NewPatientRef(make([]byte, 32), "urn:test", "990101199001011234")
	Self    = consortium.Actor{ID: "p-1", Name: "测试", Org: "donghu", Role: consortium.RolePatient, Patient: Patient}
	Other   = consortium.Actor{
		ID: "p-2", Org: "donghu", Role: consortium.RolePatient,
		Patient: consortium.NewPatientRef(make([]byte, 32), "urn:test", "990101199001015678"),
	}
)

// Sign does what consent.js does: a fresh key, the id into the statement, both signatures; then the key is gone.
func Sign(t testing.TB, d consent.Draft) consent.Signed {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	id := ledger.ConsentID(spki)
	d.Statement.Consent = consent.ID(id)
	statement, err := d.Statement.Canonical()
	if err != nil {
		t.Fatal(err)
	}
	commitment := tlog.Commit(tlog.KindConsent, [32]byte(d.Salt), statement)
	return consent.Signed{
		Statement: d.Statement, Salt: d.Salt, PublicKey: spki,
		Grant:      sign(t, key, ledger.GrantMessage(id, commitment, d.Until)),
		Withdrawal: sign(t, key, ledger.WithdrawalMessage(id)),
	}
}

func sign(t testing.TB, key *ecdsa.PrivateKey, message []byte) []byte {
	t.Helper()
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	out := make([]byte, 64)
	r.FillBytes(out[:32])
	s.FillBytes(out[32:])
	return out
}

// Members is a directory of two hospitals, an insurer and a commission.
type Members struct{}

// Member names one.
func (Members) Member(id consortium.OrgID) (consent.Party, bool) {
	party, known := map[consortium.OrgID]consent.Party{
		"donghu": {
			ID: "donghu", Kind: consortium.Hospital, NameZH: "东湖医院", NameEN: "Donghu Hospital",
			Contact: "https://donghu.example",
		},
		"qingshan": {
			ID: "qingshan", Kind: consortium.Hospital, NameZH: "青山社区卫生服务中心", NameEN: "Qingshan Community Health Centre",
			Contact: "https://qingshan.example",
		},
		"anhe": {
			ID: "anhe", Kind: consortium.Insurer, NameZH: "安和保险", NameEN: "Anhe Insurance", Contact: "https://anhe.example",
		},
		"weijian": {
			ID: "weijian", Kind: consortium.Commission, NameZH: "卫健委", NameEN: "Health Commission",
			Contact: "https://weijian.example",
		},
	}[id]
	return party, known
}

// Born is a People of whom all were born on one day; the zero day is not known.
type Born time.Time

// BirthDate tells the day.
func (b Born) BirthDate(context.Context, consortium.Actor) (time.Time, error) {
	if time.Time(b).IsZero() {
		return time.Time{}, fault.New(fault.NotFound, CodeNotFound, "Not known.")
	}
	return time.Time(b), nil
}
