package contract_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"pgregory.net/rapid"

	"yilian.example/chaincode/record"
)

func TestGrantRefusals(t *testing.T) {
	w := newWorld(t)
	k, other := newKey(t), newKey(t)
	hour := w.now.Add(time.Hour)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	w.must(err)
	wrongCurve, err := x509.MarshalPKIXPublicKey(p384.Public())
	w.must(err)
	change := func(f func(*record.Grant)) record.Grant {
		grant := k.grant([32]byte{1}, hour)
		f(&grant)
		return grant
	}
	tests := []struct {
		name  string
		grant record.Grant
		want  record.Code
	}{
		{
			"signed by another key",
			change(func(g *record.Grant) { g.Signature = other.sign(record.GrantMessage(k.id, [32]byte{1}, hour.Unix())) }),
			record.CodeSignature,
		},
		{"another commitment", change(func(g *record.Grant) { g.Commitment = make([]byte, 32) }), record.CodeSignature},
		{"longer than signed", change(func(g *record.Grant) { g.Until++ }), record.CodeSignature},
		{
			"signature of the withdrawal",
			change(func(g *record.Grant) { g.Signature = k.withdrawal().Signature }),
			record.CodeSignature,
		},
		{"signature of 63 bytes", change(func(g *record.Grant) { g.Signature = g.Signature[:63] }), record.CodeSignature},
		{"signature of zeros", change(func(g *record.Grant) { g.Signature = make([]byte, 64) }), record.CodeSignature},
		{"no signature", change(func(g *record.Grant) { g.Signature = nil }), record.CodeSignature},
		{"commitment of 31 bytes", change(func(g *record.Grant) { g.Commitment = make([]byte, 31) }), record.CodeArgument},
		{"another id", change(func(g *record.Grant) { g.ID = other.id }), record.CodeArgument},
		{"id in capitals", change(func(g *record.Grant) { g.ID = "ABCD" + k.id[4:] }), record.CodeArgument},
		{
			"another curve",
			change(func(g *record.Grant) { g.PublicKey, g.ID = wrongCurve, record.ConsentID(wrongCurve) }),
			record.CodeArgument,
		},
		{"key with bytes after it", change(func(g *record.Grant) {
			g.PublicKey = append(append([]byte(nil), k.spki...), 0)
			g.ID = record.ConsentID(g.PublicKey)
		}), record.CodeArgument},
		{"no mode", change(func(g *record.Grant) { g.Mode = "" }), record.CodeArgument},
		{"own will with staff", change(func(g *record.Grant) { g.Staff = other.id }), record.CodeArgument},
		{"ends now", k.grant([32]byte{1}, w.now), record.CodeConsentUntil},
		{"ended", k.grant([32]byte{1}, w.now.Add(-time.Hour)), record.CodeConsentUntil},
		{"ends after five years", k.grant([32]byte{1}, w.now.AddDate(5, 0, 0).Add(time.Second)), record.CodeConsentUntil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w.tb = t
			w.refused("donghu", record.ConsentGrant, tc.grant, tc.want)
		})
	}
	w.tb = t
	w.invoke("donghu", record.ConsentGrant, k.grant([32]byte{1}, w.now.AddDate(5, 0, 0)), nil)
	w.invoke("qingshan", record.ConsentGrant, other.grant([32]byte{1}, w.now.Add(time.Second)), nil)
}

func TestGrantAgain(t *testing.T) {
	w := newWorld(t)
	k := newKey(t)
	hour := w.now.Add(time.Hour)
	var first, again record.ConsentState
	w.invoke("donghu", record.ConsentGrant, k.grant([32]byte{1}, hour), &first)
	w.refused("donghu", record.ConsentGrant, k.grant([32]byte{2}, hour), record.CodeConsentExists)
	w.refused("donghu", record.ConsentGrant, k.grant([32]byte{1}, hour.Add(time.Hour)), record.CodeConsentExists)
	w.now = hour.Add(time.Hour) // a retry may come late
	if writes := w.invoke("qingshan", record.ConsentGrant, k.grant([32]byte{1}, hour), &again); writes != 0 ||
		again.GrantTx != first.GrantTx {
		t.Errorf("granting again wrote %d keys, tx %s after %s", writes, again.GrantTx, first.GrantTx)
	}
}

