package recordstest

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/records"
	"yilian.example/exchange/tlog"
)

var readingPromises = map[string]func(*testing.T, Backend){
	"one version is read by its number":            readsOne,
	"a page is of current versions, newest first":  readsPages,
	"a page is of some kinds, types and ids":       readsChosen,
	"a kind that is not to be cut comes whole":     readsWhole,
	"directory data is read and leaves no chain":   readsDirectory,
	"a reading waits for a consent that holds":     wantsConsent,
	"another organisation's records are not there": othersAreNotThere,
	"holdings count what stands":                   countsHoldings,
	"care lasts as long as an encounter":           knowsCare,
}

// logging makes the access that follows a head.
func logging(head records.AccessHead, _ []records.SealedVersion) (records.SealedAccess, error) {
	var by [8]byte
	if _, err := rand.Read(by[:]); err != nil {
		return records.SealedAccess{}, err
	}
	at := Begin.Add(time.Duration(head.Seq) * time.Minute)
	return records.SealedAccess{
		Seq: head.Seq + 1, Commitment: commitment(head.Seq+1, hex.EncodeToString(by[:])),
		Sealed: []byte("after " + head.Commitment), Time: at, Entry: entry(tlog.KindAccess, at),
	}, nil
}

// read reads and logs, as must succeed.
func read(
	t *testing.T, b Backend, patient consortium.PatientRef, sel *records.Selection,
) []records.SealedVersion {
	t.Helper()
	got, err := b.ReadLogged(t.Context(), Org, patient, sel, logging)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return got
}

func selecting(id string, number int) *records.Selection {
	at := ref(id)
	return &records.Selection{Ref: &at, Number: number}
}

func listing(p exchange.Page, kinds ...consortium.Kind) *records.Selection {
	return &records.Selection{Page: p, Kinds: kinds}
}

func idsOf(list []records.SealedVersion) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = v.ID
	}
	return out
}

func readsOne(t *testing.T, b Backend) {
	first, second, third := found(version(anna, "a", 1), "x"), version(anna, "a", 2), deletion(anna, "a", 3)
	for _, v := range []records.SealedVersion{first, second, third} {
		save(t, b, v)
	}
	for number, want := range map[int]records.SealedVersion{0: third, 1: first, 2: second, 3: third} {
		if got := read(t, b, anna, selecting("a", number)); len(got) != 1 {
			t.Errorf("version %d: %d versions", number, len(got))
		} else {
			wantSame(t, got[0], want)
		}
	}
	for what, sel := range map[string]*records.Selection{
		"a version to come": selecting("a", 4), "what is not there": selecting("nowhere", 0), "nothing": nil,
	} {
		if got := read(t, b, anna, sel); len(got) != 0 {
			t.Errorf("%s: %+v", what, got)
		}
	}
	if got := read(t, b, bo, selecting("a", 1)); len(got) != 0 {
		t.Errorf("as another patient's: %+v", got)
	}
}

func readsPages(t *testing.T, b Backend) {
	var batch []records.SealedVersion
	var want []string
	for i := range 11 {
		v := version(anna, fmt.Sprintf("a%02d", i), 1)
		v.Recorded = Begin.Add(time.Duration(i/3) * time.Second) // several at the same time
		batch, want = append(batch, v), append(want, v.ID)
	}
	slices.Reverse(want)
	save(t, b, batch...)
	save(t, b, version(bo, "b", 1))
	var got []string
	page := exchange.Page{Limit: 4}
	for {
		list := read(t, b, anna, listing(page, consortium.Observations))
		got = append(got, idsOf(list)...)
		if len(list) != page.Limit {
			break
		}
		last := place(list[len(list)-1])
		page.After = &last
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages gave %v, want %v", got, want)
	}
	moved := version(anna, "a00", 2) // recorded later than all others
	save(t, b, moved, deletion(anna, "a10", 2))
	list := read(t, b, anna, listing(exchange.Page{Limit: 2}, consortium.Observations))
	if !slices.Equal(idsOf(list), []string{"a00", "a09"}) {
		t.Fatalf("after a change and a deletion: %v", idsOf(list))
	}
	wantSame(t, list[0], moved)
	if list := read(t, b, anna, listing(exchange.Page{}, consortium.Observations)); len(list) != 0 {
		t.Errorf("a page of none has %d", len(list))
	}
}

