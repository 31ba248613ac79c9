package fabrictest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/fabric"
)

func runWitness(t *testing.T, c Consortium) {
	own, other := c.Members[0], c.Members[1]
	l := newTestLog(t, own.MSP)
	if _, err := own.Client.Log(t.Context(), l.origin); !fault.Is(err, fault.NotFound) ||
		fabric.CodeOf(err) != ledger.CodeLogUnknown {
		t.Errorf("unregistered log: got %v, want not found", err)
	}
	l.register(t, own.Client)
	l.register(t, own.Client) // again: nothing changes

	l.grow(t, 3)
	submit := func(size, from int64) error {
		_, err := own.Client.SubmitCheckpoint(t.Context(), l.checkpoint(t, size), l.proof(t, size, from))
		return err
	}
	if err := submit(3, 0); err != nil {
		t.Fatalf("first checkpoint: %v", err)
	}
	l.grow(t, 4)
	if err := submit(7, 3); err != nil {
		t.Fatalf("second checkpoint: %v", err)
	}
	if err := submit(7, 7); err != nil {
		t.Errorf("same checkpoint again: %v", err)
	}
	wantRefusal(t, submit(5, 3), ledger.CodeLogSmaller, fault.Conflict)

	fork := newTestLog(t, own.MSP)
	fork.origin, fork.signer = l.origin, l.signer
	fork.grow(t, 9)
	_, err := own.Client.SubmitCheckpoint(t.Context(), fork.checkpoint(t, 9), fork.proof(t, 9, 7))
	wantRefusal(t, err, ledger.CodeLogInconsistent, fault.Conflict)
	_, err = own.Client.SubmitCheckpoint(t.Context(), fork.checkpoint(t, 7), nil)
	wantRefusal(t, err, ledger.CodeLogInconsistent, fault.Conflict)

	l.grow(t, 1)
	_, err = other.Client.SubmitCheckpoint(t.Context(), l.checkpoint(t, 8), l.proof(t, 8, 7))
	wantRefusal(t, err, ledger.CodeCaller, fault.Forbidden)

	state, err := own.Client.Log(t.Context(), l.origin)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := tlog.OpenCheckpoint(state.Note, state.Key)
	if err != nil || opened.Size != 7 || state.Size != 7 || string(opened.Root[:]) != string(state.Root) ||
		state.Type != ledger.TypeWitness ||
		state.MSP != own.MSP {
		t.Errorf("state %+v does not agree with its note: %v", state, err)
	}
	if age := time.Since(state.Time); age.Abs() > 5*time.Minute {
		t.Errorf("witnessed %v ago", age)
	}
	logs, err := own.Client.Logs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSortedFunc(logs, func(a, b ledger.LogState) int { return compare(a.Origin, b.Origin) }) {
		t.Error("logs are not ordered by origin")
	}
	if !slices.ContainsFunc(logs, func(s ledger.LogState) bool { return s.Origin == l.origin && s.Size == 7 }) {
		t.Error("the log is not among all logs")
	}
}