func TestWithdraw(t *testing.T) {
	w := newWorld(t)
	k, other := newKey(t), newKey(t)
	w.refused("donghu", record.ConsentWithdraw, k.withdrawal(), record.CodeConsentUnknown)
	w.refused("donghu", record.ConsentRead, record.ConsentQuery{ID: k.id}, record.CodeConsentUnknown)
	w.refused("donghu", record.ConsentRead, record.ConsentQuery{ID: "x"}, record.CodeArgument)
	w.invoke("donghu", record.ConsentGrant, k.grant([32]byte{1}, w.now.Add(time.Hour)), nil)
	w.refused(
		"qingshan",
		record.ConsentWithdraw,
		record.Withdrawal{ID: k.id, Signature: other.sign(record.WithdrawalMessage(k.id))},
		record.CodeSignature,
	)
	w.refused(
		"qingshan",
		record.ConsentWithdraw,
		record.Withdrawal{ID: k.id, Signature: k.sign(record.WithdrawalMessage(other.id))},
		record.CodeSignature,
	)
	w.refused(
		"qingshan",
		record.ConsentWithdraw,
		record.Withdrawal{ID: "../" + k.id, Signature: k.withdrawal().Signature},
		record.CodeArgument,
	)

	w.now = w.now.Add(2 * time.Hour) // expired, and can be withdrawn all the same
	var state, again record.ConsentState
	w.invoke("qingshan", record.ConsentWithdraw, k.withdrawal(), &state)
	if state.Status != record.StatusWithdrawn || state.WithdrawnAt == nil || !state.WithdrawnAt.Equal(w.now) ||
		state.Active(start) {
		t.Errorf("withdrawn: %+v", state)
	}
	w.now = w.now.Add(time.Hour)
	if writes := w.invoke("donghu", record.ConsentWithdraw, k.withdrawal(), &again); writes != 0 ||
		again.WithdrawTx != state.WithdrawTx {
		t.Errorf("withdrawing again wrote %d keys", writes)
	}
	w.refused(
		"donghu",
		record.ConsentWithdraw,
		record.Withdrawal{ID: k.id, Signature: make([]byte, 64)},
		record.CodeSignature,
	)
	w.refused("donghu", record.ConsentGrant, k.grant([32]byte{1}, w.now.Add(time.Hour)), record.CodeConsentWithdrawn)
}

func TestAssisted(t *testing.T) {
	w := newWorld(t)
	k, nurse := newKey(t), newKey(t)
	hour := w.now.Add(time.Hour)
	staff := record.Staff{ID: nurse.id, PublicKey: nurse.spki}
	grant := k.grant([32]byte{1}, hour)
	grant.Mode, grant.Staff = record.ModeAssisted, nurse.id
	grant.StaffSignature = nurse.sign(record.AssistMessage(nurse.id, k.id, [32]byte{1}, hour.Unix()))

	w.refused("donghu", record.ConsentGrant, grant, record.CodeStaffUnknown)
	w.refused("donghu", record.ConsentRetireStaff, staff, record.CodeStaffUnknown)
	w.refused("donghu", record.ConsentRegisterStaff, record.Staff{ID: k.id, PublicKey: nurse.spki}, record.CodeArgument)
	w.refused("donghu", record.ConsentRegisterStaff, record.Staff{ID: k.id, PublicKey: []byte("key")}, record.CodeArgument)
	w.invoke("donghu", record.ConsentRegisterStaff, staff, nil)
	if writes := w.invoke("donghu", record.ConsentRegisterStaff, staff, nil); writes != 0 {
		t.Errorf("registering again wrote %d keys", writes)
	}
	w.refused("qingshan", record.ConsentGrant, grant, record.CodeStaffUnknown)

	unsigned, nameless, alone := grant, grant, grant
	unsigned.StaffSignature = nil
	nameless.Staff = ""
	// staff cannot stand in for the consent's key
	alone.Signature = nurse.sign(record.GrantMessage(k.id, [32]byte{1}, hour.Unix()))
	w.refused("donghu", record.ConsentGrant, unsigned, record.CodeSignature)
	w.refused("donghu", record.ConsentGrant, nameless, record.CodeArgument)
	w.refused("donghu", record.ConsentGrant, alone, record.CodeSignature)

	var state record.ConsentState
	w.invoke("donghu", record.ConsentGrant, grant, &state)
	if state.Mode != record.ModeAssisted || state.StaffMSP != "donghu" || state.Staff != nurse.id {
		t.Errorf("assisted: %+v", state)
	}
	// it does not become the patient's own
	w.refused("donghu", record.ConsentGrant, k.grant([32]byte{1}, hour), record.CodeConsentExists)
	w.invoke("donghu", record.ConsentRetireStaff, staff, nil)
	if writes := w.invoke("donghu", record.ConsentRetireStaff, staff, nil); writes != 0 {
		t.Errorf("retiring again wrote %d keys", writes)
	}
	w.refused("donghu", record.ConsentRegisterStaff, staff, record.CodeStaffUnknown)
	next := newKey(t)
	late := next.grant([32]byte{1}, hour)
	late.Mode, late.Staff = record.ModeAssisted, nurse.id
	late.StaffSignature = nurse.sign(record.AssistMessage(nurse.id, next.id, [32]byte{1}, hour.Unix()))
	w.refused("donghu", record.ConsentGrant, late, record.CodeStaffUnknown)
	w.invoke("qingshan", record.ConsentWithdraw, k.withdrawal(), nil) // the patient still can
}

