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

	"yilian.example/chaincode/ledger"
)

func TestGrantRefusals(t *testing.T) {
	w := newWorld(t)
	k, other := newKey(t), newKey(t)
	hour := w.now.Add(time.Hour)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	w.must(err)
	wrongCurve, err := x509.MarshalPKIXPublicKey(p384.Public())
	w.must(err)
	change := func(f func(*ledger.Grant)) ledger.Grant {
		grant := k.grant([32]byte{1}, hour)
		f(&grant)
		return grant
	}
	tests := []struct {
		name  string
		grant ledger.Grant
		want  ledger.Code
	}{
		{
			"signed by another key",
			change(func(g *ledger.Grant) { g.Signature = other.sign(ledger.GrantMessage(k.id, [32]byte{1}, hour.Unix())) }),
			ledger.CodeSignature,
		},
		{"another commitment", change(func(g *ledger.Grant) { g.Commitment = make([]byte, 32) }), ledger.CodeSignature},
		{"longer than signed", change(func(g *ledger.Grant) { g.Until++ }), ledger.CodeSignature},
		{
			"signature of the withdrawal",
			change(func(g *ledger.Grant) { g.Signature = k.withdrawal().Signature }),
			ledger.CodeSignature,
		},
		{"signature of 63 bytes", change(func(g *ledger.Grant) { g.Signature = g.Signature[:63] }), ledger.CodeSignature},
		{"signature of zeros", change(func(g *ledger.Grant) { g.Signature = make([]byte, 64) }), ledger.CodeSignature},
		{"no signature", change(func(g *ledger.Grant) { g.Signature = nil }), ledger.CodeSignature},
		{"commitment of 31 bytes", change(func(g *ledger.Grant) { g.Commitment = make([]byte, 31) }), ledger.CodeArgument},
		{"another id", change(func(g *ledger.Grant) { g.ID = other.id }), ledger.CodeArgument},
		{"id in capitals", change(func(g *ledger.Grant) { g.ID = "ABCD" + k.id[4:] }), ledger.CodeArgument},
		{
			"another curve",
			change(func(g *ledger.Grant) { g.PublicKey, g.ID = wrongCurve, ledger.ConsentID(wrongCurve) }),
			ledger.CodeArgument,
		},
		{"key with bytes after it", change(func(g *ledger.Grant) {
			g.PublicKey = append(append([]byte(nil), k.spki...), 0)
			g.ID = ledger.ConsentID(g.PublicKey)
		}), ledger.CodeArgument},
		{"no mode", change(func(g *ledger.Grant) { g.Mode = "" }), ledger.CodeArgument},
		{"own will with staff", change(func(g *ledger.Grant) { g.Staff = other.id }), ledger.CodeArgument},
		{"ends now", k.grant([32]byte{1}, w.now), ledger.CodeConsentUntil},
		{"ended", k.grant([32]byte{1}, w.now.Add(-time.Hour)), ledger.CodeConsentUntil},
		{"ends after five years", k.grant([32]byte{1}, w.now.AddDate(5, 0, 0).Add(time.Second)), ledger.CodeConsentUntil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w.tb = t
			w.refused("donghu", ledger.ConsentGrant, tc.grant, tc.want)
		})
	}
	w.tb = t
	w.invoke("donghu", ledger.ConsentGrant, k.grant([32]byte{1}, w.now.AddDate(5, 0, 0)), nil)
	w.invoke("qingshan", ledger.ConsentGrant, other.grant([32]byte{1}, w.now.Add(time.Second)), nil)
}

func TestGrantAgain(t *testing.T) {
	w := newWorld(t)
	k := newKey(t)
	hour := w.now.Add(time.Hour)
	var first, again ledger.ConsentState
	w.invoke("donghu", ledger.ConsentGrant, k.grant([32]byte{1}, hour), &first)
	w.refused("donghu", ledger.ConsentGrant, k.grant([32]byte{2}, hour), ledger.CodeConsentExists)
	w.refused("donghu", ledger.ConsentGrant, k.grant([32]byte{1}, hour.Add(time.Hour)), ledger.CodeConsentExists)
	w.now = hour.Add(time.Hour) // a retry may come late
	if writes := w.invoke("qingshan", ledger.ConsentGrant, k.grant([32]byte{1}, hour), &again); writes != 0 ||
		again.GrantTx != first.GrantTx {
		t.Errorf("granting again wrote %d keys, tx %s after %s", writes, again.GrantTx, first.GrantTx)
	}
}

