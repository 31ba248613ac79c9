package cockroach_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"yilian.example/consent"
	"yilian.example/consent/consenttest"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/records"
	"yilian.example/exchange/release"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
	"yilian.example/gateway/internal/keyring"
)

const donghu = consortium.OrgID("donghu")

// house is a database in which a gateway has lived: every table that the audit reads has rows.
type house struct {
	db       *cockroach.DB
	ring     *keyring.Ring
	kept     *records.Keeper
	consents *consent.Consents
	carrier  *consent.Carrier
	sessions *cockroach.Sessions
	releases *cockroach.Releases
	book     logbook.Book
}

func newHouse(t *testing.T) *house {
	t.Helper()
	db := cockroachtest.New(t)
	keys := keyFiles(t)
	kept := newRecords(t, db, donghu, keys)
	ring, err := keyring.Load(keys, donghu, consortium.LogOrigin(donghu, "yilian.example"), db, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	store := cockroach.NewConsents(db)
	h := &house{
		db: db, ring: ring, kept: kept, sessions: cockroach.NewSessions(db), releases: cockroach.NewReleases(db),
		book: logbook.Book{Org: donghu, Rand: rand.Reader},
	}
	h.consents = &consent.Consents{
		Org: donghu, Members: consenttest.Members{}, People: consenttest.Born(time.Now().AddDate(-40, 0, 0)), Keys: ring,
		Store: store, Now: time.Now, Book: h.book,
	}
	h.carrier = &consent.Carrier{
		Org: donghu, Store: store, Outbox: store, Ledger: consenttest.NewLedger(time.Now), Keys: ring, Now: time.Now,
		Book:   h.book,
		Logger: slog.New(slog.DiscardHandler),
	}
	return h
}

// live does once all that a gateway writes, under ids of round.
func (h *house) live(ctx context.Context, t *testing.T, round int) {
	p := patientRef(round)
	must := func(err error) {
		if err != nil {
			t.Errorf("round %d: %v", round, err)
		}
	}
	id := fmt.Sprintf("r%d", round)
	for version := 1; version <= 2; version++ {
		_, err := h.kept.Store(ctx, []exchange.Put{observation(p, id, version, "x"), observation(p, id+"-b", version, "y")})
		must(err)
		_, err = h.kept.Read(ctx, allow(donghu, p, consortium.Observations), ref(donghu, id), 0)
		must(err)
	}
	h.agree(ctx, t, p)
	h.exchange(ctx, t, p)
	now := time.Now().Truncate(time.Microsecond)
	for _, name := range []string{"stays", "ends"} {
		hash := sha256.Sum256([]byte(id + name))
		must(h.sessions.CreateSession(ctx, donghu, hash, []byte("sealed"), now, now.Add(time.Hour)))
		if name == "ends" {
			must(h.sessions.DestroySession(ctx, donghu, hash))
		}
	}
	must(cockroach.NewConsents(h.db).SetEventPosition(ctx, donghu, uint64(round)))
}

// agree grants two consents and withdraws one.
func (h *house) agree(ctx context.Context, t *testing.T, p consortium.PatientRef) {
	patient := consenttest.Self
	patient.Patient = p
	var granted []consent.Consent
	for range 2 {
		draft, err := h.consents.Draft(ctx, patient, consent.Choice{
			Recipient: "qingshan", Purpose: consortium.Treatment, Kinds: []consortium.Kind{consortium.Reports},
			Until: time.Now().Add(time.Hour), Lang: consent.Chinese,
		})
		if err != nil {
			t.Error(err)
			return
		}
		c, err := h.consents.Grant(ctx, patient, consenttest.Sign(t, draft))
		if err != nil {
			t.Error(err)
			return
		}
		granted = append(granted, c)
	}
	if _, err := h.carrier.Step(ctx); err != nil {
		t.Error(err)
	}
	if _, err := h.consents.Withdraw(ctx, patient, granted[0].ID); err != nil {
		t.Error(err)
	}
}

// exchange keeps what was handed over to, and received from, another member.
func (h *house) exchange(ctx context.Context, t *testing.T, p consortium.PatientRef) {
	at := time.Now().UTC().Truncate(time.Microsecond)
	entry := func(kind string) logbook.Entry {
		e, _, err := h.book.New(kind, at, map[string]string{"about": "a test"})
		if err != nil {
			t.Error(err)
		}
		return e
	}
	request := uuid.NewString()
	for _, err := range []error{
		h.releases.ReserveRequest(ctx, donghu, "qingshan", request, at),
		h.releases.SaveRelease(ctx, donghu, release.HandedOver{
			Request: request, Recipient: "qingshan", Patient: p, Sealed: []byte("sealed"), Created: at,
			At: at, Entry: entry(tlog.KindRelease),
		}),
		h.releases.SaveReceived(ctx, donghu, release.Received{
			ID: uuid.NewString(), Actor: "d-1", Patient: p, Custodian: "qingshan", Sealed: []byte("sealed"), Created: at,
			Expires: at.Add(time.Hour), Entry: entry(tlog.KindReceipt),
		}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

// anchor puts into the log how far the heads have come.
func (h *house) anchor(t *testing.T) {
	t.Helper()
	if err := h.db.AnchorHeads(t.Context(), donghu, h.book, time.Now(), 0); err != nil {
		t.Fatal(err)
	}
}

// alarms are what one pass finds, "table row code" each.
func alarms(t *testing.T, db *cockroach.DB) []string {
	t.Helper()
	var out []string
	err := db.Sweep(t.Context(), donghu, func(a cockroach.Alarm) {
		out = append(out, a.Table+" "+a.Row+" "+string(a.Code))
	})
	if err != nil {
		t.Fatalf("sweep: %v", err)
	}
	return out
}

func wantQuiet(t *testing.T, db *cockroach.DB, when string) {
	t.Helper()
	if got := alarms(t, db); len(got) > 0 {
		t.Fatalf("%s: alarms on what nobody touched: %q", when, got)
	}
}

// settled is a house with entries in the log and others that wait.
func settled(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	for round := range 24 {
		h.live(t.Context(), t, round)
	}
	h.anchor(t)
	var n int64
	if err := h.db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM log_pending`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	stop := runSequencer(t, h.db.Log(donghu), "donghu.yilian.example/log")
	awaitLog(t, h.db.Log(donghu), n)
	stop()
	h.live(t.Context(), t, 1000)
	h.anchor(t)
	h.live(t.Context(), t, 1001)
	h.anchor(t)
	return h
}

// tamperings are changes with SQL, with what the next pass must report of each (a part of it).
var tamperings = []struct{ change, want string }{
	{`UPDATE patient_keys SET wrapped = '\x00'`, "patient_keys % ROW_ALTERED"},
	{`UPDATE patient_keys SET destroyed_at = 'infinity'`, "patient_keys % ROW_ALTERED"},
	{`DELETE FROM patient_keys`, "patient_keys % KEY_MISSING"},
	{`UPDATE records SET recorded = recorded + INTERVAL '1 second' WHERE id = 'r3'`, "records Observation/r3 ROW_ALTERED"},
	{`UPDATE records SET org = 'qingshan' WHERE id = 'r3'`, "records Observation/r3 ROW_ALTERED"},
	{`DELETE FROM records WHERE id = 'r3'`, "records of % ROWS_MISSING"},
	{`DELETE FROM records WHERE id IN ('r3', 'r3-b')`, "records of % ROWS_MISSING"},
	{`DELETE FROM records WHERE id = 'r3'`, "record_versions Observation/r3 ROWS_MISSING"},
	{
		`UPDATE record_versions SET sealed = '\x00' WHERE id = 'r3' AND version = 1`,
		"record_versions Observation/r3/1 ROW_ALTERED",
	},
	{`DELETE FROM record_versions WHERE id = 'r3' AND version = 1`, "record_versions Observation/r3 ROWS_MISSING"},
	{`DELETE FROM record_versions WHERE id = 'r3' AND version = 2`, "record_versions Observation/r3 ROWS_MISSING"},
	{`DELETE FROM record_versions WHERE id = 'r3' AND version = 1`, "log_places % ROW_MISSING"},
	{`UPDATE record_versions SET org = 'qingshan' WHERE id = 'r3'`, "record_versions Observation/r3 ROWS_MISSING"},
	{`UPDATE search_tokens SET token = '\x00' WHERE id = 'r3'`, "search_tokens Observation/r3/00 ROW_ALTERED"},
	{`DELETE FROM search_tokens WHERE id = 'r3'`, "search_tokens Observation/r3 ROWS_MISSING"},
	{`UPDATE heads SET seq = seq + 1`, "heads records % ROW_ALTERED"},
	{`DELETE FROM heads`, "records of % ROWS_MISSING"},
	{`DELETE FROM heads`, "consents of % ROWS_MISSING"},
	{`DELETE FROM heads`, "session_ends of  ROWS_MISSING"},
	{`DELETE FROM heads`, "heads % STATE_OLD"},
	{`UPDATE access_heads SET seq = seq - 1`, "access_heads % ROW_ALTERED"},
	{`DELETE FROM access_heads`, "access_log % ROWS_MISSING"},
	{`UPDATE access_log SET at = at - INTERVAL '1 day'`, "access_log %/1 ROW_ALTERED"},
	{`DELETE FROM access_log WHERE seq = 2`, "access_log % ROWS_MISSING"},
	{`DELETE FROM access_log WHERE seq = 2`, "log_places % ROW_MISSING"},
	{`UPDATE head_anchors SET heads = heads + 1 WHERE seq = 2`, "head_anchors 2 ROW_ALTERED"},
	{`DELETE FROM head_anchors WHERE seq = 2`, "head_anchors of donghu ROWS_MISSING"},
	{`DELETE FROM head_anchors WHERE seq = 3`, "head_anchors of donghu STATE_OLD"},
	{`DELETE FROM head_anchors WHERE seq = 3`, "log_pending % ROW_MISSING"},
	{`DELETE FROM log_pending`, "record_versions Observation/r1000/1 LEAF_MISSING"},
	{`UPDATE log_pending SET leaf = '\x00'`, "log_pending % ROW_ALTERED"},
	{
		`INSERT INTO log_pending (org, id, leaf, created_at, bound) SELECT org, gen_random_uuid(), leaf, created_at, bound
			FROM log_pending LIMIT 1`,
		"log_pending % ROW_MISSING",
	},
	{
		`INSERT INTO log_pending (org, id, leaf, created_at, bound) SELECT 'donghu', id, '\x00', '2026-01-01', '\x00'
			FROM log_places LIMIT 1`,
		"log_pending % ROW_ALTERED",
	},
	{`DELETE FROM log_places WHERE idx = 5`, "log_places of donghu ROWS_MISSING"},
	{`UPDATE log_places SET leaf_hash = '\x00' WHERE idx = 5`, "log_places index 5 LEAF_ALTERED"},
	{`UPDATE log_places SET idx = idx + 100000 WHERE idx = 5`, "log_places % ROW_ALTERED"},
	{`DELETE FROM log_tiles WHERE level = 0 AND n = 0`, "log_tiles level 0 ROWS_MISSING"},
	{`UPDATE log_tiles SET width = 255 WHERE level = -1 AND n = 0`, "log_tiles -1/0 TREE_ALTERED"},
	{
		`UPDATE log_tiles SET data = data || '\x00'::BYTEA WHERE level = -1 AND n = 0`,
		"log_tiles tile/entries/% TREE_ALTERED",
	},
	{
		`UPDATE log_tiles SET data = set_byte(data, 39, get_byte(data, 39) # 1) WHERE level = -1 AND n = 0`,
		"log_tiles tile/entries/000 TREE_ALTERED",
	},
	{
		`INSERT INTO log_tiles (org, level, n, width, data) VALUES ('donghu', 3, 9, 1, '\x00')`,
		"log_tiles 3/9 TREE_ALTERED",
	},
	{`UPDATE log_heads SET size = size - 1`, "log_heads donghu ROW_ALTERED"},
	{`DELETE FROM log_heads`, "heads log  STATE_OLD"},
	{`UPDATE leases SET epoch = epoch + 1`, "leases log/donghu ROW_ALTERED"},
	{`UPDATE consents SET state = 'granted' WHERE state = 'withdrawn'`, "consents % ROW_ALTERED"},
	{`UPDATE consents SET kinds = ARRAY[NULL::TEXT]`, "consents % ROW_ALTERED"},
	{`DELETE FROM consents WHERE state = 'withdrawn'`, "consents of % ROWS_MISSING"},
	{`DELETE FROM consents`, "consents of % ROWS_MISSING"},
	{`UPDATE consent_positions SET block = 99`, "consent_positions donghu ROW_ALTERED"},
	{`UPDATE sessions SET expires_at = expires_at + INTERVAL '1 year'`, "sessions % ROW_ALTERED"},
	{`DELETE FROM session_ends`, "sessions of  ROWS_MISSING"},
	{`UPDATE session_ends SET id_hash = s.id_hash FROM (SELECT id_hash FROM sessions LIMIT 1) AS s
		WHERE session_ends.id_hash = (SELECT id_hash FROM session_ends LIMIT 1)`, "sessions % ROW_ALTERED"},
	{`UPDATE release_requests SET from_org = 'anhe'`, "release_requests anhe/% ROW_ALTERED"},
	{`UPDATE releases SET allowed = true`, "releases % ROW_ALTERED"},
	{`DELETE FROM releases`, "log_places % ROW_MISSING"},
	{`UPDATE received SET actor = 'd-2'`, "received % ROW_ALTERED"},
	{`UPDATE received SET entry_id = gen_random_uuid()`, "received % LEAF_MISSING"},
	{
		`CREATE RULE quiet AS ON DELETE TO records DO INSTEAD NOTHING; DROP INDEX records_by_patient`,
		"schema test SCHEMA_CHANGED",
	},
}

// TestSweepNamesWhatWasTamperedWith makes each change on a database that was quiet, and wants the pass after it to name
// what was changed, and the pass after its undoing to be quiet again.
func TestSweepNamesWhatWasTamperedWith(t *testing.T) {
	h := settled(t)
	wantQuiet(t, h.db, "first pass")
	wantQuiet(t, h.db, "second pass")
	undo := backup(t, h.db)
	for _, tc := range tamperings {
		if strings.Contains(tc.change, "RULE") && h.db.OnCockroach(t) {
			continue // its catalogue has none
		}
		if _, err := h.db.Pool().Exec(t.Context(), tc.change); err != nil {
			t.Fatalf("%s: %v", tc.change, err)
		}
		got := alarms(t, h.db)
		if !slices.ContainsFunc(got, func(a string) bool { return like(a, tc.want) }) {
			t.Errorf("%s\nreports %q\nwant    %s", tc.change, got, tc.want)
		}
		undo(tc.change)
		wantQuiet(t, h.db, "after "+tc.change+" was undone")
	}
}

// like compares with one % that stands for anything.
func like(text, pattern string) bool {
	before, after, any := strings.Cut(pattern, "%")
	if !any {
		return text == pattern
	}
	return strings.HasPrefix(text, before) && strings.HasSuffix(text, after)
}

// backup keeps all rows in another schema and returns what puts them back.
func backup(t *testing.T, db *cockroach.DB) func(change string) {
	t.Helper()
	run := func(statement string) {
		t.Helper()
		if _, err := db.Pool().Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	names := texts(t, db, `SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()
		AND table_name NOT IN ('schema_migrations', 'migration_lock')`)
	run(`CREATE SCHEMA kept`)
	for _, name := range names {
		run(`CREATE TABLE kept.` + name + ` AS SELECT * FROM ` + name)
	}
	return func(change string) {
		t.Helper()
		if strings.Contains(change, "RULE") {
			run(`DROP RULE quiet ON records; CREATE INDEX records_by_patient ON records (org, patient)`)
		}
		for _, name := range names {
			if strings.Contains(change, name) {
				run(`DELETE FROM ` + name)
				run(`INSERT INTO ` + name + ` SELECT * FROM kept.` + name)
			}
		}
	}
}

// TestSweepIsQuietWhileOthersWrite passes over a database again and again while gateways write, read and sequence: what
// is not tampered with must never alarm.
func TestSweepIsQuietWhileOthersWrite(t *testing.T) {
	h := newHouse(t)
	stop := runSequencer(t, h.db.Log(donghu), "donghu.yilian.example/log")
	defer stop()
	done := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 3 {
		writers.Go(func() {
			for i := range 15 {
				h.live(t.Context(), t, w*100+i)
			}
		})
	}
	go func() { writers.Wait(); close(done) }()
	passes := 0
	for running := true; running; passes++ {
		select {
		case <-done:
			running = false
		default:
		}
		wantQuiet(t, h.db, fmt.Sprintf("pass %d", passes))
		h.anchor(t)
	}
	wantQuiet(t, openAgain(t, h.db), "after a restart")
	if passes < 3 {
		t.Errorf("only %d passes while others wrote", passes)
	}
}

// TestSweepIsQuietAfterAnyHistory runs the model of records, and a pass after each run.
func TestSweepIsQuietAfterAnyHistory(t *testing.T) {
	db := cockroachtest.New(t)
	kept := newRecords(t, db, donghu, keyFiles(t))
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		if run++; run > 25 {
			return // each leaves its rows for the next: enough of them
		}
		m := &machine{
			r: kept, org: donghu, prefix: fmt.Sprint("h", run, "-"), records: map[string]*modelRecord{},
			accesses: map[consortium.PatientRef]int{},
			patients: []consortium.PatientRef{patientRef(run * 10), patientRef(run*10 + 1)},
		}
		rt.Repeat(map[string]func(*rapid.T){"store": m.store, "list": m.list, "refuse": m.refuse, "": func(*rapid.T) {}})
		wantQuiet(t, db, fmt.Sprintf("run %d", run))
	})
}

// TestTablesAreTheSchema keeps the list of what is audited equal to what there is.
func TestTablesAreTheSchema(t *testing.T) {
	db := cockroachtest.New(t)
	for _, problem := range db.CompareTables(t) {
		t.Error(problem)
	}
}

// TestStateThatWasSeenIsKnownToBeOld puts the whole database back to an earlier moment, in which everything fits.
func TestStateThatWasSeenIsKnownToBeOld(t *testing.T) {
	h := newHouse(t)
	h.live(t.Context(), t, 1)
	undo := backup(t, h.db)
	h.live(t.Context(), t, 2)
	if _, err := h.kept.Store(t.Context(), []exchange.Put{observation(patientRef(1), "later", 1, "x")}); err != nil {
		t.Fatal(err)
	}
	wantQuiet(t, h.db, "before")
	undo(
		`records record_versions search_tokens heads access_heads access_log log_pending log_places log_tiles log_heads consents
		consent_positions sessions session_ends release_requests releases received patient_keys leases`,
	)
	got := alarms(t, h.db)
	want := "heads records " + string(patientRef(1)) + " " + string(cockroach.CodeStateOld)
	if !slices.Contains(got, want) {
		t.Errorf("the whole database put back: %q, want %s", got, want)
	}
}

// TestAnchoredStateIsKnownToBeOldAfterARestart puts the ends of sessions back to an earlier moment in which all of them
// fit their head, under a gateway that has just started: nothing but the log knows better.
func TestAnchoredStateIsKnownToBeOldAfterARestart(t *testing.T) {
	h := newHouse(t)
	h.live(t.Context(), t, 1)
	h.anchor(t)
	undo := backup(t, h.db)
	hash := sha256.Sum256([]byte("r1stays"))
	if err := h.sessions.DestroySession(t.Context(), donghu, hash); err != nil {
		t.Fatal(err)
	}
	anchored := func() (n int64) {
		if err := h.db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM head_anchors`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := h.db.AnchorHeads(t.Context(), donghu, h.book, time.Now(), time.Hour); err != nil || anchored() != 1 {
		t.Fatalf("%d anchors within the interval, %v", anchored(), err)
	}
	h.anchor(t)
	h.anchor(t) // nothing has moved
	if n := anchored(); n != 2 {
		t.Fatalf("%d anchors", n)
	}
	wantQuiet(t, openAgain(t, h.db), "before")
	undo("sessions session_ends heads")
	want := "heads sessions  " + string(cockroach.CodeStateOld)
	if got := alarms(t, openAgain(t, h.db)); !slices.Contains(got, want) {
		t.Errorf("after a restart: %q, want %s", got, want)
	}
}

// TestAnotherStateOfAKnownNumberIsRefused puts a patient's records back, lets another process of the gateway write on
// from there, and asks one that had written another next state: its number is not older, and yet it is not that.
func TestAnotherStateOfAKnownNumberIsRefused(t *testing.T) {
	db := cockroachtest.New(t)
	keys := keyFiles(t)
	store := func(db *cockroach.DB, id string) error {
		put := observation(patientRef(1), id, 1, "x")
		_, err := newRecords(t, db, donghu, keys).Store(t.Context(), []exchange.Put{put})
		return err
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(store(db, "first"))
	undo := backup(t, db)
	must(store(db, "lost"))
	undo("records record_versions search_tokens heads log_pending")
	must(store(openAgain(t, db), "instead"))
	if err := store(db, "next"); fault.Of(err) == nil || fault.Of(err).Code != cockroach.CodeStateOld {
		t.Errorf("what was lost is not missed: %v", err)
	}
}

// TestSweepIsQuietAfterForgetting lets go of what is over, as a gateway does: copies, and ids of requests. What is left
// is proven by the audit as before, and a copy that somebody alters is still noticed.
func TestSweepIsQuietAfterForgetting(t *testing.T) {
	h := newHouse(t)
	h.live(t.Context(), t, 1)
	h.live(t.Context(), t, 2)
	later := time.Now().Add(48 * time.Hour)
	h.count(t, "received", 2)
	forgetting := release.Forgetting{
		Org: donghu, Store: h.releases, Sealer: opensAll{}, Fresh: time.Minute, Logger: slog.New(slog.DiscardHandler),
	}
	done, err := forgetting.Once(t.Context(), later)
	if err != nil || done.Copies != 2 || done.Requests != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	h.count(t, "received WHERE sealed = 'receipt' AND actor = ''", 2)
	h.count(t, "release_requests", 0)
	if found := alarms(t, h.db); len(found) > 0 {
		t.Errorf("alarms: %v", found)
	}
	if again, err := forgetting.Once(t.Context(), later); err != nil || again != (release.Forgotten{}) {
		t.Errorf("again: %+v, %v", again, err)
	}
	exec(t, h.db, `UPDATE received SET actor = 'me' WHERE request_id = (SELECT min(request_id::TEXT)::UUID FROM received)`)
	if _, err := forgetting.Once(t.Context(), later); err != nil {
		t.Error(err)
	}
	if found := alarms(t, h.db); len(found) != 1 {
		t.Errorf("alarms after one was altered: %v", found)
	}
}

// opensAll seals nothing.
type opensAll struct{}

func (opensAll) Seal(context.Context, consortium.PatientRef, []byte, []byte) ([]byte, error) {
	return []byte("receipt"), nil
}

func (opensAll) Open(context.Context, consortium.PatientRef, []byte, []byte) ([]byte, error) {
	return []byte(`{"opening":""}`), nil
}

func (h *house) count(t *testing.T, rows string, want int) {
	t.Helper()
	var n int
	if err := h.db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM `+rows).Scan(&n); err != nil || n != want {
		t.Errorf("%s: %d, %v; want %d", rows, n, err, want)
	}
}
