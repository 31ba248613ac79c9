package cockroach_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/records"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// TestConcurrentAccessesMakeOneChain lets several gateways of one organisation, which share nothing but the database,
// log accesses to the same patient at the same time: the chain must have all of them, in one line, each in the log.
func TestConcurrentAccessesMakeOneChain(t *testing.T) {
	db := cockroachtest.New(t)
	keys := keyFiles(t)
	p := patientRef(1)
	const gateways, readers, rounds = 3, 3, 6
	mustStore(t, newRecords(t, db, "donghu", keys), observation(p, "o1", 1, "first"))
	var wg sync.WaitGroup
	for g := range gateways {
		other := openAgain(t, db) // its own connections and its own turns
		r := newRecords(t, other, "donghu", keys)
		for reader := range readers {
			wg.Go(func() {
				for round := range rounds {
					a := allow("donghu", p, consortium.Observations)
					a.Request = fmt.Sprintf("%d/%d/%d", g, reader, round)
					if _, err := r.Read(t.Context(), a, ref("donghu", "o1"), 0); err != nil {
						t.Errorf("read: %v", err)
					}
				}
			})
		}
	}
	wg.Wait()
	entries, err := newRecords(t, db, "donghu", keys).AccessHistory(t.Context(), p, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, e := range entries {
		seen[e.Request] = true
		leaf := leafOf(t, db, "donghu", e.Entry)
		if leaf.Kind != tlog.KindAccess || e.Commitment != encode(leaf.Commitment) {
			t.Errorf("entry %d is not what its log entry commits to", e.Seq)
		}
	}
	if want := gateways * readers * rounds; len(entries) != want || len(seen) != want || entries[0].Seq != int64(want) {
		t.Errorf("%d entries, %d different, newest %d; want %d of each", len(entries), len(seen), entries[0].Seq, want)
	}
}

func TestRefusalsAreLogged(t *testing.T) {
	db := cockroachtest.New(t)
	r := newRecords(t, db, "donghu", keyFiles(t))
	p := patientRef(1) // nobody here has ever stored anything about them
	a := allow("donghu", p, consortium.Observations)
	a.Decision.Allow, a.Decision.Reasons = false, []consortium.Reason{{Code: "NOT_TREATING", Article: "PIPL 13"}}
	if err := r.LogAccess(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	got, err := r.AccessHistory(t.Context(), p, 0, 10)
	if err != nil || len(got) != 1 || got[0].Decision.Allow || got[0].Decision.Reasons[0].Code != "NOT_TREATING" ||
		got[0].Seq != 1 ||
		got[0].Prev != "" {
		t.Errorf("access history = %+v, %v", got, err)
	}
	if none, err := r.AccessHistory(t.Context(), patientRef(2), 0, 10); err != nil || len(none) != 0 {
		t.Errorf("access history of a stranger = %+v, %v", none, err)
	}
}

func TestAccessHistoryPages(t *testing.T) {
	db := cockroachtest.New(t)
	r := newRecords(t, db, "donghu", keyFiles(t))
	p := patientRef(1)
	logAccesses(t, r, p, 10)
	for limit := 1; limit <= 11; limit++ {
		var seqs []int64
		before := int64(0)
		for {
			page, err := r.AccessHistory(t.Context(), p, before, limit)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, e := range page {
				seqs = append(seqs, e.Seq)
			}
			before = page[len(page)-1].Seq
			if before == 1 {
				break
			}
		}
		if !slices.Equal(seqs, []int64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}) {
			t.Errorf("pages of %d: %v", limit, seqs)
		}
	}
}

func logAccesses(t *testing.T, r *records.Keeper, p consortium.PatientRef, n int) {
	t.Helper()
	for range n {
		if err := r.LogAccess(t.Context(), allow("donghu", p, consortium.Observations)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOmissionFromAccessHistoryShows removes and changes lines behind the system's back.
func TestOmissionFromAccessHistoryShows(t *testing.T) {
	tests := map[string][]string{
		"newest removed":           {`DELETE FROM access_log WHERE seq = 6`},
		"middle removed":           {`DELETE FROM access_log WHERE seq = 3`},
		"oldest removed":           {`DELETE FROM access_log WHERE seq = 1`},
		"all removed":              {`DELETE FROM access_log`},
		"removed and renumbered":   {`DELETE FROM access_log WHERE seq = 3`, `UPDATE access_log SET seq = 3 WHERE seq = 4`},
		"newest removed with head": {`DELETE FROM access_log WHERE seq = 6`, `UPDATE access_heads SET seq = 5`},
		"head removed":             {`DELETE FROM access_heads`},
		"content swapped": {
			`UPDATE access_log SET sealed = (SELECT sealed FROM access_log WHERE seq = 2) WHERE seq = 4`,
		},
		"commitment changed": {
			`UPDATE access_log SET commitment = (SELECT commitment FROM access_log WHERE seq = 2) WHERE seq = 4`,
		},
		"row of another patient": {
			`UPDATE access_log SET sealed = (SELECT sealed FROM access_log WHERE seq = 1) WHERE seq = 1 AND false`,
			`UPDATE access_log SET sealed = 'x'::BYTEA WHERE seq = 5`,
		},
	}
	for name, statements := range tests {
		t.Run(name, func(t *testing.T) {
			db := cockroachtest.New(t)
			r := newRecords(t, db, "donghu", keyFiles(t))
			p := patientRef(1)
			logAccesses(t, r, p, 6)
			for _, statement := range statements {
				exec(t, db, statement)
			}
			for _, limit := range []int{10, 4, 1} {
				var err error
				for before := int64(0); err == nil; {
					var page []exchange.AccessEntry
					page, err = r.AccessHistory(t.Context(), p, before, limit)
					if len(page) == 0 || page[len(page)-1].Seq == 1 {
						break
					}
					before = page[len(page)-1].Seq
				}
				switch fault.Of(err).Code {
				case "ACCESS_LOG_BROKEN", cockroach.CodeRowAltered, cockroach.CodeStateOld:
				default:
					t.Errorf("pages of %d: %v; want the omission to show", limit, err)
				}
			}
		})
	}
}

type registerInput struct {
	put    bool
	number int
}

type registerOutput struct {
	number int // read: 0 is absent
	done   bool
}

// TestRecordIsLinearizable races writers and readers on one record and has porcupine check that the outcomes are those
// of a register with compare-and-set: the n-th version can be put only upon the (n-1)-th, and a read sees the last one
// put.
func TestRecordIsLinearizable(t *testing.T) {
	db := cockroachtest.New(t)
	keys := keyFiles(t)
	p := patientRef(1)
	a := allow("donghu", p, consortium.Observations)
	model := porcupine.Model{
		Init: func() any { return 0 },
		Step: func(state, input, output any) (bool, any) {
			current, in, out := state.(int), input.(registerInput), output.(registerOutput)
			if !in.put {
				return out.number == current, current
			}
			if !out.done {
				return in.number != current+1, current
			}
			return in.number == current+1, in.number
		},
	}
	var mu sync.Mutex
	var history []porcupine.Operation
	begin := time.Now()
	var wg sync.WaitGroup
	for client := range 6 {
		r := newRecords(t, openAgain(t, db), "donghu", keys)
		wg.Go(func() {
			last := 0
			for i := range 15 {
				in := registerInput{put: (i+client)%2 == 0, number: last + 1}
				call := time.Since(begin)
				out, err := act(t, r, a, p, in, client)
				back := time.Since(begin)
				if err != nil {
					t.Errorf("act: %v", err)
					return
				}
				if !in.put {
					last = out.number
				}
				mu.Lock()
				history = append(
					history,
					porcupine.Operation{
						ClientId: client,
						Input:    in,
						Call:     call.Nanoseconds(),
						Output:   out,
						Return:   back.Nanoseconds(),
					},
				)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if !porcupine.CheckOperations(model, history) {
		t.Error("the history of one record is not linearizable")
	}
	puts := 0
	for _, op := range history {
		if op.Output.(registerOutput).done {
			puts++
		}
	}
	if puts == 0 || puts == len(history) {
		t.Errorf("%d of %d operations were successful puts: the test did not race", puts, len(history))
	}
}

func act(
	t *testing.T, r *records.Keeper, a exchange.Access, p consortium.PatientRef, in registerInput, client int,
) (registerOutput, error) {
	if in.put {
		_, err := r.Store(
			t.Context(), []exchange.Put{observation(p, "o1", in.number, fmt.Sprintf("%d by %d", in.number, client))},
		)
		if fault.Is(err, fault.Conflict) {
			return registerOutput{}, nil
		}
		return registerOutput{done: err == nil}, err
	}
	v, err := r.Read(t.Context(), a, ref("donghu", "o1"), 0)
	if fault.Is(err, fault.NotFound) {
		return registerOutput{}, nil
	}
	return registerOutput{number: v.Number}, err
}
