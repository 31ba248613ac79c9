package cockroach_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/records"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
	"yilian.example/gateway/internal/keyring"
	"yilian.example/gateway/internal/weigh"
)

var start = time.Date(2026, 11, 21, 8, 0, 0, 123456000, time.UTC)

var indexKey = bytes.Repeat([]byte{7}, 32)

func patientRef(n int) consortium.PatientRef {
	return consortium.NewPatientRef(indexKey, "urn:test", fmt.Sprint(n))
}

// newRecords returns one organisation's records over db. Each call is a gateway of its own: same wrapping key, nothing
// cached.
func newRecords(t testing.TB, db *cockroach.DB, org consortium.OrgID, keys config.Keys) *records.Keeper {
	t.Helper()
	origin := consortium.LogOrigin(org, "yilian.example")
	if err := keyring.Generate(keys, origin); err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Load(keys, org, origin, db, func() time.Time { return start })
	if err != nil {
		t.Fatal(err)
	}
	return &records.Keeper{
		Org: org, Versions: db, Accesses: db, Facts: db, Keys: ring, Now: func() time.Time { return start }, Book: logbook.Book{Org: org, Rand: rand.Reader},
	}
}

func keyFiles(t testing.TB) config.Keys {
	dir := t.TempDir()
	return config.Keys{
		Wrapping: dir + "/wrapping.json",
		Log:      dir + "/log.key",
		Release:  dir + "/release.pem",
		Binding:  dir + "/binding.hex", Index: dir + "/index.key",
	}
}

func observation(patient consortium.PatientRef, id string, version int, text string) exchange.Put {
	return exchange.Put{
		Type: "Observation", ID: id, Patient: patient, Kind: consortium.Observations, Version: version,
		Content: []byte(text), Recorded: start.Add(time.Duration(version) * time.Minute),
		Tokens: []exchange.Token{{Param: "code", System: "http://loinc.org", Value: text}},
	}
}

func allow(org consortium.OrgID, patient consortium.PatientRef, kinds ...consortium.Kind) exchange.Access {
	return exchange.Access{Decision: consortium.Decision{
		Query: consortium.Query{
			Actor: consortium.Actor{ID: "d1", Org: org, Role: consortium.RoleClinician}, Purpose: consortium.Treatment,
			Action: consortium.ActionRead, Custodian: org, Patient: patient, Kinds: kinds, Time: start,
		},
		Allow: true, Reasons: []consortium.Reason{{Code: "TREATING", Article: "PIPL 13"}}, Policy: "00",
	}}
}

func ref(org consortium.OrgID, id string) exchange.RecordRef {
	return exchange.RecordRef{Org: org, Type: "Observation", ID: id}
}

func mustStore(t testing.TB, r *records.Keeper, puts ...exchange.Put) []exchange.Version {
	t.Helper()
	versions, err := r.Store(t.Context(), puts)
	if err != nil {
		t.Fatalf("store: %v", err)
	}
	return versions
}

