package oversight_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/oversight"
	"yilian.example/exchange/tlog"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// world is what the ledger holds and the members serve.
type world struct {
	states  []ledger.LogState
	served  map[consortium.OrgID][]byte
	waiting map[consortium.OrgID]oversight.Waiting
	fail    error
}

func (w *world) Logs(context.Context) ([]ledger.LogState, error) { return w.states, w.fail }

func (w *world) Checkpoint(_ context.Context, org consortium.OrgID) ([]byte, error) {
	served, ok := w.served[org]
	if !ok {
		return nil, errors.New("no answer")
	}
	return served, nil
}

func (w *world) Waiting(_ context.Context, org consortium.OrgID, _ string) (oversight.Waiting, bool) {
	waiting, told := w.waiting[org]
	return waiting, told
}

// member registers a log, and serves a checkpoint of another size.
func (w *world) member(
	t *testing.T, org consortium.OrgID, origin string, witnessed, served int64, root tlog.Hash, at time.Time,
) {
	t.Helper()
	skey, vkey, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tlog.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	w.served[org], err = tlog.SignCheckpoint(tlog.Checkpoint{Origin: origin, Size: served, Root: root}, signer)
	if err != nil {
		t.Fatal(err)
	}
	w.states = append(w.states, ledger.LogState{
		Origin: origin, MSP: string(org), Key: vkey, Size: witnessed, Root: make([]byte, 32), Time: at,
	})
}

func TestLogsShowsWhatIsWrongWithEachLog(t *testing.T) {
	w := &world{served: map[consortium.OrgID][]byte{}, waiting: map[consortium.OrgID]oversight.Waiting{
		"well": {Pending: 3, Lag: 90 * time.Second},
	}}
	own := func(org consortium.OrgID) string { return consortium.LogOrigin(org, "yilian.example") }
	zero, other := tlog.Hash{}, tlog.Hash{1}
	w.member(t, "well", own("well"), 7, 7, zero, now.Add(-time.Hour))
	w.member(t, "ahead", own("ahead"), 7, 9, other, now.Add(-time.Hour))
	w.member(t, "moment", own("moment"), 7, 5, zero, now.Add(-time.Second))
	w.member(t, "behind", own("behind"), 7, 5, zero, now.Add(-time.Hour))
	w.member(t, "forked", own("forked"), 7, 7, other, now.Add(-time.Hour))
	w.member(t, "silent", own("silent"), 7, 7, zero, now)
	delete(w.served, "silent")
	w.member(t, "rekeyed", own("rekeyed"), 7, 7, zero, now)
	w.states[len(w.states)-1].Key = w.states[0].Key
	w.member(t, "robbed", own("robbed"), 7, 7, zero, now)
	w.states[len(w.states)-1].MSP = "well"
	// Logs that members made besides their own, and one of somebody who is no member here.
	keep := w.served["well"]
	w.member(t, "well", "well.deeper.yilian.example/log", 4, 4, zero, now)
	w.member(t, "stranger", own("stranger"), 2, 2, zero, now)
	w.served["well"] = keep

	want := map[string]oversight.Problem{
		own("well"):                      "",
		own("ahead"):                     "",
		own("moment"):                    "",
		own("behind"):                    oversight.Behind,
		own("forked"):                    oversight.Disagrees,
		own("silent"):                    oversight.Unreachable,
		own("rekeyed"):                   oversight.Disagrees,
		own("robbed"):                    oversight.Disagrees,
		own("newcomer"):                  oversight.Unregistered,
		own("stranger"):                  oversight.Unknown,
		"well.deeper.yilian.example/log": oversight.Unknown,
	}
	logs := oversight.Logs{
		Domain: "yilian.example", Ledger: w, Served: w, Statuses: w, Now: func() time.Time { return now },
		Members: []consortium.OrgID{
			"well", "ahead", "moment", "behind", "forked", "silent", "rekeyed", "robbed", "newcomer",
		},
	}
	got, err := logs.Logs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) || got[0].Org != "well" {
		t.Fatalf("%d logs, want %d: %+v", len(got), len(want), got)
	}
	for _, l := range got {
		problem, known := want[l.Origin]
		if !known || l.Problem != problem {
			t.Errorf("%s: problem %q, want %q", l.Origin, l.Problem, problem)
		}
		delete(want, l.Origin)
	}
	if got[0].Pending != 3 || got[0].Lag() != 90*time.Second || got[1].Pending != -1 {
		t.Errorf("what the members say: %+v, %+v", got[0], got[1])
	}
	if got[0].Witnessed != 7 || got[1].Size() != 9 || got[0].KeyHash == "" || got[0].KeyHash == got[1].KeyHash {
		t.Errorf("what the ledger says: %+v, %+v", got[0], got[1])
	}
	w.fail = errors.New("no ledger")
	if _, err := logs.Logs(t.Context()); !errors.Is(err, w.fail) {
		t.Errorf("without the ledger: %v", err)
	}
}