func readsChosen(t *testing.T, b Backend) {
	report, image := version(anna, "r", 1), version(anna, "i", 1)
	report.Kind, report.Type, image.Kind = consortium.Reports, "DiagnosticReport", consortium.Reports
	save(t, b, version(anna, "o", 1), report, image)
	all := []consortium.Kind{consortium.Observations, consortium.Reports}
	for what, c := range map[string]struct {
		page  exchange.Page
		kinds []consortium.Kind
		want  []string
	}{
		"one kind":       {exchange.Page{Limit: 9}, []consortium.Kind{consortium.Reports}, []string{"i", "r"}},
		"no kind":        {exchange.Page{Limit: 9}, nil, nil},
		"one type":       {exchange.Page{Limit: 9, Type: "Observation"}, all, []string{"o", "i"}},
		"some ids":       {exchange.Page{Limit: 9, IDs: []string{"r", "nowhere", "o"}}, all, []string{"o", "r"}},
		"no ids":         {exchange.Page{Limit: 9, IDs: []string{}}, all, nil},
		"kind and id":    {exchange.Page{Limit: 9, IDs: []string{"o"}}, []consortium.Kind{consortium.Reports}, nil},
		"type and limit": {exchange.Page{Limit: 1, Type: "Observation"}, all, []string{"o"}},
	} {
		if got := idsOf(read(t, b, anna, listing(c.page, c.kinds...))); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", what, got, c.want)
		}
	}
}

// readsWhole: many records of one kind, stored later, leave room for what a reader must never miss.
func readsWhole(t *testing.T, b Backend) {
	report := version(anna, "r", 1)
	report.Kind, report.Type = consortium.Reports, "DiagnosticReport"
	save(t, b, report, version(anna, "a", 1), version(anna, "b", 1), version(anna, "c", 1))
	all := []consortium.Kind{consortium.Observations, consortium.Reports}
	two, none := map[consortium.Kind]int{consortium.Observations: 2}, map[consortium.Kind]int{consortium.Observations: 0}
	for what, c := range map[string]struct {
		page exchange.Page
		want []string
	}{
		"two of one kind":  {exchange.Page{Limit: 9, Each: two}, []string{"r", "c", "b"}},
		"cut at one":       {exchange.Page{Limit: 1, Each: two}, []string{"r"}},
		"what follows":     {exchange.Page{Limit: 1, Skip: 1, Each: two}, []string{"c"}},
		"the second page":  {exchange.Page{Limit: 2, Skip: 2, Type: "Observation"}, []string{"a"}},
		"beyond the last":  {exchange.Page{Limit: 2, Skip: 9}, nil},
		"none of one kind": {exchange.Page{Limit: 9, Each: none}, []string{"r"}},
	} {
		if got := idsOf(read(t, b, anna, listing(c.page, all...))); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", what, got, c.want)
		}
	}
}

func readsDirectory(t *testing.T, b Backend) {
	first, second := directory("d1", 1), directory("d1", 2)
	save(t, b, first, directory("d2", 1), directory("d3", 1), version(anna, "d1", 1))
	save(t, b, second)
	desk := exchange.RecordRef{Org: Org, Type: "Practitioner", ID: "d1"}
	for number, want := range map[int]records.SealedVersion{0: second, 1: first, 2: second} {
		got := read(t, b, "", &records.Selection{Ref: &desk, Number: number})
		if len(got) != 1 {
			t.Fatalf("version %d: %d versions", number, len(got))
		}
		wantSame(t, got[0], want)
	}
	page := exchange.Page{Limit: 2}
	list := read(t, b, "", listing(page, consortium.Directory))
	if !slices.Equal(idsOf(list), []string{"d1", "d3"}) {
		t.Fatalf("first page: %v", idsOf(list))
	}
	last := place(list[1])
	page.After = &last
	if list := read(t, b, "", listing(page, consortium.Directory)); !slices.Equal(idsOf(list), []string{"d2"}) {
		t.Errorf("second page: %v", idsOf(list))
	}
	if got := read(t, b, "", selecting("d1", 0)); len(got) != 0 {
		t.Errorf("a patient's record is among directory data: %v", idsOf(got))
	}
	wantLogged(t, b, 5) // no reading is
	if h, _, err := b.AccessEntries(t.Context(), Org, "", 0, 10); err != nil || h != (records.AccessHead{}) {
		t.Errorf("chain of nobody: %+v, %v", h, err)
	}
}

// ConsentID is the id of the suite's consent, of the form that the consent domain gives them.
const ConsentID = "6f1c8a523f0e4a2b9d530d9e8a7b6c5d6f1c8a523f0e4a2b9d530d9e8a7b6c5d"

func wantsConsent(t *testing.T, b Backend) {
	save(t, b, version(anna, "a", 1))
	under := func(patient consortium.PatientRef, id string, at time.Time) error {
		t.Helper()
		sel := selecting("a", 0)
		sel.Consent, sel.At = id, at
		_, err := b.ReadLogged(t.Context(), Org, patient, sel, logging)
		return err
	}
	ended := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, exchange.ErrConsentEnded) {
			t.Errorf("%s: %v, want ErrConsentEnded", what, err)
		}
	}
	ended("never given", under(anna, ConsentID, Begin))
	until := Begin.Add(time.Hour)
	must(t, b.Grant(t.Context(), Org, anna, ConsentID, Begin, until))
	before, err := b.Logged(t.Context(), Org)
	must(t, err)
	ended("before it begins", under(anna, ConsentID, Begin.Add(-time.Microsecond)))
	ended("when it ends", under(anna, ConsentID, until))
	ended("another's", under(bo, ConsentID, Begin))
	ended("another one", under(anna, "7"+ConsentID[1:], Begin))
	wantLogged(t, b, len(before))
	must(t, under(anna, ConsentID, Begin))
	must(t, under(anna, ConsentID, until.Add(-time.Microsecond)))
	must(t, b.Withdraw(t.Context(), Org, anna, ConsentID))
	ended("withdrawn", under(anna, ConsentID, Begin))
	if h, _, err := b.AccessEntries(t.Context(), Org, anna, 0, 1); err != nil || h.Seq != 2 {
		t.Errorf("chain is at %+v, %v; want the two readings that were let", h, err)
	}
}