func TestRecordLife(t *testing.T) {
	db := cockroachtest.New(t)
	r := newRecords(t, db, "donghu", keyFiles(t))
	ctx := t.Context()
	p := patientRef(1)
	a := allow("donghu", p, consortium.Observations)

	stored := mustStore(t, r, observation(p, "o1", 1, "first"))[0]
	got, err := r.Read(ctx, a, ref("donghu", "o1"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Content) != "first" || got.Number != 1 || !got.Recorded.Equal(stored.Recorded) ||
		got.Salt != stored.Salt ||
		got.Entry != stored.Entry {
		t.Errorf("read %+v, stored %+v", got, stored)
	}
	leaf := leafOf(t, db, "donghu", got.Entry)
	if leaf.Commitment != tlog.Commit(tlog.KindRecord, got.Salt, exchange.Statement(got)) {
		t.Error("the log entry does not commit to what was read")
	}

	mustStore(t, r, observation(p, "o1", 2, "second"))
	for number, want := range []string{"second", "first", "second"} {
		got, err := r.Read(ctx, a, ref("donghu", "o1"), number)
		if err != nil || string(got.Content) != want {
			t.Errorf("read version %d = %q, %v; want %q", number, got.Content, err, want)
		}
	}
	if _, err := r.Read(ctx, a, ref("donghu", "o1"), 3); !fault.Is(err, fault.NotFound) {
		t.Errorf("read an absent version: %v", err)
	}
	expectFind(t, r, "first")
	expectFind(t, r, "second", "o1")

	deletion := observation(p, "o1", 3, "")
	deletion.Deleted, deletion.Content = true, nil
	mustStore(t, r, deletion)
	if _, err := r.Read(ctx, a, ref("donghu", "o1"), 0); !fault.Is(err, fault.Gone) {
		t.Errorf("read a deleted record: %v", err)
	}
	if got, err := r.Read(ctx, a, ref("donghu", "o1"), 2); err != nil || string(got.Content) != "second" {
		t.Errorf("read the version before the deletion: %q, %v", got.Content, err)
	}
	expectFind(t, r, "second")
	if h, err := r.Holdings(ctx, p); err != nil || len(h) != 0 {
		t.Errorf("holdings after the deletion: %+v, %v", h, err)
	}
	mustStore(t, r, observation(p, "o1", 4, "again"))
	if h, err := r.Holdings(ctx, p); err != nil || len(h) != 1 || h[0].Count != 1 {
		t.Errorf("holdings after it came back: %+v, %v", h, err)
	}
}

func expectFind(t *testing.T, r *records.Keeper, value string, want ...string) {
	t.Helper()
	got, err := r.Find(
		t.Context(),
		"Observation",
		[]exchange.Token{{Param: "code", System: "http://loinc.org", Value: value}},
	)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("find %q = %v, %v; want %v", value, got, err, want)
	}
}

func leafOf(t *testing.T, db *cockroach.DB, org consortium.OrgID, entry string) tlog.Leaf {
	t.Helper()
	var data []byte
	err := db.Pool().
		QueryRow(t.Context(), `SELECT leaf FROM log_pending WHERE org = $1 AND id = $2`, org, entry).
		Scan(&data)
	if err != nil {
		t.Fatalf("read log entry: %v", err)
	}
	leaf, err := tlog.ParseLeaf(data)
	if err != nil {
		t.Fatal(err)
	}
	return leaf
}

func TestStoreRefusesAndKeepsNothing(t *testing.T) {
	db := cockroachtest.New(t)
	r := newRecords(t, db, "donghu", keyFiles(t))
	p := patientRef(1)
	mustStore(t, r, observation(p, "o1", 1, "first"))
	before := counts(t, db)
	moved := observation(patientRef(2), "o1", 2, "moved")
	empty := observation(p, "o2", 1, "")
	unborn := observation(p, "o2", 1, "")
	unborn.Deleted, unborn.Content = true, nil
	nobody := observation("", "o2", 1, "x")
	tests := []struct {
		name string
		puts []exchange.Put
		want fault.Kind
	}{
		{"same version again", []exchange.Put{observation(p, "o1", 1, "other")}, fault.Conflict},
		{"version left out", []exchange.Put{observation(p, "o1", 3, "third")}, fault.Conflict},
		{"second version of nothing", []exchange.Put{observation(p, "o9", 2, "x")}, fault.Conflict},
		{
			"one bad in a batch",
			[]exchange.Put{observation(p, "o2", 1, "good"), observation(p, "o1", 1, "bad")},
			fault.Conflict,
		},
		{"another patient", []exchange.Put{moved}, fault.Conflict},
		{"twice in a batch", []exchange.Put{observation(p, "o2", 1, "a"), observation(p, "o2", 1, "b")}, fault.Invalid},
		{"no content", []exchange.Put{empty}, fault.Invalid},
		{"deletion of nothing", []exchange.Put{unborn}, fault.NotFound},
		{"no patient", []exchange.Put{nobody}, fault.Invalid},
		{"no version", []exchange.Put{observation(p, "o2", 0, "x")}, fault.Invalid},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := r.Store(t.Context(), tt.puts)
			if err == nil || fault.KindOf(err) != tt.want {
				t.Errorf("got %v, want kind %d", err, tt.want)
			}
		})
	}
	if after := counts(t, db); after != before {
		t.Errorf("rows before and after refusals: %s, %s", before, after)
	}
}