// TestRacingConsent: grants and withdrawals endorsed on the same state, committed in either order.
func TestRacingConsent(t *testing.T) {
	w := newWorld(t)
	k := newKey(t)
	left, err := w.propose("donghu", record.ConsentGrant, k.grant([32]byte{1}, w.now.Add(time.Hour)))
	w.must(err)
	right, err := w.propose("qingshan", record.ConsentGrant, k.grant([32]byte{2}, w.now.Add(time.Hour)))
	w.must(err)
	if block := w.ledger.Commit(right); block.Code != peer.TxValidationCode_VALID || block.Event == nil ||
		block.Event.Name != record.EventConsentGranted {
		t.Errorf("first grant: %+v", block)
	}
	if block := w.ledger.Commit(left); block.Code != peer.TxValidationCode_MVCC_READ_CONFLICT {
		t.Errorf("second grant of the key: %v", block.Code)
	}
	// A repeated grant is endorsed while the consent stands; the withdrawal commits in between.
	again, err := w.propose("donghu", record.ConsentGrant, k.grant([32]byte{2}, w.now.Add(time.Hour)))
	w.must(err)
	w.invoke("qingshan", record.ConsentWithdraw, k.withdrawal(), nil)
	if block := w.ledger.Commit(again); block.Code != peer.TxValidationCode_MVCC_READ_CONFLICT {
		t.Errorf("grant endorsed before the withdrawal: %v", block.Code)
	}
	var state record.ConsentState
	w.invoke("donghu", record.ConsentRead, record.ConsentQuery{ID: k.id}, &state)
	if state.Status != record.StatusWithdrawn || state.Commitment[0] != 2 {
		t.Errorf("in the end: %+v", state)
	}
}

// TestWithdrawalIsFinal plays random sequences of proposals that are committed later, in any order: once withdrawn,
// always withdrawn, and what was granted never changes.
func TestWithdrawalIsFinal(t *testing.T) {
	k := newKey(t)
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		var pending []func() peer.TxValidationCode
		var seen record.ConsentState
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"grant", "withdraw", "commit", "wait"}).Draw(rt, "step") {
			case "grant":
				commitment := [32]byte{byte(rapid.IntRange(1, 2).Draw(rt, "commitment"))}
				endorsed, err := w.propose("donghu", record.ConsentGrant, k.grant(commitment, start.Add(24*time.Hour)))
				if err == nil {
					pending = append(pending, func() peer.TxValidationCode { return w.ledger.Commit(endorsed).Code })
				} else if codeOf(err) == "" {
					rt.Fatalf("grant: %v", err)
				}
			case "withdraw":
				endorsed, err := w.propose("qingshan", record.ConsentWithdraw, k.withdrawal())
				if err == nil {
					pending = append(pending, func() peer.TxValidationCode { return w.ledger.Commit(endorsed).Code })
				} else if codeOf(err) != record.CodeConsentUnknown {
					rt.Fatalf("withdraw: %v", err)
				}
			case "commit":
				if len(pending) == 0 {
					continue
				}
				i := rapid.IntRange(0, len(pending)-1).Draw(rt, "which")
				pending[i]()
				pending = append(pending[:i], pending[i+1:]...)
			case "wait":
				w.now = w.now.Add(time.Minute)
			}
			if _, err := w.propose("donghu", record.ConsentRead, record.ConsentQuery{ID: k.id}); err != nil {
				if seen.ID != "" {
					rt.Fatalf("the consent is gone: %v", err)
				}
				continue
			}
			var now record.ConsentState
			w.invoke("donghu", record.ConsentRead, record.ConsentQuery{ID: k.id}, &now)
			if seen.Status == record.StatusWithdrawn &&
				(now.Status != record.StatusWithdrawn || now.WithdrawTx != seen.WithdrawTx) {
				rt.Fatalf("withdrawn by %s, now %+v", seen.WithdrawTx, now)
			}
			if seen.ID != "" &&
				(now.GrantTx != seen.GrantTx || now.Commitment[0] != seen.Commitment[0] || now.Until != seen.Until) {
				rt.Fatalf("granted as %+v, now %+v", seen, now)
			}
			seen = now
		}
	})
}

// TestEventsTellOnlyIDs reads every event of a consent's life.
func TestEventsTellOnlyIDs(t *testing.T) {
	w := newWorld(t)
	k := newKey(t)
	l := newLog(t, "donghu")
	l.grow(1)
	w.invoke("donghu", record.ConsentGrant, k.grant([32]byte{1}, w.now.Add(time.Hour)), nil)
	w.invoke("donghu", record.ConsentGrant, k.grant([32]byte{1}, w.now.Add(time.Hour)), nil) // again: no event
	w.invoke("donghu", record.ConsentWithdraw, k.withdrawal(), nil)
	w.invoke("donghu", record.ConsentWithdraw, k.withdrawal(), nil) // again: no event
	w.invoke("donghu", record.WitnessRegister, l.registration(), nil)
	blocks, _ := w.ledger.Blocks(0)
	var got []string
	for _, b := range blocks {
		if b.Event != nil {
			got = append(got, b.Event.Name+" "+string(b.Event.Payload))
		}
	}
	want := []string{
		`consent.granted {"id":"` + k.id + `"}`, `consent.withdrawn {"id":"` + k.id + `"}`, `witness.checkpoint {"origin":"` + l.origin + `"}`,
	}
	if len(got) != len(want) {
		t.Fatalf("events %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("event %d: %s, want %s", i, got[i], want[i])
		}
	}
}
