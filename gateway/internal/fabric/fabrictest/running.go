package fabrictest

import (
	"encoding/json"
	"testing"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// runRunningWitness checks the witness where the members' gateways keep their logs: what the ledger says of a log, that
// all members sign it, and that nobody gets a second log or lays hands on that of another. The logs grow meanwhile.
func runRunningWitness(t *testing.T, c Consortium) {
	own, other := c.Members[0], c.Members[1]
	origin := own.MSP + "." + c.Domain + "/log"
	state, err := own.Client.Log(t.Context(), origin)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := tlog.OpenCheckpoint(state.Note, state.Key)
	if err != nil || opened.Size != state.Size || string(opened.Root[:]) != string(state.Root) || state.MSP != own.MSP {
		t.Errorf("state %+v does not agree with its note: %v", state, err)
	}
	attestRunning(t, c, state)

	second := namedTestLog(t, own.MSP+".t"+random(8)+"."+c.Domain+"/log")
	_, err = own.Client.RegisterLog(t.Context(), second.registration(t))
	wantRefusal(t, err, ledger.CodeLogDomain, fault.Forbidden)
	rekeyed := namedTestLog(t, origin)
	_, err = own.Client.RegisterLog(t.Context(), rekeyed.registration(t))
	wantRefusal(t, err, ledger.CodeLogRegistered, fault.Conflict)
	_, err = other.Client.RegisterLog(t.Context(), rekeyed.registration(t))
	wantRefusal(t, err, ledger.CodeCaller, fault.Forbidden)
	rekeyed.grow(t, 1)
	_, err = own.Client.SubmitCheckpoint(t.Context(), rekeyed.checkpoint(t, 1), nil)
	wantRefusal(t, err, ledger.CodeSignature, fault.Invalid)
	_, err = other.Client.SubmitCheckpoint(t.Context(), state.Note, nil)
	wantRefusal(t, err, ledger.CodeCaller, fault.Forbidden)
}

// attestRunning checks that at least three members sign a state that is not older than the one given.
func attestRunning(t *testing.T, c Consortium, known ledger.LogState) {
	t.Helper()
	raw, err := c.Members[len(c.Members)-1].Client.Attest(t.Context(), known.Origin)
	if err != nil {
		t.Fatalf("attest: %v", err)
	}
	answer, members, err := VerifySignedRead(raw, c.Roots)
	if err != nil {
		t.Fatalf("verify signed read: %v", err)
	}
	var state ledger.LogState
	if err := json.Unmarshal(answer, &state); err != nil {
		t.Fatal(err)
	}
	if len(members) < min(3, len(c.Members)) || state.Origin != known.Origin || state.Key != known.Key ||
		state.Attested == nil || state.Channel == "" {
		t.Errorf("%v attested %+v", members, state)
	}
}
