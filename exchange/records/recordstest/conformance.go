package recordstest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/records"
	"yilian.example/exchange/tlog"
)

// Backend is a store with what other parts of a gateway do to it: consents come and go, keys are destroyed, and what
// is logged waits for its place.
type Backend interface {
	records.VersionStore
	records.AccessStore
	records.PatientFacts
	Grant(
		ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, id string, from, until time.Time,
	) error
	Withdraw(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef, id string) error
	// Erase destroys the key of a patient of whom nothing is kept yet.
	Erase(ctx context.Context, org consortium.OrgID, patient consortium.PatientRef) error
	// Logged returns the ids of all log entries of an organisation, in any order.
	Logged(ctx context.Context, org consortium.OrgID) ([]string, error)
}

// What the suite's records are about. Begin is a whole microsecond, as databases keep.
const (
	Org   consortium.OrgID = "donghu"
	other consortium.OrgID = "qingshan"
)

// Begin is when the suite's first versions are recorded.
var Begin = time.Date(2026, 11, 21, 8, 0, 0, 123456000, time.UTC)

var anna, bo = Patient(1), Patient(2)

// Patient returns the suite's n-th patient.
func Patient(n int) consortium.PatientRef {
	return consortium.NewPatientRef(make([]byte, 32), "urn:test", fmt.Sprint(n))
}

// Conformance checks that a store keeps what the ports of records promise. Each call of open gives a fresh, empty
// store.
func Conformance(t *testing.T, open func(t *testing.T) Backend) {
	for _, group := range []map[string]func(*testing.T, Backend){savingPromises, readingPromises, chainPromises} {
		for name, check := range group {
			t.Run(name, func(t *testing.T) { check(t, open(t)) })
		}
	}
}

var savingPromises = map[string]func(*testing.T, Backend){
	"a version is the next one or a conflict":       nextOrConflict,
	"a record stays with its patient and kind":      staysWithPatient,
	"a batch is kept whole or not at all":           allOrNone,
	"a batch has one version of a record":           oncePerBatch,
	"of two writers of one version one wins":        oneWriterWins,
	"each version is logged with it":                versionsAreLogged,
	"a conditional create finds what is there":      conditional,
	"of two conditional creates at once one wins":   oneConditionalWins,
	"what is erased takes no more":                  erasedTakesNoMore,
	"records stand where their last version is":     currentVersions,
	"ids are found by all tokens of what stands":    findsByAllTokens,
	"a limit counts what is found":                  limitCountsFound,
	"standing is the current version, logged never": standing,
}