// counts returns the number of rows of each table that a store writes.
func counts(t *testing.T, db *cockroach.DB) string {
	t.Helper()
	out := ""
	for _, table := range []string{"records", "record_versions", "search_tokens", "log_pending", "access_log"} {
		var n int
		if err := db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil {
			t.Fatal(err)
		}
		out += fmt.Sprintf("%s %d ", table, n)
	}
	return out
}

// TestReadIsBoundToDecision is the confused deputy: a decision about one patient and kind must not open another's
// record.
func TestReadIsBoundToDecision(t *testing.T) {
	db := cockroachtest.New(t)
	r := newRecords(t, db, "donghu", keyFiles(t))
	ctx := t.Context()
	p, other := patientRef(1), patientRef(2)
	mustStore(t, r, observation(p, "o1", 1, "first"), observation(other, "o2", 1, "other"))
	refused := allow("donghu", p, consortium.Observations)
	refused.Decision.Allow = false
	elsewhere := allow("qingshan", p, consortium.Observations)
	locate := allow("donghu", p, consortium.Observations)
	locate.Decision.Query.Action = consortium.ActionLocate
	before := counts(t, db)
	for name, a := range map[string]exchange.Access{
		"another patient":   allow("donghu", other, consortium.Observations),
		"another kind":      allow("donghu", p, consortium.Medications),
		"no kind":           allow("donghu", p),
		"refused":           refused,
		"another custodian": elsewhere,
		"another action":    locate,
		"no patient":        allow("donghu", "", consortium.Observations),
	} {
		want := fault.Forbidden
		if name == "another patient" || name == "no patient" {
			want = fault.NotFound // among that patient's records, or directory data, there is no such one
		}
		if v, err := r.Read(ctx, a, ref("donghu", "o1"), 0); !fault.Is(err, want) || v.Content != nil {
			t.Errorf("%s: read gave %q, %v", name, v.Content, err)
		}
	}
	if _, err := r.Read(ctx, allow("donghu", p, consortium.Observations), ref("qingshan", "o1"), 0); !fault.Is(
		err, fault.NotFound,
	) {
		t.Errorf("another organisation's record: %v", err)
	}
	if after := counts(t, db); after != before {
		t.Errorf("a refused reading left rows: %s, %s", before, after)
	}
	list, err := r.ListAll(ctx, allow("donghu", other, consortium.Observations), 10)
	if err != nil || len(list) != 1 || list[0].Ref.ID != "o2" {
		t.Errorf("list = %+v, %v; want only the other patient's", list, err)
	}
}

// TestTamperingShows changes what is stored behind the system's back, each in a way that a thief of the database could.
func TestTamperingShows(t *testing.T) {
	p, other := patientRef(1), patientRef(2)
	tests := map[string]string{
		"a bit of content":    `UPDATE record_versions SET sealed = $1 WHERE id = 'o1' AND version = 2`,
		"content cut off":     `UPDATE record_versions SET sealed = substr(sealed, 1, 10) WHERE id = 'o1'`,
		"contents swapped":    `UPDATE record_versions SET sealed = (SELECT sealed FROM record_versions WHERE id = 'o2') WHERE id = 'o1'`,
		"older version shown": `UPDATE record_versions SET sealed = (SELECT sealed FROM record_versions WHERE id = 'o1' AND version = 1) WHERE id = 'o1' AND version = 2`,
		"kind changed":        `UPDATE record_versions SET kind = 'reports' WHERE id = 'o1'`,
		"patient changed":     `UPDATE record_versions SET patient = '` + string(other) + `' WHERE id = 'o1'`,
		"time changed":        `UPDATE record_versions SET recorded = recorded + INTERVAL '1 hour' WHERE id = 'o1'`,
		"entry changed":       `UPDATE record_versions SET entry_id = '` + uuid.NewString() + `' WHERE id = 'o1'`,
	}
	for name, statement := range tests {
		t.Run(name, func(t *testing.T) {
			db := cockroachtest.New(t)
			r := newRecords(t, db, "donghu", keyFiles(t))
			mustStore(t, r, observation(p, "o1", 1, "first"), observation(p, "o2", 1, "other"))
			mustStore(t, r, observation(p, "o1", 2, "second"))
			if strings.Contains(statement, "$1") {
				exec(t, db, statement, flippedBit(t, db))
			} else {
				exec(t, db, statement)
			}
			a := allow("donghu", p, consortium.Observations, consortium.Reports)
			v, err := r.Read(t.Context(), a, ref("donghu", "o1"), 0)
			code := fault.Of(err).Code
			if err == nil || code != "RECORD_INTEGRITY" && code != cockroach.CodeRowAltered || v.Content != nil {
				t.Errorf("read gave %q, %v; want the change to show", v.Content, err)
			}
		})
	}
}

