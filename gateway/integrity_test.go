package main

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/anchor/anchortest"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/oversight"
	"yilian.example/exchange/tlog"
)

// TestAlarmStopsReleaseAndShows changes a row under a running gateway: the next pass takes readiness away, stops
// release, and shows the auditor which row it is.
func TestAlarmStopsReleaseAndShows(t *testing.T) {
	h := newHouse(t)
	h.app.watch.Once(t.Context())
	if stopped := h.app.watch.Clear(); stopped != nil {
		t.Fatalf("alarms on what nobody touched: %+v", h.app.watch.Status().Alarms)
	}
	done, err := h.app.db.Pool().Exec(t.Context(), `UPDATE records SET recorded = recorded + INTERVAL '1 day'`)
	if err != nil || done.RowsAffected() != 1 {
		t.Fatal(done, err)
	}
	h.app.watch.Once(t.Context())
	if suspended, err := h.app.suspended(t.Context()); err != nil || !suspended {
		t.Errorf("release goes on: %v, %v", suspended, err)
	}
	if status, body := h.text("auditor", "/readyz"); status != http.StatusServiceUnavailable ||
		!strings.Contains(body, `"integrity":"failing: DATABASE_ALARM"`) {
		t.Errorf("readiness %d: %s", status, body)
	}
	status, body := h.text("auditor", "/api/v1/integrity")
	if status != http.StatusOK || !strings.Contains(body, `{"table":"records","row":"Patient/p1","code":"ROW_ALTERED"`) {
		t.Errorf("the auditor is shown %d: %s", status, body)
	}
	status, body = h.text("auditor", "/audit/database")
	if status != http.StatusOK || !strings.Contains(body, "Patient/p1") || !strings.Contains(body, "ROW_ALTERED") {
		t.Errorf("the auditor's page is %d: %s", status, body)
	}
}

func (h *house) text(column, path string) (int, string) {
	h.t.Helper()
	answer := h.call(column, http.MethodGet, row{path: path})
	body, err := io.ReadAll(answer.Body)
	h.must(err)
	return answer.StatusCode, string(body)
}

// TestNothingIsReleasedBeforeTheFirstPass asks a gateway that has just started.
func TestNothingIsReleasedBeforeTheFirstPass(t *testing.T) {
	a := &app{watch: &oversight.Watch{}}
	if suspended, err := a.suspended(t.Context()); err != nil || !suspended {
		t.Errorf("suspended %v, %v", suspended, err)
	}
	if err := a.integrity(t.Context()); fault.Of(err).Code != oversight.CodeAuditRunning {
		t.Errorf("integrity: %v", err)
	}
}

// TestRefusedLogStopsReleaseAndShows restores an older dump while the ledger is ahead.
func TestRefusedLogStopsReleaseAndShows(t *testing.T) {
	store, witness := anchortest.NewStore(), anchortest.NewWitness()
	a := &app{now: time.Now, watch: quietWatch(t)}
	a.cfg.Log.LagBudget = time.Hour
	run := func(log *anchortest.Store, until func(anchor.Status) bool) {
		a.seq = newSequencer(t, log, witness)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { a.seq.Run(ctx); close(done) }()
		deadline := time.Now().Add(30 * time.Second)
		for st, _ := a.seq.Status(ctx); !until(st); st, _ = a.seq.Status(ctx) {
			if time.Now().After(deadline) {
				t.Fatalf("the log does not get there: %+v", st)
			}
			time.Sleep(5 * time.Millisecond)
		}
		stop()
		<-done
	}
	empty := store.Snapshot()
	anchortest.Insert(t, store, 0, 5)
	run(store, func(st anchor.Status) bool { return st.Published == 5 })
	if suspended, err := a.suspended(t.Context()); err != nil || suspended || a.integrity(t.Context()) != nil {
		t.Fatalf("before: suspended %v, %v, %v", suspended, err, a.integrity(t.Context()))
	}
	run(empty, func(st anchor.Status) bool { return st.Trouble == anchor.TroubleRefused })
	if suspended, err := a.suspended(t.Context()); err != nil || !suspended {
		t.Errorf("release goes on: %v, %v", suspended, err)
	}
	if err := a.integrity(t.Context()); fault.Of(err).Code != "LOG_REFUSED" {
		t.Errorf("integrity: %v", err)
	}
	if !a.seq.Refused() {
		t.Error("the auditor's pages do not say so")
	}
}

// quiet is a database in which nothing is wrong.
type quiet struct{}

func (quiet) Sweep(context.Context, consortium.OrgID, func(oversight.Alarm)) error { return nil }

func quietWatch(t *testing.T) *oversight.Watch {
	t.Helper()
	w := &oversight.Watch{Org: "donghu", Database: quiet{}, Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
	w.Once(t.Context())
	return w
}

// keys are of one log, whoever leads it.
var keys struct{ signer, verifier string }

func newSequencer(t *testing.T, store anchor.Store, witness anchor.Witness) *anchor.Sequencer {
	t.Helper()
	const origin = "donghu.yilian.example/log"
	if keys.signer == "" {
		var err error
		if keys.signer, keys.verifier, err = tlog.GenerateKey(rand.Reader, origin); err != nil {
			t.Fatal(err)
		}
	}
	signer, err := tlog.NewSigner(keys.signer)
	if err != nil {
		t.Fatal(err)
	}
	s, err := anchor.New(store, witness, anchor.Config{
		Origin: origin, Signer: signer, VerifierKey: keys.verifier, Holder: "one", Interval: 5 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