func TestWithdraw(t *testing.T) {
	w := newWorld(t)
	k, other := newKey(t), newKey(t)
	w.refused("donghu", ledger.ConsentWithdraw, k.withdrawal(), ledger.CodeConsentUnknown)
	w.refused("donghu", ledger.ConsentRead, ledger.ConsentQuery{ID: k.id}, ledger.CodeConsentUnknown)
	w.refused("donghu", ledger.ConsentRead, ledger.ConsentQuery{ID: "x"}, ledger.CodeArgument)
	w.invoke("donghu", ledger.ConsentGrant, k.grant([32]byte{1}, w.now.Add(time.Hour)), nil)
	w.refused(
		"qingshan", ledger.ConsentWithdraw,
		ledger.Withdrawal{ID: k.id, Signature: other.sign(ledger.WithdrawalMessage(k.id))}, ledger.CodeSignature,
	)
	w.refused(
		"qingshan", ledger.ConsentWithdraw,
		ledger.Withdrawal{ID: k.id, Signature: k.sign(ledger.WithdrawalMessage(other.id))}, ledger.CodeSignature,
	)
	w.refused(
		"qingshan", ledger.ConsentWithdraw, ledger.Withdrawal{ID: "../" + k.id, Signature: k.withdrawal().Signature},
		ledger.CodeArgument,
	)

	w.now = w.now.Add(2 * time.Hour) // expired, and can be withdrawn all the same
	var state, again ledger.ConsentState
	w.invoke("qingshan", ledger.ConsentWithdraw, k.withdrawal(), &state)
	if state.Status != ledger.StatusWithdrawn || state.WithdrawnAt == nil || !state.WithdrawnAt.Equal(w.now) ||
		state.Active(start) {
		t.Errorf("withdrawn: %+v", state)
	}
	w.now = w.now.Add(time.Hour)
	if writes := w.invoke("donghu", ledger.ConsentWithdraw, k.withdrawal(), &again); writes != 0 ||
		again.WithdrawTx != state.WithdrawTx {
		t.Errorf("withdrawing again wrote %d keys", writes)
	}
	w.refused(
		"donghu", ledger.ConsentWithdraw, ledger.Withdrawal{ID: k.id, Signature: make([]byte, 64)}, ledger.CodeSignature,
	)
	w.refused("donghu", ledger.ConsentGrant, k.grant([32]byte{1}, w.now.Add(time.Hour)), ledger.CodeConsentWithdrawn)
}

func TestAssisted(t *testing.T) {
	w := newWorld(t)
	k, nurse := newKey(t), newKey(t)
	hour := w.now.Add(time.Hour)
	staff := ledger.Staff{ID: nurse.id, PublicKey: nurse.spki}
	grant := k.grant([32]byte{1}, hour)
	grant.Mode, grant.Staff = ledger.ModeAssisted, nurse.id
	grant.StaffSignature = nurse.sign(ledger.AssistMessage(nurse.id, k.id, [32]byte{1}, hour.Unix()))

	w.refused("donghu", ledger.ConsentGrant, grant, ledger.CodeStaffUnknown)
	w.refused("donghu", ledger.ConsentRetireStaff, staff, ledger.CodeStaffUnknown)
	w.refused("donghu", ledger.ConsentRegisterStaff, ledger.Staff{ID: k.id, PublicKey: nurse.spki}, ledger.CodeArgument)
	w.refused("donghu", ledger.ConsentRegisterStaff, ledger.Staff{ID: k.id, PublicKey: []byte("key")}, ledger.CodeArgument)
	w.invoke("donghu", ledger.ConsentRegisterStaff, staff, nil)
	if writes := w.invoke("donghu", ledger.ConsentRegisterStaff, staff, nil); writes != 0 {
		t.Errorf("registering again wrote %d keys", writes)
	}
	w.refused("qingshan", ledger.ConsentGrant, grant, ledger.CodeStaffUnknown)

	unsigned, nameless, alone := grant, grant, grant
	unsigned.StaffSignature = nil
	nameless.Staff = ""
	// staff cannot stand in for the consent's key
	alone.Signature = nurse.sign(ledger.GrantMessage(k.id, [32]byte{1}, hour.Unix()))
	w.refused("donghu", ledger.ConsentGrant, unsigned, ledger.CodeSignature)
	w.refused("donghu", ledger.ConsentGrant, nameless, ledger.CodeArgument)
	w.refused("donghu", ledger.ConsentGrant, alone, ledger.CodeSignature)

	var state ledger.ConsentState
	w.invoke("donghu", ledger.ConsentGrant, grant, &state)
	if state.Mode != ledger.ModeAssisted || state.StaffMSP != "donghu" || state.Staff != nurse.id {
		t.Errorf("assisted: %+v", state)
	}
	// it does not become the patient's own
	w.refused("donghu", ledger.ConsentGrant, k.grant([32]byte{1}, hour), ledger.CodeConsentExists)
	w.invoke("donghu", ledger.ConsentRetireStaff, staff, nil)
	if writes := w.invoke("donghu", ledger.ConsentRetireStaff, staff, nil); writes != 0 {
		t.Errorf("retiring again wrote %d keys", writes)
	}
	w.refused("donghu", ledger.ConsentRegisterStaff, staff, ledger.CodeStaffUnknown)
	next := newKey(t)
	late := next.grant([32]byte{1}, hour)
	late.Mode, late.Staff = ledger.ModeAssisted, nurse.id
	late.StaffSignature = nurse.sign(ledger.AssistMessage(nurse.id, next.id, [32]byte{1}, hour.Unix()))
	w.refused("donghu", ledger.ConsentGrant, late, ledger.CodeStaffUnknown)
	w.invoke("qingshan", ledger.ConsentWithdraw, k.withdrawal(), nil) // the patient still can
}