func othersAreNotThere(t *testing.T, b Backend) {
	must(t, b.SaveVersions(t.Context(), other, []records.SealedVersion{version(anna, "a", 1), directory("d", 1)}))
	if got := read(t, b, anna, selecting("a", 0)); len(got) != 0 {
		t.Errorf("read %v", idsOf(got))
	}
	list := listing(exchange.Page{Limit: 9}, consortium.Observations, consortium.Directory)
	if got := read(t, b, anna, list); len(got) != 0 {
		t.Errorf("listed %v", idsOf(got))
	}
	if got := read(t, b, "", list); len(got) != 0 {
		t.Errorf("listed directory data %v", idsOf(got))
	}
	if h := holdings(t, b, anna); len(h) != 0 {
		t.Errorf("holdings %v", h)
	}
	// The same id is another record.
	save(t, b, version(bo, "a", 1))
	wantCurrent(t, b, "a", 1)
}

func holdings(t *testing.T, b Backend, patient consortium.PatientRef) []exchange.Holding {
	t.Helper()
	h, err := b.Holdings(t.Context(), Org, patient)
	must(t, err)
	return h
}

func countsHoldings(t *testing.T, b Backend) {
	report := version(anna, "r", 1)
	report.Kind = consortium.Reports
	save(t, b, version(anna, "a", 1), version(anna, "b", 1), report, version(bo, "c", 1))
	save(t, b, version(anna, "a", 2), version(bo, "c", 2))
	save(t, b, deletion(anna, "a", 3), deletion(bo, "c", 3))
	gone := report
	gone.Number, gone.Deleted, gone.Entry = 2, true, entry(tlog.KindRecord, Begin)
	want := []exchange.Holding{
		{Org: Org, Kind: consortium.Observations, Count: 1, Latest: Begin.Add(3 * time.Minute)}, // the deletion
		{Org: Org, Kind: consortium.Reports, Count: 1, Latest: Begin.Add(time.Minute)},
	}
	if diff := cmp.Diff(want, holdings(t, b, anna)); diff != "" {
		t.Errorf("holdings differ (-want +got):\n%s", diff)
	}
	save(t, b, gone)
	if diff := cmp.Diff(want[:1], holdings(t, b, anna)); diff != "" {
		t.Errorf("holdings after all reports were deleted (-want +got):\n%s", diff)
	}
	if h := holdings(t, b, bo); len(h) != 0 {
		t.Errorf("holdings of a patient of whom all was deleted: %v", h)
	}
}

func knowsCare(t *testing.T, b Backend) {
	n := 0
	encounter := func(w *exchange.CareWindow, deleted bool) {
		n++
		v := version(anna, "e", n)
		v.Type, v.Kind, v.Care, v.Deleted = "Encounter", consortium.Encounters, w, deleted
		save(t, b, v)
	}
	want := func(what string, hours, sinceHours int, want bool) {
		t.Helper()
		at, since := Begin.Add(time.Duration(hours)*time.Hour), Begin.Add(time.Duration(sinceHours)*time.Hour)
		if in, err := b.InCare(t.Context(), Org, anna, at, since); err != nil || in != want {
			t.Errorf("%s: in care %v, %v", what, in, err)
		}
	}
	want("before any encounter", 0, -9, false)
	encounter(&exchange.CareWindow{Start: Begin}, false)
	want("when it begins", 0, -9, true)
	want("before it begins", -1, -9, false)
	want("while it lasts", 99, 98, true)
	encounter(&exchange.CareWindow{Start: Begin, End: Begin.Add(2 * time.Hour)}, false)
	want("in the time after its end", 9, 2, true)
	want("after that time", 9, 3, false)
	for what, who := range map[string]owner{"another patient": {Org, bo}, "another organisation": {other, anna}} {
		if in, err := b.InCare(t.Context(), who.org, who.patient, Begin, Begin); err != nil || in {
			t.Errorf("%s: in care %v, %v", what, in, err)
		}
	}
	encounter(nil, false)
	want("when the version that stands gives none", 1, 0, false)
	encounter(&exchange.CareWindow{Start: Begin}, false)
	want("when it gives one again", 1, 0, true)
	encounter(&exchange.CareWindow{Start: Begin}, true)
	want("when it was deleted", 1, 0, false)
}