func flippedBit(t *testing.T, db *cockroach.DB) []byte {
	t.Helper()
	var sealed []byte
	if err := db.Pool().QueryRow(t.Context(), `SELECT sealed FROM record_versions WHERE id = 'o1' AND version = 2`).Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	sealed[len(sealed)-20] ^= 1
	return sealed
}

func TestErasedIsGone(t *testing.T) {
	db := cockroachtest.New(t)
	keys := keyFiles(t)
	r := newRecords(t, db, "donghu", keys)
	p := patientRef(1)
	mustStore(t, r, observation(p, "o1", 1, "first"))
	if err := db.DestroyPatientKey(t.Context(), "donghu", p, start); err != nil {
		t.Fatal(err)
	}
	// Even a gateway that still has the key in its cache must not store more.
	if _, err := r.Store(t.Context(), []exchange.Put{observation(p, "o2", 1, "more")}); !fault.Is(err, fault.Gone) {
		t.Errorf("store after erasure: %v", err)
	}
	fresh := newRecords(t, db, "donghu", keys)
	if _, err := fresh.Read(t.Context(), allow("donghu", p, consortium.Observations), ref("donghu", "o1"), 0); !fault.Is(
		err, fault.Gone,
	) {
		t.Errorf("read after erasure: %v", err)
	}
}