// TestRacingConsent: grants and withdrawals endorsed on the same state, committed in either order.
func TestRacingConsent(t *testing.T) {
	w := newWorld(t)
	k := newKey(t)
	left, err := w.propose("donghu", ledger.ConsentGrant, k.grant([32]byte{1}, w.now.Add(time.Hour)))
	w.must(err)
	right, err := w.propose("qingshan", ledger.ConsentGrant, k.grant([32]byte{2}, w.now.Add(time.Hour)))
	w.must(err)
	if block := w.ledger.Commit(right); block.Code != peer.TxValidationCode_VALID || block.Event == nil ||
		block.Event.Name != ledger.EventConsentGranted {
		t.Errorf("first grant: %+v", block)
	}
	if block := w.ledger.Commit(left); block.Code != peer.TxValidationCode_MVCC_READ_CONFLICT {
		t.Errorf("second grant of the key: %v", block.Code)
	}
	// A repeated grant is endorsed while the consent stands; the withdrawal commits in between.
	again, err := w.propose("donghu", ledger.ConsentGrant, k.grant([32]byte{2}, w.now.Add(time.Hour)))
	w.must(err)
	w.invoke("qingshan", ledger.ConsentWithdraw, k.withdrawal(), nil)
	if block := w.ledger.Commit(again); block.Code != peer.TxValidationCode_MVCC_READ_CONFLICT {
		t.Errorf("grant endorsed before the withdrawal: %v", block.Code)
	}
	var state ledger.ConsentState
	w.invoke("donghu", ledger.ConsentRead, ledger.ConsentQuery{ID: k.id}, &state)
	if state.Status != ledger.StatusWithdrawn || state.Commitment[0] != 2 {
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
		var seen ledger.ConsentState
		for range rapid.IntRange(1, 20).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"grant", "withdraw", "commit", "wait"}).Draw(rt, "step") {
			case "grant":
				commitment := [32]byte{byte(rapid.IntRange(1, 2).Draw(rt, "commitment"))}
				endorsed, err := w.propose("donghu", ledger.ConsentGrant, k.grant(commitment, start.Add(24*time.Hour)))
				if err == nil {
					pending = append(pending, func() peer.TxValidationCode { return w.ledger.Commit(endorsed).Code })
				} else if codeOf(err) == "" {
					rt.Fatalf("grant: %v", err)
				}
			case "withdraw":
				endorsed, err := w.propose("qingshan", ledger.ConsentWithdraw, k.withdrawal())
				if err == nil {
					pending = append(pending, func() peer.TxValidationCode { return w.ledger.Commit(endorsed).Code })
				} else if codeOf(err) != ledger.CodeConsentUnknown {
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
			if _, err := w.propose("donghu", ledger.ConsentRead, ledger.ConsentQuery{ID: k.id}); err != nil {
				if seen.ID != "" {
					rt.Fatalf("the consent is gone: %v", err)
				}
				continue
			}
			var now ledger.ConsentState
			w.invoke("donghu", ledger.ConsentRead, ledger.ConsentQuery{ID: k.id}, &now)
			if seen.Status == ledger.StatusWithdrawn &&
				(now.Status != ledger.StatusWithdrawn || now.WithdrawTx != seen.WithdrawTx) {
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
	w.invoke("donghu", ledger.ConsentGrant, k.grant([32]byte{1}, w.now.Add(time.Hour)), nil)
	w.invoke("donghu", ledger.ConsentGrant, k.grant([32]byte{1}, w.now.Add(time.Hour)), nil) // again: no event
	w.invoke("donghu", ledger.ConsentWithdraw, k.withdrawal(), nil)
	w.invoke("donghu", ledger.ConsentWithdraw, k.withdrawal(), nil) // again: no event
	w.invoke("donghu", ledger.WitnessRegister, l.registration(), nil)
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