// wantKind checks the kind of an error that must be there.
func wantKind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if !fault.Is(err, want) {
		t.Errorf("%s: %v, want kind %d", what, err, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ref(id string) exchange.RecordRef {
	return exchange.RecordRef{Org: Org, Type: "Observation", ID: id}
}

// version is a version of an observation of a patient, recorded as many minutes after Begin as its number says.
func version(patient consortium.PatientRef, id string, number int) records.SealedVersion {
	at := Begin.Add(time.Duration(number) * time.Minute)
	return records.SealedVersion{
		Type: "Observation", ID: id, Number: number, Patient: patient, Kind: consortium.Observations, Recorded: at,
		Sealed: fmt.Appendf(nil, "sealed %s %d", id, number), Entry: entry(tlog.KindRecord, at),
	}
}

func deletion(patient consortium.PatientRef, id string, number int) records.SealedVersion {
	v := version(patient, id, number)
	v.Deleted = true
	return v
}

func directory(id string, number int) records.SealedVersion {
	v := version("", id, number)
	v.Type, v.Kind = "Practitioner", consortium.Directory
	return v
}

func found(v records.SealedVersion, tokens ...string) records.SealedVersion {
	for _, token := range tokens {
		v.Tokens = append(v.Tokens, blind(token))
	}
	return v
}

func blind(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func entry(kind string, at time.Time) logbook.Entry {
	id := uuid.New()
	return logbook.Entry{ID: id.String(), Kind: kind, Leaf: tlog.NewLeaf(kind, at, sha256.Sum256(id[:])), At: at}
}

func save(t *testing.T, b Backend, batch ...records.SealedVersion) {
	t.Helper()
	if err := b.SaveVersions(t.Context(), Org, batch); err != nil {
		t.Fatalf("save: %v", err)
	}
}

// wantCurrent checks the number of a record's current version; 0: there is none.
func wantCurrent(t *testing.T, b Backend, id string, want int) {
	t.Helper()
	got, err := b.CurrentVersions(t.Context(), Org, []exchange.RecordRef{ref(id)})
	if err != nil || got[ref(id)].Number != want {
		t.Errorf("%s stands at %+v, %v; want version %d", id, got, err, want)
	}
}

func wantLogged(t *testing.T, b Backend, want int) []string {
	t.Helper()
	ids, err := b.Logged(t.Context(), Org)
	if err != nil || len(ids) != want {
		t.Errorf("%d log entries, %v; want %d", len(ids), err, want)
	}
	return ids
}

func nextOrConflict(t *testing.T, b Backend) {
	refuse := func(what string, number int) {
		t.Helper()
		err := b.SaveVersions(t.Context(), Org, []records.SealedVersion{version(anna, "a", number)})
		wantKind(t, what, err, fault.Conflict)
	}
	refuse("second version of nothing", 2)
	save(t, b, version(anna, "a", 1))
	refuse("the first again", 1)
	refuse("one left out", 3)
	save(t, b, version(anna, "a", 2))
	refuse("the second again", 2)
	save(t, b, deletion(anna, "a", 3))
	refuse("the first after a deletion", 1)
	save(t, b, version(anna, "a", 4))
	wantCurrent(t, b, "a", 4)
	wantLogged(t, b, 4)
}

func staysWithPatient(t *testing.T, b Backend) {
	save(t, b, version(anna, "a", 1))
	moved, changed := version(bo, "a", 2), version(anna, "a", 2)
	changed.Kind = consortium.Reports
	for what, v := range map[string]records.SealedVersion{"another patient": moved, "another kind": changed} {
		wantKind(t, what, b.SaveVersions(t.Context(), Org, []records.SealedVersion{v}), fault.Conflict)
	}
	save(t, b, deletion(anna, "a", 2))
	wantKind(
		t, "another patient after a deletion",
		b.SaveVersions(t.Context(), Org, []records.SealedVersion{version(bo, "a", 3)}), fault.Conflict,
	)
	wantCurrent(t, b, "a", 2)
}

func allOrNone(t *testing.T, b Backend) {
	save(t, b, found(version(anna, "a", 1), "old"))
	err := b.SaveVersions(t.Context(), Org, []records.SealedVersion{
		found(version(anna, "b", 1), "new"), found(version(anna, "a", 2), "new"), version(bo, "c", 2),
	})
	wantKind(t, "one bad of three", err, fault.Conflict)
	wantCurrent(t, b, "a", 1)
	wantCurrent(t, b, "b", 0)
	wantFound(t, b, []string{"new"}, 10)
	wantFound(t, b, []string{"old"}, 10, "a")
	wantLogged(t, b, 1)
	if h := holdings(t, b, anna); len(h) != 1 || h[0].Count != 1 {
		t.Errorf("holdings %+v", h)
	}
}

func oncePerBatch(t *testing.T, b Backend) {
	twice := []records.SealedVersion{version(anna, "a", 1), version(anna, "a", 1)}
	wantKind(t, "the same version twice", b.SaveVersions(t.Context(), Org, twice), fault.Conflict)
	next := []records.SealedVersion{version(anna, "a", 1), version(anna, "a", 2)}
	wantKind(t, "two versions", b.SaveVersions(t.Context(), Org, next), fault.Conflict)
	wantCurrent(t, b, "a", 0)
	wantLogged(t, b, 0)
}

func oneWriterWins(t *testing.T, b Backend) {
	save(t, b, version(anna, "a", 1))
	won := race(t, func() error {
		return b.SaveVersions(t.Context(), Org, []records.SealedVersion{version(anna, "a", 2)})
	})
	if won != 1 {
		t.Errorf("%d writers stored version 2", won)
	}
	wantCurrent(t, b, "a", 2)
	wantLogged(t, b, 2)
}

// racers is how many do the same at once.
const racers = 8

// race does the same many times at once and counts who succeeds; the others must find a conflict.
func race(t *testing.T, do func() error) int {
	t.Helper()
	begin, errs := make(chan struct{}), make(chan error, racers)
	for range racers {
		go func() {
			<-begin
			errs <- do()
		}()
	}
	close(begin)
	won := 0
	for range racers {
		err := <-errs
		if err == nil {
			won++
			continue
		}
		wantKind(t, "who was slower", err, fault.Conflict)
	}
	return won
}

func versionsAreLogged(t *testing.T, b Backend) {
	batch := []records.SealedVersion{version(anna, "a", 1), version(bo, "b", 1), directory("d", 1)}
	save(t, b, batch...)
	logged := wantLogged(t, b, 3)
	for _, v := range batch {
		if !slices.Contains(logged, v.Entry.ID) {
			t.Errorf("%s is not logged", v.ID)
		}
	}
	if ids, err := b.Logged(t.Context(), other); err != nil || len(ids) != 0 {
		t.Errorf("another organisation logged %v, %v", ids, err)
	}
}

func conditional(t *testing.T, b Backend) {
	create := func(id string) records.SealedVersion {
		v := found(version(anna, id, 1), "number")
		v.Unless = blind("number")
		return v
	}
	try := func(what, id string) {
		t.Helper()
		batch := []records.SealedVersion{version(anna, "beside", 1), create(id)}
		wantKind(t, what, b.SaveVersions(t.Context(), Org, batch), fault.Conflict)
		wantCurrent(t, b, id, 0)
		wantCurrent(t, b, "beside", 0)
	}
	elsewhere := create("elsewhere")
	elsewhere.Type = "Patient"
	save(t, b, elsewhere)
	must(t, b.SaveVersions(t.Context(), other, []records.SealedVersion{create("elsewhere")}))
	save(t, b, create("a")) // what is of another type or organisation is not in the way
	try("while it is there", "b")
	save(t, b, version(anna, "a", 2))
	save(t, b, create("c")) // the version that stands does not carry it any more
	save(t, b, deletion(anna, "c", 2))
	save(t, b, create("d"))
	try("when it is there again", "e")
}

func oneConditionalWins(t *testing.T, b Backend) {
	names := make(chan string, racers)
	for i := range racers {
		names <- fmt.Sprint("a", i)
	}
	won := race(t, func() error {
		v := found(version(anna, <-names, 1), "number")
		v.Unless = blind("number")
		return b.SaveVersions(t.Context(), Org, []records.SealedVersion{v})
	})
	ids, err := b.FindIDs(t.Context(), Org, "Observation", [][]byte{blind("number")}, 10)
	if won != 1 || err != nil || len(ids) != 1 {
		t.Errorf("%d creates succeeded, %v are there, %v", won, ids, err)
	}
}

func erasedTakesNoMore(t *testing.T, b Backend) {
	must(t, b.Erase(t.Context(), Org, anna))
	batch := []records.SealedVersion{version(bo, "b", 1), version(anna, "a", 1)}
	wantKind(t, "a batch with one of an erased patient", b.SaveVersions(t.Context(), Org, batch), fault.Gone)
	wantCurrent(t, b, "b", 0)
	wantLogged(t, b, 0)
	save(t, b, version(bo, "b", 1))
	if err := b.SaveVersions(t.Context(), other, []records.SealedVersion{version(anna, "a", 1)}); err != nil {
		t.Errorf("another organisation stores on the patient: %v", err)
	}
}

func currentVersions(t *testing.T, b Backend) {
	save(t, b, version(anna, "a", 1), version(bo, "b", 1), directory("d", 1), version(anna, "ours", 1))
	save(t, b, version(anna, "a", 2), deletion(bo, "b", 2))
	must(t, b.SaveVersions(t.Context(), other, []records.SealedVersion{version(anna, "theirs", 1)}))
	desk := exchange.RecordRef{Org: Org, Type: "Practitioner", ID: "d"}
	theirs := exchange.RecordRef{Org: other, Type: "Observation", ID: "theirs"}
	namesake := exchange.RecordRef{Org: other, Type: "Observation", ID: "ours"}
	got, err := b.CurrentVersions(
		t.Context(), Org, []exchange.RecordRef{ref("a"), ref("b"), desk, ref("nowhere"), ref("theirs"), theirs, namesake},
	)
	want := map[exchange.RecordRef]exchange.Current{
		ref("a"): {Number: 2, Patient: anna, Kind: consortium.Observations},
		ref("b"): {Number: 2, Patient: bo, Kind: consortium.Observations, Deleted: true},
		desk:     {Number: 1, Kind: consortium.Directory},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, records stand elsewhere (-want +got):\n%s", err, diff)
	}
}

// wantFound checks what carries all of some tokens.
func wantFound(t *testing.T, b Backend, tokens []string, limit int, want ...string) {
	t.Helper()
	got, err := b.FindIDs(t.Context(), Org, "Observation", found(records.SealedVersion{}, tokens...).Tokens, limit)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("found by %v, at most %d: %v, %v; want %v", tokens, limit, got, err, want)
	}
}

func findsByAllTokens(t *testing.T, b Backend) {
	save(
		t, b, found(version(anna, "b", 1), "x", "y"), found(version(bo, "a", 1), "x", "y", "z"),
		found(version(anna, "c", 1), "x"), found(directory("d", 1), "x", "y"), found(version(anna, "gone", 1), "x"),
	)
	must(t, b.SaveVersions(t.Context(), other, []records.SealedVersion{found(version(anna, "theirs", 1), "x", "y")}))
	save(t, b, deletion(anna, "gone", 2))
	wantFound(t, b, []string{"x"}, 10, "a", "b", "c")
	wantFound(t, b, []string{"x", "y"}, 10, "a", "b")
	wantFound(t, b, []string{"y", "z"}, 10, "a")
	wantFound(t, b, []string{"x", "nothing"}, 10)
	save(t, b, found(version(anna, "b", 2), "z"))
	wantFound(t, b, []string{"x", "y"}, 10, "a")
	wantFound(t, b, []string{"z"}, 10, "a", "b")
}

// limitCountsFound: what carries only some of the tokens uses up none of the limit.
func limitCountsFound(t *testing.T, b Backend) {
	for i := range 5 {
		save(t, b, found(version(anna, fmt.Sprint("a", i), 1), "common"))
	}
	for i := range 3 {
		save(t, b, found(version(anna, fmt.Sprint("b", i), 1), "common", "rare"))
	}
	wantFound(t, b, []string{"common"}, 2, "a0", "a1")
	wantFound(t, b, []string{"common", "rare"}, 2, "b0", "b1")
	wantFound(t, b, []string{"common", "rare"}, 3, "b0", "b1", "b2")
}

// wantSame compares a version with what was saved, as far as stores give it back.
func wantSame(t *testing.T, got, want records.SealedVersion) {
	t.Helper()
	want.Tokens, want.Unless, want.Care, want.Entry = nil, nil, nil, logbook.Entry{ID: want.Entry.ID}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("version differs (-want +got):\n%s", diff)
	}
}

func standing(t *testing.T, b Backend) {
	first, second, desk := found(version(anna, "a", 1), "x"), version(anna, "a", 2), directory("d", 1)
	save(t, b, first, desk)
	save(t, b, second)
	look := func(patient consortium.PatientRef, ref exchange.RecordRef) (records.SealedVersion, bool) {
		t.Helper()
		v, ok, err := b.Standing(t.Context(), patient, ref)
		must(t, err)
		return v, ok
	}
	if v, ok := look(anna, ref("a")); !ok {
		t.Error("the current version is not found")
	} else {
		wantSame(t, v, second)
	}
	if v, ok := look("", exchange.RecordRef{Org: Org, Type: "Practitioner", ID: "d"}); !ok {
		t.Error("directory data is not found")
	} else {
		wantSame(t, v, desk)
	}
	if v, ok := look(bo, ref("a")); ok {
		t.Errorf("found as another patient's: %+v", v)
	}
	if v, ok := look(anna, exchange.RecordRef{Org: other, Type: "Observation", ID: "a"}); ok {
		t.Errorf("found as another organisation's: %+v", v)
	}
	if v, ok := look(anna, ref("nowhere")); ok {
		t.Errorf("found what is not there: %+v", v)
	}
	wantLogged(t, b, 3)
	if h, _, err := b.AccessEntries(t.Context(), Org, anna, 0, 10); err != nil || h.Seq != 0 {
		t.Errorf("looking left an access: %+v, %v", h, err)
	}
}

// commitment is the suite's commitment of an access entry.
func commitment(seq int64, reader string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", seq, reader))
	return hex.EncodeToString(sum[:])
}
