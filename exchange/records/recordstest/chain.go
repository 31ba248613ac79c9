package recordstest

import (
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/records"
)

var chainPromises = map[string]func(*testing.T, Backend){
	"accesses follow one another":                 followsHead,
	"an access that is refused reads nothing":     refusedReadsNothing,
	"readers at once make one chain":              readersMakeOneChain,
	"access entries come in pages, newest first":  pagesOfAccesses,
	"a patient's chain is nobody else's":          chainsAreApart,
	"what is read is from the moment of the log":  readsUnderTheLog,
	"a reading of nothing checks and logs at all": logsWithoutReading,
}

func followsHead(t *testing.T, b Backend) {
	var seen []records.AccessHead
	var kept []records.SealedAccess
	for range 3 {
		_, err := b.ReadLogged(t.Context(), Org, anna, nil,
			func(head records.AccessHead, got []records.SealedVersion) (records.SealedAccess, error) {
				seen = append(seen, head)
				a, err := logging(head, got)
				kept = append(kept, a)
				return a, err
			})
		must(t, err)
	}
	logged := wantLogged(t, b, 3)
	want := records.AccessHead{}
	for i, a := range kept {
		if seen[i] != want || !slices.Contains(logged, a.Entry.ID) {
			t.Errorf("access %d follows %+v, want %+v; logged %v", i+1, seen[i], want, logged)
		}
		want = records.AccessHead{Seq: a.Seq, Commitment: a.Commitment}
	}
	head, got, err := b.AccessEntries(t.Context(), Org, anna, 0, 10)
	if err != nil || head != want || len(got) != 3 {
		t.Fatalf("head %+v, %d entries, %v", head, len(got), err)
	}
	for i, a := range slices.Backward(kept) {
		a.Entry = logbook.Entry{ID: a.Entry.ID}
		if diff := cmp.Diff(a, got[len(kept)-1-i]); diff != "" { // times by Equal
			t.Errorf("access %d differs (-want +got):\n%s", i+1, diff)
		}
	}
}

func refusedReadsNothing(t *testing.T, b Backend) {
	save(t, b, version(anna, "a", 1), directory("d", 1))
	read(t, b, anna, nil)
	refusal := fault.New(fault.Forbidden, CodeErased, "No.")
	plain := errors.New("could not seal")
	for _, want := range []error{refusal, plain} {
		for _, patient := range []consortium.PatientRef{anna, ""} {
			got, err := b.ReadLogged(t.Context(), Org, patient, selecting("a", 0),
				func(head records.AccessHead, got []records.SealedVersion) (records.SealedAccess, error) {
					a, _ := logging(head, got)
					return a, want
				})
			if !errors.Is(err, want) || len(got) != 0 || fault.KindOf(err) != fault.KindOf(want) {
				t.Errorf("%q: got %v, want %v; %d versions", patient, err, want, len(got))
			}
		}
	}
	wantLogged(t, b, 3)
	if h, list, err := b.AccessEntries(t.Context(), Org, anna, 0, 10); err != nil || h.Seq != 1 || len(list) != 1 {
		t.Errorf("chain is at %+v with %d entries, %v", h, len(list), err)
	}
}

func readersMakeOneChain(t *testing.T, b Backend) {
	save(t, b, version(anna, "a", 1))
	slowly := func(head records.AccessHead, got []records.SealedVersion) (records.SealedAccess, error) {
		runtime.Gosched() // so that others come between where nothing keeps them
		return logging(head, got)
	}
	reader := func() {
		for range 3 {
			if _, err := b.ReadLogged(t.Context(), Org, anna, selecting("a", 0), slowly); err != nil {
				t.Errorf("read: %v", err)
			}
		}
	}
	var wg sync.WaitGroup
	for range racers {
		wg.Go(reader)
	}
	wg.Wait()
	head, list, err := b.AccessEntries(t.Context(), Org, anna, 0, 100)
	if err != nil || head.Seq != 3*racers || len(list) != 3*racers || list[0].Commitment != head.Commitment {
		t.Fatalf("head %+v, %d entries, %v", head, len(list), err)
	}
	for i, a := range list {
		before := ""
		if i+1 < len(list) {
			before = list[i+1].Commitment
		}
		if a.Seq != int64(len(list)-i) || string(a.Sealed) != "after "+before {
			t.Errorf("entry %d has number %d and is %q", i, a.Seq, a.Sealed)
		}
	}
	wantLogged(t, b, 1+3*racers)
}

func pagesOfAccesses(t *testing.T, b Backend) {
	for range 5 {
		read(t, b, anna, nil)
	}
	for _, c := range []struct {
		before int64
		limit  int
		want   []int64
	}{
		{0, 10, []int64{5, 4, 3, 2, 1}}, {0, 2, []int64{5, 4}}, {4, 2, []int64{3, 2}}, {2, 9, []int64{1}}, {1, 9, nil},
		{99, 1, []int64{5}},
	} {
		head, list, err := b.AccessEntries(t.Context(), Org, anna, c.before, c.limit)
		must(t, err)
		var got []int64
		for _, a := range list {
			got = append(got, a.Seq)
		}
		if head.Seq != 5 || !slices.Equal(got, c.want) {
			t.Errorf("%d below %d: %v under %+v, want %v", c.limit, c.before, got, head, c.want)
		}
	}
}

func chainsAreApart(t *testing.T, b Backend) {
	read(t, b, anna, nil)
	read(t, b, anna, nil)
	read(t, b, bo, nil)
	if _, err := b.ReadLogged(t.Context(), other, anna, nil, logging); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[owner]int64{{Org, anna}: 2, {Org, bo}: 1, {other, anna}: 1, {other, bo}: 0} {
		head, list, err := b.AccessEntries(t.Context(), who.org, who.patient, 0, 10)
		if err != nil || head.Seq != want || int64(len(list)) != want {
			t.Errorf("%v: head %+v, %d entries, %v; want %d", who, head, len(list), err, want)
		}
	}
}

// readsUnderTheLog: what next is shown is what is returned, so that no more is read than was logged.
func readsUnderTheLog(t *testing.T, b Backend) {
	save(t, b, version(anna, "a", 1), version(anna, "b", 1))
	var shown []records.SealedVersion
	got, err := b.ReadLogged(t.Context(), Org, anna, listing(exchange.Page{Limit: 9}, consortium.Observations),
		func(head records.AccessHead, list []records.SealedVersion) (records.SealedAccess, error) {
			shown = slices.Clone(list)
			return logging(head, list)
		})
	if diff := cmp.Diff(shown, got); err != nil || diff != "" || len(got) != 2 {
		t.Errorf("%v; %d returned, other than what was logged (-logged +returned):\n%s", err, len(got), diff)
	}
}

func logsWithoutReading(t *testing.T, b Backend) {
	save(t, b, version(anna, "a", 1))
	for _, sel := range []*records.Selection{nil, {}} {
		if got := read(t, b, anna, sel); len(got) != 0 {
			t.Errorf("%v read %v", sel, idsOf(got))
		}
	}
	if h, _, err := b.AccessEntries(t.Context(), Org, anna, 0, 1); err != nil || h.Seq != 2 {
		t.Errorf("chain is at %+v, %v", h, err)
	}
}