func TestListPages(t *testing.T) {
	db := cockroachtest.New(t)
	r := newRecords(t, db, "donghu", keyFiles(t))
	p := patientRef(1)
	var puts []exchange.Put
	for i := range 25 {
		put := observation(p, fmt.Sprintf("o%02d", i), 1, "x")
		put.Recorded = start.Add(time.Duration(i/3) * time.Second) // several at the same time
		puts = append(puts, put)
	}
	mustStore(t, r, puts...)
	a := allow("donghu", p, consortium.Observations)
	var got []string
	page := exchange.Page{Limit: 4}
	for {
		versions, err := r.List(t.Context(), a, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range versions {
			got = append(got, v.Ref.ID)
		}
		if len(versions) < page.Limit {
			break
		}
		cursor := exchange.CursorOf(versions[len(versions)-1])
		page.After = &cursor
	}
	var want []string
	for i := 24; i >= 0; i-- {
		want = append(want, fmt.Sprintf("o%02d", i))
	}
	if !slices.Equal(got, want) {
		t.Errorf("pages gave %v, want %v", got, want)
	}
	some, err := r.List(t.Context(), a, exchange.Page{Type: "Observation", IDs: []string{"o03", "o20", "nowhere"}})
	if err != nil || len(some) != 2 || some[0].Ref.ID != "o20" {
		t.Errorf("list of chosen ids = %d records, %v", len(some), err)
	}
	if none, err := r.List(t.Context(), a, exchange.Page{Type: "Condition"}); err != nil || len(none) != 0 {
		t.Errorf("list of another type = %d records, %v", len(none), err)
	}
}

// TestLargeRecords stores more than one statement may carry.
func TestLargeRecords(t *testing.T) {
	db := cockroachtest.New(t)
	r := newRecords(t, db, "donghu", keyFiles(t))
	p := patientRef(1)
	sizes := []int{5 << 20, 10, 3 << 20, 3 << 20, 1 << 20, 10}
	var puts []exchange.Put
	for i, size := range sizes {
		put := observation(p, fmt.Sprintf("o%d", i), 1, "x")
		put.Content = bytes.Repeat([]byte{byte('a' + i)}, size)
		puts = append(puts, put)
	}
	mustStore(t, r, puts...)
	for i, size := range sizes {
		v, err := r.Read(t.Context(), allow("donghu", p, consortium.Observations), ref("donghu", fmt.Sprintf("o%d", i)), 0)
		if err != nil || !bytes.Equal(v.Content, puts[i].Content) {
			t.Errorf("record of %d bytes came back as %d, %v", size, len(v.Content), err)
		}
	}
}

// TestLargePagesWaitForRoom reads pages of real size, each held by its request.
func TestLargePagesWaitForRoom(t *testing.T) {
	db := cockroachtest.New(t)
	db.SetMaxHeld(64 << 20)
	r := newRecords(t, db, "donghu", keyFiles(t))
	p := patientRef(1)
	for i := range 3 {
		put := observation(p, fmt.Sprintf("o%d", i), 1, "x")
		put.Content = bytes.Repeat([]byte{'a'}, 10<<20)
		mustStore(t, r, put)
	}
	mustStore(t, r, observation(patientRef(2), "small", 1, "x"))
	page := func(ctx context.Context, n int) error {
		_, err := r.ListAll(ctx, allow("donghu", patientRef(n), consortium.Observations), 10)
		return err
	}
	for _, known := range []string{"read for the first time", "known by now"} {
		one, done := weigh.Request(t.Context())
		if err := page(one, 1); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if err := page(short, 1); fault.Of(err).Code != weigh.CodeBusy {
			t.Errorf("%s: a second one: %v", known, err)
		}
		cancel()
		if err := page(t.Context(), 2); err != nil {
			t.Errorf("%s: a small one beside it: %v", known, err)
		}
		done()
	}
	if err := page(t.Context(), 1); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
}

// TestWhatIsFoundIsOpenedToCompare holds a search against the sealed content. Nobody is shown anything, so no access is
// logged.
func TestWhatIsFoundIsOpenedToCompare(t *testing.T) {
	db := cockroachtest.New(t)
	r := newRecords(t, db, "donghu", keyFiles(t))
	number := exchange.Token{Param: "identifier", System: "urn:id", Value: "99"}
	is := func(id fhir.Identifier) bool { return id.System == number.System && id.Value == number.Value }
	ref := exchange.RecordRef{Org: "donghu", Type: "Patient", ID: "a"}
	body := `{"resourceType":"Patient","id":"a","identifier":[{"use":%q,"system":"urn:id","value":%q}]}`
	for version, c := range []struct {
		use, value string
		carries    bool
	}{{"official", "99", true}, {"old", "99", false}, {"official", "98", false}, {"usual", "99", true}} {
		mustStore(t, r, exchange.Put{
			Type: "Patient", ID: "a", Patient: patientRef(1), Kind: consortium.Demographics, Version: version + 1,
			Recorded: start, Content: fmt.Appendf(nil, body, c.use, c.value), Tokens: []exchange.Token{number},
		})
		if got, err := r.Carries(t.Context(), ref, is); err != nil || got != c.carries {
			t.Errorf("%s %s: %v, %v", c.use, c.value, got, err)
		}
	}
	ref.ID = "nobody"
	if got, err := r.Carries(t.Context(), ref, is); err != nil || got {
		t.Errorf("what is not there: %v, %v", got, err)
	}
	var n int
	if err := db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM access_log`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d accesses logged, %v", n, err)
	}
}

func TestDirectoryData(t *testing.T) {
	db := cockroachtest.New(t)
	r := newRecords(t, db, "donghu", keyFiles(t))
	put := exchange.Put{
		Type:     "Practitioner",
		ID:       "d1",
		Kind:     consortium.Directory,
		Version:  1,
		Content:  []byte("{}"),
		Recorded: start,
	}
	mustStore(t, r, put)
	at := exchange.RecordRef{Org: "donghu", Type: "Practitioner", ID: "d1"}
	if _, err := r.Read(t.Context(), allow("donghu", ""), at, 0); err != nil {
		t.Errorf("read: %v", err)
	}
	if list, err := r.ListAll(t.Context(), allow("donghu", ""), 10); err != nil || len(list) != 1 {
		t.Errorf("list: %d records, %v", len(list), err)
	}
	if err := r.LogAccess(t.Context(), allow("donghu", "")); err != nil {
		t.Errorf("log: %v", err)
	}
	var n int
	if err := db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM access_log`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d access entries about nobody, %v", n, err)
	}
}