func runRotate(t *testing.T, c Consortium) {
	own := c.Members[1] // a member has one log, so each case takes another member's
	l := newTestLog(t, own.MSP)
	l.register(t, own.Client)
	l.grow(t, 2)
	if _, err := own.Client.SubmitCheckpoint(t.Context(), l.checkpoint(t, 2), nil); err != nil {
		t.Fatal(err)
	}
	oldSigner, oldKey := l.signer, l.key
	l.newKey(t)
	statement := func(signers ...note.Signer) []byte {
		signed, err := note.Sign(&note.Note{Text: ledger.RotateText(l.origin, l.key, 2)}, signers...)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	args := ledger.RotateLog{Origin: l.origin, Key: l.key, Note: l.checkpoint(t, 2), Statement: statement(l.signer)}
	_, err := own.Client.RotateLog(t.Context(), args)
	wantRefusal(t, err, ledger.CodeSignature, fault.Invalid)

	args.Statement = statement(oldSigner, l.signer)
	if _, err := own.Client.RotateLog(t.Context(), args); err != nil {
		t.Fatalf("rotate: %v", err)
	}
	l.grow(t, 1)
	if _, err := own.Client.SubmitCheckpoint(t.Context(), l.checkpoint(t, 3), l.proof(t, 3, 2)); err != nil {
		t.Errorf("checkpoint under the new key: %v", err)
	}
	newSigner := l.signer
	l.signer = oldSigner
	l.grow(t, 1)
	_, err = own.Client.SubmitCheckpoint(t.Context(), l.checkpoint(t, 4), l.proof(t, 4, 3))
	wantRefusal(t, err, ledger.CodeSignature, fault.Invalid)
	l.signer = newSigner

	state, err := own.Client.Log(t.Context(), l.origin)
	if err != nil {
		t.Fatal(err)
	}
	if len(state.Retired) != 1 || state.Retired[0].Key != oldKey || state.Retired[0].Size != 2 || state.Key != l.key {
		t.Errorf("keys after rotation: %+v", state)
	}
}

func runAttest(t *testing.T, c Consortium) {
	own, asker := c.Members[2], c.Members[0]
	l := newTestLog(t, own.MSP)
	if _, err := asker.Client.Attest(t.Context(), l.origin); !fault.Is(err, fault.NotFound) {
		t.Errorf("attest an unregistered log: got %v, want not found", err)
	}
	l.register(t, own.Client)
	l.grow(t, 5)
	if _, err := own.Client.SubmitCheckpoint(t.Context(), l.checkpoint(t, 5), nil); err != nil {
		t.Fatal(err)
	}
	// Another member's peer may take a moment to have the block.
	var state ledger.LogState
	for range 50 {
		raw, err := asker.Client.Attest(t.Context(), l.origin)
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatalf("attest: %v", err)
		}
		if err == nil {
			state = attestedState(t, c, raw)
		}
		if state.Size == 5 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if state.Type != ledger.TypeWitness || state.Origin != l.origin || state.Size != 5 || state.Attested == nil ||
		state.Channel == "" {
		t.Errorf("attested %+v", state)
	}
}

// attestedState verifies a signed reading of a log's state, which enough members must have signed.
func attestedState(t *testing.T, c Consortium, raw []byte) ledger.LogState {
	t.Helper()
	answer, members, err := VerifySignedRead(raw, c.Roots)
	if err != nil {
		t.Fatalf("verify signed read: %v", err)
	}
	if len(members) < min(3, len(c.Members)) {
		t.Fatalf("signed by %v only", members)
	}
	var state ledger.LogState
	if err := json.Unmarshal(answer, &state); err != nil {
		t.Fatal(err)
	}
	return state
}

func runConsent(t *testing.T, c Consortium) {
	custodian, carrier := c.Members[0].Client, c.Members[1].Client
	p := newPatient(t)
	_, err := custodian.WithdrawConsent(t.Context(), p.withdrawal)
	wantRefusal(t, err, ledger.CodeConsentUnknown, fault.NotFound)
	if _, err := custodian.Consent(t.Context(), p.grant.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("consent before the grant: %v", err)
	}
	forged := p.grant
	forged.Until++
	_, err = custodian.GrantConsent(t.Context(), forged)
	wantRefusal(t, err, ledger.CodeSignature, fault.Invalid)

	granted, err := custodian.GrantConsent(t.Context(), p.grant)
	if err != nil {
		t.Fatalf("grant: %v", err)
	}
	again, err := custodian.GrantConsent(t.Context(), p.grant)
	if err != nil || again.GrantTx != granted.GrantTx {
		t.Errorf("grant again: tx %s after %s, %v", again.GrantTx, granted.GrantTx, err)
	}
	state, err := custodian.Consent(t.Context(), p.grant.ID)
	if err != nil || !state.Active(time.Now()) || state.Active(time.Unix(p.grant.Until, 0)) ||
		state.Mode != ledger.ModeSelf {
		t.Errorf("consent after the grant: %+v, %v", state, err)
	}
	wrong := p.withdrawal
	wrong.Signature = p.grant.Signature
	_, err = carrier.WithdrawConsent(t.Context(), wrong)
	wantRefusal(t, err, ledger.CodeSignature, fault.Invalid)

	withdrawn := carry(t, carrier, p.withdrawal)
	if withdrawn.Status != ledger.StatusWithdrawn || withdrawn.Active(time.Now()) {
		t.Errorf("after withdrawal by another member: %+v", withdrawn)
	}
	if again := carry(t, custodian, p.withdrawal); again.Status != ledger.StatusWithdrawn {
		t.Errorf("withdraw again: %+v", again)
	}
	_, err = carrier.GrantConsent(t.Context(), p.grant)
	wantRefusal(t, err, ledger.CodeConsentWithdrawn, fault.Conflict)
}

// carry withdraws through a member whose peer may not have the last block yet.
func carry(t *testing.T, client Client, withdrawal ledger.Withdrawal) ledger.ConsentState {
	t.Helper()
	var state ledger.ConsentState
	var err error
	for range 50 {
		state, err = client.WithdrawConsent(t.Context(), withdrawal)
		if fabric.CodeOf(err) != ledger.CodeConsentUnknown {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		t.Fatalf("withdraw: %v", err)
	}
	return state
}

func runAssisted(t *testing.T, c Consortium) {
	own, other := c.Members[0], c.Members[1]
	key, spki := newKey(t)
	staff := ledger.Staff{ID: ledger.StaffID(spki), PublicKey: spki}
	p := newPatient(t)
	p.grant.Mode, p.grant.Staff = ledger.ModeAssisted, staff.ID
	p.grant.StaffSignature = sign(
		t, key, ledger.AssistMessage(staff.ID, p.grant.ID, [32]byte(p.grant.Commitment), p.grant.Until),
	)
	_, err := own.Client.GrantConsent(t.Context(), p.grant)
	wantRefusal(t, err, ledger.CodeStaffUnknown, fault.Forbidden)

	if _, err := own.Client.RegisterStaff(t.Context(), staff); err != nil {
		t.Fatalf("register staff: %v", err)
	}
	_, err = other.Client.GrantConsent(t.Context(), p.grant) // their staff it is not
	wantRefusal(t, err, ledger.CodeStaffUnknown, fault.Forbidden)
	state, err := own.Client.GrantConsent(t.Context(), p.grant)
	if err != nil || state.Mode != ledger.ModeAssisted || state.StaffMSP != own.MSP || state.Staff != staff.ID {
		t.Errorf("assisted grant: %+v, %v", state, err)
	}
	retired, err := own.Client.RetireStaff(t.Context(), staff)
	if err != nil || retired.RetiredAt == nil {
		t.Errorf("retire staff: %+v, %v", retired, err)
	}
	_, err = own.Client.RegisterStaff(t.Context(), staff)
	wantRefusal(t, err, ledger.CodeStaffUnknown, fault.Forbidden)
}

func runEvents(t *testing.T, c Consortium) {
	custodian, carrier := c.Members[0].Client, c.Members[1].Client
	p := newPatient(t)
	if _, err := custodian.GrantConsent(t.Context(), p.grant); err != nil {
		t.Fatal(err)
	}
	block := awaitEvent(t, custodian, 0, fabric.ConsentGranted, p.grant.ID)
	carry(t, carrier, p.withdrawal)
	// The custodian begins where it left off, and learns of the withdrawal that another member carried.
	awaitEvent(t, custodian, block, fabric.ConsentWithdrawn, p.grant.ID)
}

func awaitEvent(t *testing.T, client Client, from uint64, kind fabric.EventKind, id string) uint64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	events, err := client.ConsentEvents(ctx, from)
	if err != nil {
		t.Fatal(err)
	}
	for event := range events {
		if event.Block < from {
			t.Fatalf("event of block %d, asked from %d", event.Block, from)
		}
		if event.Kind == kind && event.ID == id {
			return event.Block
		}
	}
	t.Fatalf("no %s event of the consent", kind)
	return 0
}

// runRace withdraws one consent through all members at once: everyone succeeds, or is told of a conflict; the consent
// is withdrawn.
func runRace(t *testing.T, c Consortium) {
	p := newPatient(t)
	if _, err := c.Members[0].Client.GrantConsent(t.Context(), p.grant); err != nil {
		t.Fatal(err)
	}
	results := make([]error, len(c.Members))
	var group sync.WaitGroup
	for i, m := range c.Members {
		group.Go(func() {
			_, results[i] = m.Client.WithdrawConsent(t.Context(), p.withdrawal)
		})
	}
	group.Wait()
	for i, err := range results {
		lagging := fabric.CodeOf(err) == ledger.CodeConsentUnknown
		conflict := errors.Is(err, fabric.ErrRejected) && fabric.CodeOf(err) == fabric.CodeConflict
		if err != nil && !lagging && !conflict {
			t.Errorf("%s: %v", c.Members[i].MSP, err)
		}
	}
	state := carry(t, c.Members[0].Client, p.withdrawal)
	if state.Status != ledger.StatusWithdrawn {
		t.Errorf("after the race: %+v", state)
	}
	if committed, err := c.Members[0].Client.Outcome(t.Context(), state.WithdrawTx); err != nil || !committed {
		t.Errorf("outcome of the withdrawal: %v, %v", committed, err)
	}
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
