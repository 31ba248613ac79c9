package evidence_test

import (
	"bytes"
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/chaincode/stubtest"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/fault"
)

func TestVerifyAttestation(t *testing.T) {
	s := newScene(t)
	serve := func(change func(*ledger.LogState)) []byte {
		state := s.state
		change(&state)
		data, err := attestation(t, stubtest.FakeAttestation(t, state, s.cas...)).Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	good := serve(func(*ledger.LogState) {})
	l, err := evidence.VerifyAttestation(good, s.roots, options())
	if err != nil || l.Org != "donghu" || l.Checkpoint.Size != 400 || l.Checkpoint.Origin != origin ||
		l.Key != s.state.Key ||
		len(l.Members) != 4 {
		t.Fatalf("%+v, %v", l, err)
	}
	past := s.state.Time.Add(-time.Second)
	for name, tc := range map[string]struct {
		data []byte
		opts evidence.Options
	}{
		"nothing":             {nil, options()},
		"a space more":        {append(bytes.Clone(good), ' '), options()},
		"another domain":      {good, evidence.Options{Domain: "other.example"}},
		"no domain":           {good, evidence.Options{}},
		"more members needed": {good, evidence.Options{Domain: "yilian.example", Quorum: 5}},
		"a log named deeper": {
			serve(func(s *ledger.LogState) { s.Origin = "donghu.x.yilian.example/log" }), options(),
		},
		"a stranger's log": {
			serve(func(s *ledger.LogState) { s.Origin, s.MSP = "stranger.yilian.example/log", "stranger" }), options(),
		},
		"key of another log": {serve(func(s *ledger.LogState) { s.Key = "x" }), options()},
		"another size":       {serve(func(s *ledger.LogState) { s.Size++ }), options()},
		"backwards":          {serve(func(s *ledger.LogState) { s.Attested = &past }), options()},
	} {
		if _, err := evidence.VerifyAttestation(tc.data, s.roots, tc.opts); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
	}
}

// The public attestation is new enough to show that nothing was cut off, and costs the members one question however
// many ask.
func TestAttestationIsServedFresh(t *testing.T) {
	s := newScene(t)
	now := time.Now()
	port := &ledgerPort{t: t, scene: s}
	b := &evidence.Builder{Log: logPort{scene: s}, Ledger: port, Origin: origin, Now: func() time.Time { return now }}
	for _, step := range []struct {
		wait  time.Duration
		asked int
	}{{0, 1}, {9 * time.Second, 1}, {2 * time.Second, 2}} {
		now = now.Add(step.wait)
		data, err := b.Attestation(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := evidence.VerifyAttestation(data, s.roots, options()); err != nil {
			t.Error(err)
		}
		if port.asked != step.asked {
			t.Errorf("asked %d times, want %d", port.asked, step.asked)
		}
	}
}