func TestCareAndHoldings(t *testing.T) {
	db := cockroachtest.New(t)
	keys := keyFiles(t)
	donghu := newRecords(t, db, "donghu", keys)
	p := patientRef(1)
	encounter := func(version int, w *exchange.CareWindow) exchange.Put {
		return exchange.Put{Type: "Encounter", ID: "e1", Patient: p, Kind: consortium.Encounters, Version: version,
			Content: []byte("{}"), Recorded: start.Add(time.Duration(version) * time.Second), Care: w}
	}
	const window = 30 * 24 * time.Hour
	care := func(at time.Time) bool {
		t.Helper()
		in, err := donghu.Care(t.Context(), p, at, window)
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	if care(start) {
		t.Error("in care without an encounter")
	}
	mustStore(t, donghu, encounter(1, &exchange.CareWindow{Start: start}))
	if care(start.Add(-time.Second)) || !care(start) || !care(start.Add(10*window)) {
		t.Error("an encounter that lasts must count from its beginning on")
	}
	mustStore(t, donghu, encounter(2, &exchange.CareWindow{Start: start, End: start.Add(time.Hour)}))
	if !care(start.Add(time.Hour+window)) || care(start.Add(time.Hour+window+time.Second)) {
		t.Error("an encounter that ended must count for the window and no longer")
	}
	mustStore(t, donghu, encounter(3, nil))
	if care(start) {
		t.Error("in care after the encounter no longer says so")
	}
	qingshan := newRecords(t, db, "qingshan", keyFiles(t))
	mustStore(t, qingshan, observation(p, "o1", 1, "a"), observation(p, "o2", 1, "b")) // none of donghu's to know
	got, err := donghu.Holdings(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	want := []exchange.Holding{
		{Org: "donghu", Kind: consortium.Encounters, Count: 1, Latest: start.Add(3 * time.Second)},
	}
	if !slices.Equal(got, want) {
		t.Errorf("holdings = %+v, want %+v", got, want)
	}
}

// TestNothingReadableIsStored looks for content and search values in every stored column.
func TestNothingReadableIsStored(t *testing.T) {
	db := cockroachtest.New(t)
	r := newRecords(t, db, "donghu", keyFiles(t))
	p := patientRef(1)
	const secret = "glucose-5.4-of-somebody"
	mustStore(t, r, observation(p, "o1", 1, secret))
	if _, err := r.Read(t.Context(), allow("donghu", p, consortium.Observations), ref("donghu", "o1"), 0); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"record_versions", "records", "search_tokens", "access_log", "log_pending", "patient_keys", "heads"} {
		rows, err := db.Pool().Query(t.Context(), `SELECT * FROM `+table)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			for _, raw := range rows.RawValues() {
				for _, word := range []string{secret, "loinc", "d1\""} {
					if bytes.Contains(raw, []byte(word)) {
						t.Errorf("%s holds %q in the clear", table, word)
					}
				}
			}
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTwoGatewaysMakeOneKey lets gateways that share nothing but the database and the wrapping key meet a patient at
// the same moment.
func TestTwoGatewaysMakeOneKey(t *testing.T) {
	db := cockroachtest.New(t)
	keys := keyFiles(t)
	p := patientRef(1)
	var wg sync.WaitGroup
	for i := range 8 {
		r := newRecords(t, db, "donghu", keys)
		wg.Go(func() {
			if _, err := r.Store(t.Context(), []exchange.Put{observation(p, fmt.Sprintf("o%d", i), 1, "x")}); err != nil {
				t.Errorf("store: %v", err)
			}
		})
	}
	wg.Wait()
	list, err := newRecords(t, db, "donghu", keys).ListAll(t.Context(), allow("donghu", p, consortium.Observations), 100)
	if err != nil || len(list) != 8 {
		t.Errorf("%d of 8 records open under the one key: %v", len(list), err)
	}
}

// TestEntryOfSaltsDiffer guards against a source of randomness that repeats.
func TestEntryOfSaltsDiffer(t *testing.T) {
	db := cockroachtest.New(t)
	r := newRecords(t, db, "donghu", keyFiles(t))
	v := mustStore(t, r, observation(patientRef(1), "o1", 1, "x"), observation(patientRef(1), "o2", 1, "x"))
	if v[0].Salt == v[1].Salt || v[0].Entry == v[1].Entry {
		t.Error("two versions share a salt or an entry")
	}
	r.Book.Rand = io.LimitReader(rand.Reader, 8)
	if _, err := r.Store(t.Context(), []exchange.Put{observation(patientRef(1), "o3", 1, "x")}); err == nil {
		t.Error("stored without randomness")
	}
}
