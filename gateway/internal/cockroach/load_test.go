package cockroach_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/anchor"
	"yilian.example/exchange/anchor/anchortest"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/records"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// TestStoreReadAndSequenceTogether runs what a gateway does at the same time (new records, further versions, logged
// readings, the sequencer) on few patients, so that all of it meets in the same rows. Nothing may fail, and all that
// was acknowledged must be there and in the log.
func TestStoreReadAndSequenceTogether(t *testing.T) {
	const origin, org, patients, workers, rounds = "donghu.yilian.example/log", consortium.OrgID("donghu"), 3, 6, 12
	db := cockroachtest.New(t)
	log := db.Log(org)
	stop := runSequencer(t, log, origin)
	defer stop()

	keys := keyFiles(t)
	gateways := []*records.Keeper{newRecords(t, db, org, keys), newRecords(t, openAgain(t, db), org, keys)}
	var entries atomic.Int64
	begin := time.Now()
	var wg sync.WaitGroup
	for w := range workers {
		r := gateways[w%len(gateways)]
		p := patientRef(w % patients)
		a := allow(org, p, consortium.Observations)
		wg.Go(func() {
			for i := range rounds {
				id := fmt.Sprintf("w%d-%d", w, i)
				for version := 1; version <= 2; version++ {
					puts := []exchange.Put{observation(p, id, version, "x"), observation(p, id+"-b", version, "y")}
					if _, err := r.Store(t.Context(), puts); err != nil {
						t.Errorf("store: %v", err)
						return
					}
					v, err := r.Read(t.Context(), a, ref(org, id), 0)
					if err != nil || v.Number != version {
						t.Errorf("read back version %d, %v; want %d", v.Number, err, version)
						return
					}
					entries.Add(3)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d entries in %v; one gateway ran %d transactions again", entries.Load(), time.Since(begin), db.Retries())
	awaitLog(t, log, entries.Load())
	for i := range patients {
		checkAfterLoad(t, gateways[0], log, patientRef(i), 2*rounds*workers/patients)
	}
}

// checkAfterLoad wants n records and n logged readings, each with a place in the log.
func checkAfterLoad(t *testing.T, r *records.Keeper, log interface {
	Place(context.Context, string) (int64, bool, error)
}, p consortium.PatientRef, n int) {
	t.Helper()
	accesses, err := r.AccessHistory(t.Context(), p, 0, 0)
	if err != nil || len(accesses) != n {
		t.Errorf("%d logged readings, %v; want %d", len(accesses), err, n)
	}
	records, err := r.ListAll(t.Context(), allow(r.Org, p, consortium.Observations), 0)
	if err != nil || len(records) != n {
		t.Errorf("%d records, %v; want %d", len(records), err, n)
	}
	holdings, err := r.Holdings(t.Context(), p)
	if err != nil || len(holdings) != 1 || holdings[0].Count != n {
		t.Errorf("holdings %+v, %v; want %d", holdings, err, n)
	}
	var ids []string
	for _, a := range accesses {
		ids = append(ids, a.Entry)
	}
	for _, v := range records {
		ids = append(ids, v.Entry)
	}
	for _, id := range ids {
		if _, placed, err := log.Place(t.Context(), id); err != nil || !placed {
			t.Errorf("entry %s is not in the log: %v", id, err)
		}
	}
}

func runSequencer(t *testing.T, log anchor.Store, origin string) func() {
	t.Helper()
	private, vkey, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tlog.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	s, err := anchor.New(log, anchortest.NewWitness(), anchor.Config{
		Origin: origin, Signer: signer, VerifierKey: vkey, Holder: "one", Interval: 5 * time.Millisecond, BatchMax: 128,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	return func() {
		cancel()
		running.Wait()
	}
}
