package cockroach_test

import (
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/records"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

func encode(h tlog.Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }

// openAgain returns another gateway's connections to the same database.
func openAgain(t testing.TB, db *cockroach.DB) *cockroach.DB {
	t.Helper()
	other, err := cockroach.Open(
		t.Context(), db.Pool().Config().ConnString(), cockroachtest.Schema, cockroachtest.Key(), 4,
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	return other
}

// modelRecord is what a record should be: its versions in order, and whether each is a deletion.
type modelRecord struct {
	patient  consortium.PatientRef
	contents []string // empty: a deletion
}

func (m modelRecord) current() string { return m.contents[len(m.contents)-1] }

// TestRecordsAgainstModel runs random sequences of stores and reads against the database and against maps, and wants
// the same answers.
func TestRecordsAgainstModel(t *testing.T) {
	db := cockroachtest.New(t)
	run := 0
	keys := keyFiles(t)
	rapid.Check(t, func(rt *rapid.T) {
		run++ // each run has records and patients of its own
		org := consortium.OrgID(fmt.Sprintf("org%d", run))
		fresh := keys
		fresh.Log += string(org)
		m := &machine{
			r: newRecords(
				t, db, org, fresh,
			), org: org, records: map[string]*modelRecord{}, accesses: map[consortium.PatientRef]int{},
			patients: []consortium.PatientRef{patientRef(run * 10), patientRef(run*10 + 1)},
		}
		rt.Repeat(map[string]func(*rapid.T){
			"store":  m.store,
			"read":   m.read,
			"list":   m.list,
			"find":   m.find,
			"refuse": m.refuse,
			"":       func(*rapid.T) {},
		})
		m.checkAll(rt)
	})
}

type machine struct {
	r        *records.Keeper
	prefix   string // of the records' ids
	org      consortium.OrgID
	patients []consortium.PatientRef
	records  map[string]*modelRecord
	accesses map[consortium.PatientRef]int
}

var words = []string{"a", "b", "c"}

// store puts a batch whose versions are right, or wrong in one place.
func (m *machine) store(t *rapid.T) {
	ids := rapid.SliceOfNDistinct(rapid.IntRange(0, 5), 1, 4, rapid.ID[int]).Draw(t, "ids")
	after := map[string]*modelRecord{}
	var puts []exchange.Put
	good := true
	for _, n := range ids {
		id := fmt.Sprintf(m.prefix+"o%d", n)
		was := m.records[id]
		next := modelRecord{patient: m.patients[n%len(m.patients)]}
		if was != nil {
			next.contents = slices.Clone(was.contents)
		}
		word := rapid.SampledFrom(words).Draw(t, "word")
		if was != nil && rapid.IntRange(0, 4).Draw(t, "delete") == 0 {
			word = ""
		}
		next.contents = append(next.contents, word)
		number := len(next.contents)
		if rapid.IntRange(0, 9).Draw(t, "wrong version") == 0 {
			number++
			good = false
		}
		put := observation(next.patient, id, number, word)
		put.Deleted = word == ""
		if put.Deleted {
			put.Content = nil
		}
		puts = append(puts, put)
		after[id] = &next
	}
	_, err := m.r.Store(t.Context(), puts)
	switch {
	case good && err != nil:
		t.Fatalf("store: %v", err)
	case !good && !fault.Is(err, fault.Conflict):
		t.Fatalf("store of a wrong version: %v; want a conflict", err)
	case good:
		maps.Copy(m.records, after)
	}
}

func (m *machine) read(t *rapid.T) {
	id := fmt.Sprintf(m.prefix+"o%d", rapid.IntRange(0, 6).Draw(t, "id"))
	p := rapid.SampledFrom(m.patients).Draw(t, "patient")
	number := rapid.IntRange(0, 4).Draw(t, "number")
	got, err := m.r.Read(t.Context(), allow(m.org, p, consortium.Observations), ref(m.org, id), number)
	was := m.records[id]
	switch {
	case was == nil || number > len(was.contents):
		if !fault.Is(err, fault.NotFound) {
			t.Fatalf("read of an absent version: %v", err)
		}
		return
	case was.patient != p:
		if !fault.Is(err, fault.NotFound) { // among that patient's records there is no such one
			t.Fatalf("read under another patient's decision: %v", err)
		}
		return
	}
	want := was.current()
	if number > 0 {
		want = was.contents[number-1]
	}
	if want == "" {
		if !fault.Is(err, fault.Gone) {
			t.Fatalf("read of a deletion: %v", err)
		}
		return
	}
	if err != nil || string(got.Content) != want {
		t.Fatalf("read = %q, %v; want %q", got.Content, err, want)
	}
	m.accesses[p]++
}

func (m *machine) list(t *rapid.T) {
	p := rapid.SampledFrom(m.patients).Draw(t, "patient")
	got, err := m.r.ListAll(t.Context(), allow(m.org, p, consortium.Observations), 100)
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	m.accesses[p]++
	seen := map[string]string{}
	for _, v := range got {
		seen[v.Ref.ID] = string(v.Content)
	}
	want := map[string]string{}
	for id, r := range m.records {
		if r.patient == p && r.current() != "" {
			want[id] = r.current()
		}
	}
	if !maps.Equal(seen, want) {
		t.Fatalf("list = %v, want %v", seen, want)
	}
}

func (m *machine) find(t *rapid.T) {
	word := rapid.SampledFrom(words).Draw(t, "word")
	got, err := m.r.Find(
		t.Context(),
		"Observation",
		[]exchange.Token{{Param: "code", System: "http://loinc.org", Value: word}},
	)
	if err != nil {
		t.Fatalf("find: %v", err)
	}
	var want []string
	for id, r := range m.records {
		if r.current() == word {
			want = append(want, id)
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("find %q = %v, want %v", word, got, want)
	}
}

func (m *machine) refuse(t *rapid.T) {
	p := rapid.SampledFrom(m.patients).Draw(t, "patient")
	a := allow(m.org, p, consortium.Observations)
	a.Decision.Allow = false
	if err := m.r.LogAccess(t.Context(), a); err != nil {
		t.Fatalf("log refusal: %v", err)
	}
	m.accesses[p]++
}

// checkAll compares what sums up a run: holdings, and the access history's length.
func (m *machine) checkAll(t *rapid.T) {
	for _, p := range m.patients {
		held := 0
		for _, r := range m.records {
			if r.patient == p && r.current() != "" {
				held++
			}
		}
		holdings, err := m.r.Holdings(t.Context(), p)
		if err != nil {
			t.Fatalf("holdings: %v", err)
		}
		got := 0
		for _, h := range holdings {
			got += h.Count
		}
		if got != held {
			t.Fatalf("holdings say %d, want %d", got, held)
		}
		entries, err := m.r.AccessHistory(t.Context(), p, 0, 0)
		if err != nil || len(entries) != m.accesses[p] {
			t.Fatalf("access history has %d entries (%v), want %d", len(entries), err, m.accesses[p])
		}
	}
}
