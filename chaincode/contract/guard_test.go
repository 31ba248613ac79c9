package contract_test

import (
	"errors"
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/chaincode/stubtest"
)

// writers and readers are all functions, with an argument that would do.
func writers(tb testing.TB, w *world) map[string]any {
	l := newLog(tb, "donghu")
	l.grow(3)
	k := newKey(tb)
	return map[string]any{
		ledger.WitnessRegister:      l.registration(),
		ledger.WitnessRotate:        ledger.RotateLog{Origin: l.origin, Key: l.key},
		ledger.WitnessCheckpoint:    ledger.CheckpointArgs{Note: l.checkpoint(3)},
		ledger.ConsentGrant:         k.grant([32]byte{}, w.now.Add(time.Hour)),
		ledger.ConsentWithdraw:      k.withdrawal(),
		ledger.ConsentRegisterStaff: ledger.Staff{ID: k.id, PublicKey: k.spki},
		ledger.ConsentRetireStaff:   ledger.Staff{ID: k.id, PublicKey: k.spki},
	}
}

func readers() map[string]any {
	return map[string]any{
		ledger.WitnessLatest: ledger.LogQuery{Origin: "donghu.yilian.example/log"},
		ledger.WitnessAll:    "{}",
		ledger.WitnessAttest: ledger.LogQuery{Origin: "donghu.yilian.example/log"},
		ledger.ConsentRead:   ledger.ConsentQuery{ID: ledger.ConsentID(nil)},
	}
}

func TestCallers(t *testing.T) {
	w := newWorld(t)
	for function, argument := range writers(t, w) {
		for _, who := range []string{"donghu auditor", "donghu nobody", "no member", "no certificate", "garbage", "nothing"} {
			t.Run(function+" by "+who, func(t *testing.T) {
				w.tb = t
				w.refused(who, function, argument, ledger.CodeCaller)
			})
		}
	}
	for function, argument := range readers() {
		for _, who := range []string{"no member", "no certificate", "garbage", "nothing"} {
			t.Run(function+" by "+who, func(t *testing.T) {
				w.tb = t
				w.refused(who, function, argument, ledger.CodeCaller)
			})
		}
		t.Run(function+" by an auditor", func(t *testing.T) {
			if _, err := w.propose("donghu auditor", function, argument); codeOf(err) == ledger.CodeCaller {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestTimeIsBounded(t *testing.T) {
	tests := []struct {
		off  time.Duration // of the client's clock
		want bool          // accepted; the endorsers' clocks are 40 s ahead and 90 s behind
	}{
		{0, true},
		{5*time.Minute - 90*time.Second, true},
		{5*time.Minute - 90*time.Second + time.Nanosecond, false},
		{-5*time.Minute + 40*time.Second, true},
		{-5*time.Minute + 40*time.Second - time.Nanosecond, false},
		{24 * time.Hour, false},
		{-290 * 365 * 24 * time.Hour, false},
	}
	for _, tc := range tests {
		w := newWorld(t)
		all := writers(t, w)
		for function, argument := range readers() {
			all[function] = argument
		}
		for function, argument := range all {
			proposal := w.proposal("donghu", function, argument)
			proposal.Time = proposal.Time.Add(tc.off)
			_, err := w.ledger.Propose(proposal)
			// Where the endorsers' clocks do not agree about it, they diverge, and the client gets no endorsement.
			accepted := codeOf(err) != ledger.CodeTime && !errors.Is(err, stubtest.ErrDiverged)
			if accepted != tc.want {
				t.Errorf("%s at %v: %v", function, tc.off, err)
			}
		}
	}
}

// TestUnknownFunctions: nothing but the contracts' functions can be called, and the generated metadata carries no
// state.
func TestUnknownFunctions(t *testing.T) {
	w := newWorld(t)
	for _, function := range []string{
		"", "witness:", "witness:Nothing", "consent:checkAssistance", "other:Read", "witness:GetName", "consent:save",
	} {
		if _, err := w.propose("donghu", function, "{}"); err == nil {
			t.Errorf("%q was served", function)
		}
	}
}

func TestArguments(t *testing.T) {
	w := newWorld(t)
	all := writers(t, w)
	for function, argument := range readers() {
		all[function] = argument
	}
	bad := map[string]string{
		"empty": "", "not JSON": "{", "another type": "[]", "a misspelt field": `{"origim":"x"}`, "something after": "{} {}",
		"too large": `{"origin":"` + string(make([]byte, 40<<10)) + `"}`,
	}
	for function := range all {
		for name, argument := range bad {
			t.Run(function+" "+name, func(t *testing.T) {
				w.tb = t
				w.refused("donghu", function, argument, ledger.CodeArgument)
			})
		}
	}
	for function := range all {
		proposal := w.proposal("donghu", function, "{}")
		proposal.Args = []string{"{}", "{}"}
		if _, err := w.ledger.Propose(proposal); err == nil {
			t.Errorf("%s took two arguments", function)
		}
		proposal.Args = nil
		if _, err := w.ledger.Propose(proposal); err == nil {
			t.Errorf("%s took no argument", function)
		}
	}
}

// FuzzArguments: whatever bytes come, endorsers agree, refusals have a code, and nothing is written by an argument that
// no patient and no log signed.
func FuzzArguments(f *testing.F) {
	seed := newWorld(f)
	functions := []string{
		ledger.WitnessRegister, ledger.WitnessRotate, ledger.WitnessCheckpoint,
		ledger.WitnessLatest, ledger.WitnessAll, ledger.WitnessAttest,
		ledger.ConsentGrant, ledger.ConsentWithdraw, ledger.ConsentRead,
	}
	all := writers(f, seed)
	for function, argument := range readers() {
		all[function] = argument
	}
	for i, function := range functions {
		f.Add(uint8(i), seed.proposal("donghu", function, all[function]).Args[0])
		f.Add(uint8(i), `{"origin":"donghu.yilian.example/log","key":"","note":"AA=="}`)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, which uint8, argument string) {
		function := functions[int(which)%len(functions)]
		endorsed, err := w.ledger.Propose(
			stubtest.Proposal{
				TxID:     "fuzz",
				Creator:  w.creators["donghu"],
				Time:     w.now,
				Function: function,
				Args:     []string{argument},
			},
		)
		if err != nil && codeOf(err) == "" {
			t.Fatalf("%s: refusal without a code: %v", function, err)
		}
		signed := function == ledger.WitnessRegister || function == ledger.ConsentGrant // the seeds themselves
		if err == nil && endorsed.Writes() > 0 && !signed {
			t.Fatalf("%s wrote %d keys", function, endorsed.Writes())
		}
	})
}
