package cockroach_test

import (
	"fmt"
	"testing"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// What a process remembers of heads and chains is only a guess: another process may have moved them on.
func TestRememberedHeadsYieldToAnotherProcess(t *testing.T) {
	first := cockroachtest.New(t)
	second, err := cockroach.Open(
		t.Context(), first.Pool().Config().ConnString(), cockroachtest.Schema, cockroachtest.Key(), 4,
	)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	keys := keyFiles(t)
	p := patientRef(1)
	for i := range 6 {
		for j, db := range []*cockroach.DB{first, second, second} {
			r := newRecords(t, db, "donghu", keys)
			id := fmt.Sprintf("o%d-%d", i, j)
			if _, err := r.Store(t.Context(), []exchange.Put{observation(p, id, 1, "x")}); err != nil {
				t.Fatalf("store %s: %v", id, err)
			}
			if _, err := r.Read(t.Context(), allow("donghu", p, consortium.Observations), ref("donghu", id), 0); err != nil {
				t.Fatalf("read %s: %v", id, err)
			}
		}
	}
	entries, err := newRecords(t, first, "donghu", keys).AccessHistory(t.Context(), p, 0, 100)
	if err != nil || len(entries) != 18 {
		t.Errorf("%d accesses, %v, want 18 in one chain", len(entries), err)
	}
	wantQuiet(t, first, "after two processes took turns")
}

// A chain's end that was taken away is refused by the process that wrote it too.
func TestRememberedChainThatIsGoneIsRefused(t *testing.T) {
	db := cockroachtest.New(t)
	r := newRecords(t, db, "donghu", keyFiles(t))
	p := patientRef(1)
	if _, err := r.Store(t.Context(), []exchange.Put{observation(p, "o1", 1, "x")}); err != nil {
		t.Fatal(err)
	}
	read := func() error {
		_, err := r.Read(t.Context(), allow("donghu", p, consortium.Observations), ref("donghu", "o1"), 0)
		return err
	}
	for range 2 {
		if err := read(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Pool().Exec(t.Context(), `DELETE FROM access_heads`); err != nil {
		t.Fatal(err)
	}
	if err := read(); fault.Of(err).Code != cockroach.CodeStateOld {
		t.Errorf("read on a chain without an end: %v", err)
	}
	if _, err := db.Pool().Exec(t.Context(), `DELETE FROM heads WHERE room = 'records'`); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Store(t.Context(), []exchange.Put{observation(p, "o2", 1, "x")}); fault.Of(err).Code !=
		cockroach.CodeStateOld {
		t.Errorf("stored beside a head that is gone: %v", err)
	}
}
