package fhir

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	r4 "yilian.example/exchange/fhir"
	"yilian.example/exchange/identity"
	"yilian.example/exchange/intake"
	"yilian.example/exchange/intake/intaketest"
	"yilian.example/exchange/records"
	"yilian.example/exchange/records/recordstest"
	"yilian.example/gateway/internal/api"
	"yilian.example/gateway/internal/api/limit"
	"yilian.example/gateway/internal/api/problem"
	"yilian.example/gateway/internal/api/purpose"
)

var fhirTime = time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)

// lookups is how many a caller has; the clock of these tests stands still.
const lookups = 20

const fhirCard = "urn:oid:2.16.156.10011.1.3"

// world is a gateway's real records over a store in memory, behind the real Ingest and Reading. It notes what is
// logged, and breaks on command.
type world struct {
	*records.Keeper
	intaketest.Index
	stored int // records that were kept
	actor  *consortium.Actor
	deny   map[consortium.Action]bool
	logged []exchange.Access
	broken error
	server *httptest.Server
	log    bytes.Buffer
}

func (w *world) Read(
	ctx context.Context, a exchange.Access, ref exchange.RecordRef, number int,
) (exchange.Version, error) {
	w.logged = append(w.logged, a)
	return w.Keeper.Read(ctx, a, ref, number)
}

func (w *world) LogAccess(ctx context.Context, a exchange.Access) error {
	w.logged = append(w.logged, a)
	return w.Keeper.LogAccess(ctx, a)
}

func (w *world) Store(ctx context.Context, puts []exchange.Put) ([]exchange.Version, error) {
	if w.broken != nil {
		return nil, w.broken
	}
	versions, err := w.Keeper.Store(ctx, puts)
	w.stored += len(versions)
	return versions, err
}

func (w *world) Decide(_ context.Context, q consortium.Query) (consortium.Decision, error) {
	allow := !w.deny[q.Action]
	if q.Actor.Role == consortium.RolePatient && q.Actor.Patient != q.Patient {
		allow = false
	}
	return consortium.Decision{
		Query:   q,
		Allow:   allow,
		Reasons: []consortium.Reason{{Code: "NO_ENCOUNTER", Article: "PIPL 13"}},
	}, nil
}

func newWorld(t *testing.T) *world {
	gin.SetMode(gin.ReleaseMode)
	now, n := func() time.Time { return fhirTime }, 0
	w := &world{
		Keeper: recordstest.NewKeeper("donghu", recordstest.NewStore(), now),
		Index:  intaketest.Index{Org: "donghu"}, deny: map[consortium.Action]bool{},
		actor: &consortium.Actor{ID: "his", Org: "donghu", Role: consortium.RoleSystem},
	}
	f := &Server{
		Org: "donghu", PublicURL: "http://gateway.example", MaxBody: 4096, Started: fhirTime,
		Ingest: &intake.Intake{
			Org: "donghu", Matching: identity.NewMatching(identity.Systems{National: []string{fhirCard}}),
			Index: w, Shelf: w, Decider: w, Access: w, Now: now,
			NewID: func() string { n++; return fmt.Sprintf("id-%d", n) },
		},
		Records: &records.Reading{Org: "donghu", Decider: w, Kept: w, Now: now},
		Finder:  w,
		Lookups: limit.Lookups{Limiter: limit.New(lookups, now)},
		ActorFrom: func(context.Context) (consortium.Actor, bool) {
			if w.actor == nil {
				return consortium.Actor{}, false
			}
			return *w.actor, true
		},
		Failures: problem.Failures{Logger: slog.New(slog.NewTextHandler(&w.log, nil))},
	}
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.Use(api.Private)
	r.NoRoute(f.Failures.Unrouted(f.Failures.Problem))
	r.NoMethod(f.Failures.Unrouted(f.Failures.Problem))
	f.Register(r)
	w.server = httptest.NewServer(r)
	t.Cleanup(w.server.Close)
	return w
}

type answer struct {
	status int
	header http.Header
	body   string
}

// send makes a request; headers are pairs.
func (w *world) send(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	req.Header.Set(purpose.Header, string(consortium.Operations))
	if w.actor != nil && w.actor.Role == consortium.RolePatient {
		req.Header.Set(purpose.Header, string(consortium.PatientRequest))
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(raw)}
}

func fhirPatient(id, value string) string {
	return fmt.Sprintf(
		"{\"resourceType\": \"Patient\", \"id\": %q,\n"+
			"  \"identifier\": [{\"system\": %q, \"value\": %q}], \"name\": [{\"text\": \"王秀兰\"}]}",
		id, fhirCard, value,
	)
}

func TestFHIRCreateReadUpdate(t *testing.T) {
	w := newWorld(t)
	created := w.send(t, "POST", "/fhir/Patient", fhirPatient("theirs", "990000195803120260"))
	if created.status != http.StatusCreated ||
		created.header.Get("Location") != "http://gateway.example/fhir/Patient/id-1/_history/1" ||
		created.header.Get("ETag") != `W/"1"` ||
		created.header.Get("Last-Modified") != "Sat, 21 Nov 2026 08:00:00 GMT" {
		t.Fatalf("create: %d %v", created.status, created.header)
	}
	want := strings.Replace(
		fhirPatient("id-1", "990000195803120260"),
		`"Patient", "id"`,
		`"Patient","meta":{"versionId":"1","lastUpdated":"2026-11-21T08:00:00.000Z"}, "id"`,
		1,
	)
	if created.body != want {
		t.Errorf("create gave\n%s\nwant\n%s", created.body, want)
	}
	read := w.send(t, "GET", "/fhir/Patient/id-1", "")
	if read.status != http.StatusOK || read.body != want || read.header.Get("Content-Type") != mediaType ||
		read.header.Get("Cache-Control") != "no-store" {
		t.Errorf("read: %d %v", read.status, read.header)
	}
	updated := w.send(
		t,
		"PUT",
		"/fhir/Patient/id-1",
		fhirPatient("id-1", "990000195803120260"),
		"If-Match",
		`W/"1"`,
		"Prefer",
		"return=minimal",
	)
	if updated.status != http.StatusOK || updated.header.Get("ETag") != `W/"2"` || updated.body != "" {
		t.Errorf("update: %d %q", updated.status, updated.body)
	}
	if stale := w.send(t, "PUT", "/fhir/Patient/id-1", fhirPatient("id-1", "990000195803120260"), "If-Match", `W/"1"`); stale.status != http.StatusPreconditionFailed {
		t.Errorf("stale update: %d", stale.status)
	}
	if old := w.send(t, "GET", "/fhir/Patient/id-1/_history/1", ""); old.status != http.StatusOK || old.body != want {
		t.Errorf("vread: %d", old.status)
	}
	if same := w.send(t, "GET", "/fhir/Patient/id-1", "", "If-None-Match", `W/"2"`); same.status != http.StatusNotModified ||
		same.body != "" {
		t.Errorf("conditional read: %d", same.status)
	}
	outcome := w.send(
		t, "PUT", "/fhir/Patient/new", fhirPatient("new", "990000195803120260"), "Prefer", "return=OperationOutcome",
	)
	if outcome.status != http.StatusCreated || !strings.Contains(outcome.body, `"resourceType":"OperationOutcome"`) {
		t.Errorf("update that creates: %d %s", outcome.status, outcome.body)
	}
	once := func() answer {
		const value = "99000019921105048X"
		return w.send(t, "POST", "/fhir/Patient", fhirPatient("x", value), "If-None-Exist", "identifier="+fhirCard+"|"+value)
	}
	if again := once(); again.status != http.StatusCreated {
		t.Errorf("conditional create: %d %s", again.status, again.body)
	}
	if again := once(); again.status != http.StatusOK {
		t.Errorf("conditional create that matches: %d %s", again.status, again.body)
	}
}

func TestFHIRBundle(t *testing.T) {
	w := newWorld(t)
	entries := `{"fullUrl":"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90","resource":` + fhirPatient(
		"x", "990000195803120260",
	) + `,"request":{"method":"POST","url":"Patient"}},
		{"fullUrl":"urn:uuid:2b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90","resource":{"resourceType":"Condition","subject":{"reference":"urn:uuid:1b6e2a52-2c4e-4a6e-9d8e-1f1d3c5b7a90"}},"request":{"method":"POST","url":"Condition"}}`
	got := w.send(t, "POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[`+entries+`]}`)
	want := `{"resourceType":"Bundle","type":"transaction-response","entry":[` +
		`{"fullUrl":"http://gateway.example/fhir/Patient/id-1","response":{"status":"201 Created","location":"Patient/id-1/_history/1","etag":"W/\"1\"","lastModified":"2026-11-21T08:00:00.000Z"}},` +
		`{"fullUrl":"http://gateway.example/fhir/Condition/id-2","response":{"status":"201 Created","location":"Condition/id-2/_history/1","etag":"W/\"1\"","lastModified":"2026-11-21T08:00:00.000Z"}}]}`
	if got.status != http.StatusOK || got.body != want {
		t.Errorf("transaction: %d\n%s\nwant\n%s", got.status, got.body, want)
	}
	mustBeFHIR(t, got.body)
	with := w.send(
		t,
		"POST",
		"/fhir",
		`{"resourceType":"Bundle","type":"transaction","entry":[`+entries+`]}`,
		"Prefer",
		"return=representation",
	)
	if !strings.Contains(
		with.body,
		`"resource":{"resourceType": "Patient",`[:len(`"resource":{"resourceType": "Patient"`)],
	) {
		t.Errorf("representation is not as stored: %s", with.body)
	}
	mustBeFHIR(t, with.body)
	batch := w.send(t, "POST", "/fhir/", `{"resourceType":"Bundle","type":"batch","entry":[`+entries+`]}`)
	if batch.status != http.StatusOK || !strings.Contains(batch.body, `"status":"201 Created"`) ||
		!strings.Contains(batch.body, `"status":"422 Unprocessable Entity"`) {
		t.Errorf("batch: %d %s", batch.status, batch.body)
	}
	mustBeFHIR(t, batch.body)
	w.broken = fault.New(fault.Unavailable, "DATABASE_DOWN", "Please try again later.")
	if got := w.send(t, "POST", "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[`+entries+`]}`); got.status != http.StatusServiceUnavailable ||
		got.header.Get("Retry-After") == "" {
		t.Errorf("with the store down: %d", got.status)
	}
}

func mustBeFHIR(t *testing.T, body string) {
	t.Helper()
	if _, issues := r4.Decode([]byte(body)); len(issues) > 0 {
		t.Errorf("our own answer is not valid FHIR: %v", issues)
	}
}

func TestFHIRMetadata(t *testing.T) {
	w := newWorld(t)
	w.actor = nil // open to everybody
	got := w.send(t, "GET", "/fhir/metadata", "")
	if got.status != http.StatusOK {
		t.Fatalf("metadata: %d", got.status)
	}
	mustBeFHIR(t, got.body)
	var c struct {
		FHIRVersion string
		Rest        []struct{ Resource []struct{ Type string } }
	}
	if err := json.Unmarshal([]byte(got.body), &c); err != nil || c.FHIRVersion != "4.0.1" ||
		len(c.Rest[0].Resource) != len(r4.Kept()) {
		t.Errorf("metadata: %v %+v", err, c)
	}
}

// TestFHIRSearchSaysWhatDoesNotFit finds two Patients that are larger together than one answer.
func TestFHIRSearchSaysWhatDoesNotFit(t *testing.T) {
	w := newWorld(t)
	for i, id := range []string{"p1", "p2"} {
		body := fmt.Sprintf(
			`{"resourceType":"Patient","id":%q,"identifier":[{"system":"urn:mrn","value":"7"}],"name":[{"text":%q}]}`,
			id, strings.Repeat(string(rune('a'+i)), 3000),
		)
		if got := w.send(t, "PUT", "/fhir/Patient/"+id, body); got.status != http.StatusCreated {
			t.Fatalf("%d %.200s", got.status, got.body)
		}
	}
	got := w.send(
		t, "POST", "/fhir/Patient/_search", url.Values{"identifier": {"urn:mrn|7"}}.Encode(),
		"Content-Type", "application/x-www-form-urlencoded",
	)
	if got.status != http.StatusOK || strings.Count(got.body, `"mode":"match"`) != 1 ||
		strings.Count(got.body, `"mode":"outcome"`) != 1 || !strings.Contains(got.body, "TOO_LARGE") ||
		!strings.Contains(got.body, "/fhir/Patient/p1") || !strings.Contains(got.body, "/fhir/Patient/p2") {
		t.Errorf("%d %.300s", got.status, strings.NewReplacer("aaaa", "", "bbbb", "").Replace(got.body))
	}
	mustBeFHIR(t, got.body)
}

func TestFHIRSearch(t *testing.T) {
	w := newWorld(t)
	w.send(t, "PUT", "/fhir/Patient/p1", fhirPatient("p1", "990000195803120260"))
	form := func(s string) answer {
		return w.send(t, "POST", "/fhir/Patient/_search", s, "Content-Type", "application/x-www-form-urlencoded")
	}
	hit := url.Values{"identifier": {fhirCard + "|990000195803120260"}}.Encode()
	got := form(hit)
	if got.status != http.StatusOK || !strings.Contains(got.body, `"total":1`) ||
		!strings.Contains(got.body, "Patient/p1") {
		t.Errorf("search: %d %s", got.status, got.body)
	}
	mustBeFHIR(t, got.body)
	for _, written := range []string{
		"2.16.156.10011.1.3|990000195803120260", fhirCard + "|９９００００195803120260", fhirCard + "|990000 19580312 0260",
	} {
		if again := form(url.Values{"identifier": {written}}.Encode()); again.body != got.body {
			t.Errorf("%q: %d %s", written, again.status, again.body)
		}
	}
	none := form(url.Values{"identifier": {fhirCard + "|0"}}.Encode())
	if none.status != http.StatusOK || !strings.Contains(none.body, `"total":0`) {
		t.Errorf("search without a hit: %d %s", none.status, none.body)
	}
	mustBeFHIR(t, none.body)
	for _, bad := range []string{"", "name=x", "identifier=x", hit + "&name=x", hit + "&" + hit} {
		if got := form(bad); got.status != http.StatusBadRequest {
			t.Errorf("search %q: %d", bad, got.status)
		}
	}
	if got := form("identifier=" + url.QueryEscape(fhirCard) + "%7C%D5%C5%C8%FD"); got.status != http.StatusBadRequest ||
		!strings.Contains(got.body, "NOT_UTF8") {
		t.Errorf("search in GBK: %d %s", got.status, got.body)
	}
	if got := w.send(t, "GET", "/fhir/Patient?identifier=x", ""); got.status != http.StatusMethodNotAllowed ||
		got.header.Get("Allow") != "POST" {
		t.Errorf("search by GET: %d", got.status)
	}
	w.actor = &consortium.Actor{ID: "dr", Org: "donghu", Role: consortium.RoleClinician}
	w.deny[consortium.ActionRead] = true
	if got := form(hit); got.status != none.status || got.body != none.body {
		t.Errorf("whoever does not treat them learns that they are known: %d %s", got.status, got.body)
	}
	w.deny[consortium.ActionRead] = false
	w.actor = &consortium.Actor{
		ID:      "someone",
		Org:     "donghu",
		Role:    consortium.RolePatient,
		Patient: w.Ref(fhirCard, "99000019921105048X"),
	}
	if got := form(hit); got.status != http.StatusOK || !strings.Contains(got.body, `"total":0`) {
		t.Errorf("search by another patient: %d %s", got.status, got.body)
	}
}

func TestFHIRWhoMayRead(t *testing.T) {
	w := newWorld(t)
	w.send(t, "PUT", "/fhir/Patient/p1", fhirPatient("p1", "990000195803120260"))
	w.actor = nil
	if got := w.send(t, "GET", "/fhir/Patient/p1", ""); got.status != http.StatusUnauthorized ||
		got.header.Get("WWW-Authenticate") == "" {
		t.Errorf("nobody: %d", got.status)
	}
	w.actor = &consortium.Actor{ID: "dr", Org: "donghu", Role: consortium.RoleClinician}
	w.deny[consortium.ActionRead] = true
	logged := len(w.logged)
	got := w.send(t, "GET", "/fhir/Patient/p1", "")
	for _, absent := range []string{"/fhir/Patient/nothing", "/fhir/Patient/p1/_history/x", "/fhir/Patient/.."} {
		if none := w.send(t, "GET", absent, ""); got.status != http.StatusNotFound || none.status != got.status ||
			got.body != none.body {
			t.Errorf("a refused record can be told from %s:\n%d %s\n%d %s", absent, got.status, got.body, none.status, none.body)
		}
	}
	if len(w.logged) != logged+2 { // the record and its version, each once
		t.Errorf("%d refusals are logged", len(w.logged)-logged)
	}
	mustBeFHIR(t, got.body)
	w.deny[consortium.ActionRead] = false
	own := w.Ref(fhirCard, "99000019921105048X")
	w.actor = &consortium.Actor{ID: "someone", Org: "donghu", Role: consortium.RolePatient, Patient: own}
	others, nothing := w.send(t, "GET", "/fhir/Patient/p1", ""), w.send(t, "GET", "/fhir/Patient/nothing", "")
	if others.status != http.StatusNotFound || others.body != nothing.body || nothing.status != http.StatusNotFound {
		t.Errorf(
			"another patient's record can be told from none:\n%d %s\n%d %s", others.status, others.body, nothing.status,
			nothing.body,
		)
	}
	w.actor.Patient = w.Ref(fhirCard, "990000195803120260")
	if got := w.send(t, "GET", "/fhir/Patient/p1", ""); got.status != http.StatusOK {
		t.Errorf("one's own record: %d", got.status)
	}
	if q := w.logged[len(w.logged)-1].Decision.Query; q.Purpose != consortium.PatientRequest {
		t.Errorf("purpose of a patient is %s", q.Purpose)
	}
	deletion := exchange.Put{
		Type: "Patient", ID: "p1", Patient: w.actor.Patient, Kind: consortium.Demographics, Version: 2, Recorded: fhirTime,
		Deleted: true,
	}
	if _, err := w.Store(t.Context(), []exchange.Put{deletion}); err != nil {
		t.Fatal(err)
	}
	if got := w.send(t, "GET", "/fhir/Patient/p1", ""); got.status != http.StatusGone {
		t.Errorf("deleted: %d", got.status)
	}
}

func TestFHIRLookingPeopleUpIsLimited(t *testing.T) {
	w := newWorld(t)
	w.send(t, "PUT", "/fhir/Patient/p1", fhirPatient("p1", "990000195803120260"))
	w.actor = &consortium.Actor{ID: "dr", Org: "donghu", Role: consortium.RoleClinician}
	for i := range lookups {
		if got := w.send(t, "GET", fmt.Sprintf("/fhir/Patient/try-%d", i), ""); got.status != http.StatusNotFound {
			t.Fatalf("try %d: %d", i, got.status)
		}
	}
	search := url.Values{"identifier": {fhirCard + "|990000195803120260"}}.Encode()
	for name, got := range map[string]answer{
		"read":   w.send(t, "GET", "/fhir/Patient/one-more", ""),
		"search": w.send(t, "POST", "/fhir/Patient/_search", search, "Content-Type", "application/x-www-form-urlencoded"),
	} {
		if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") != "3" ||
			!strings.Contains(got.body, "TOO_MANY") {
			t.Errorf("%s above the limit: %d %v %s", name, got.status, got.header, got.body)
		}
	}
	if got := w.send(t, "GET", "/fhir/Patient/p1", ""); got.status != http.StatusOK {
		t.Errorf("who may read is held up: %d", got.status)
	}
	w.actor.ID = "another"
	if got := w.send(t, "GET", "/fhir/Patient/try", ""); got.status != http.StatusNotFound {
		t.Errorf("another caller is held up: %d", got.status)
	}
}

func TestFHIRBadInput(t *testing.T) {
	deep := strings.Repeat(`{"extension":[`, 200) + strings.Repeat(`]}`, 200)
	cases := []struct {
		name, method, path, body string
		headers                  []string
		status                   int
	}{
		{"not JSON", "POST", "/fhir/Patient", `{"resourceType":"Patient"`, nil, 400},
		{"empty", "POST", "/fhir/Patient", " ", nil, 400},
		{"not UTF-8", "POST", "/fhir/Patient", "{\"resourceType\":\"Patient\",\"id\":\"\xff\"}", nil, 400},
		{"two values", "POST", "/fhir/Patient", `{"resourceType":"Patient"}{}`, nil, 400},
		{"too deep", "POST", "/fhir/Patient", deep, nil, 400},
		{"an array", "POST", "/fhir/Patient", `[]`, nil, 422},
		{"wrong JSON type", "POST", "/fhir/Patient", `{"resourceType":"Patient","active":"yes"}`, nil, 422},
		{"unknown element", "POST", "/fhir/Patient", `{"resourceType":"Patient","colour":"red"}`, nil, 422},
		{"the same element twice", "POST", "/fhir/Patient", `{"resourceType":"Patient","id":"a","id":"b"}`, nil, 422},
		{
			"two types of a choice",
			"POST",
			"/fhir/Patient",
			`{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"}`,
			nil,
			422,
		},
		{"wrong code", "POST", "/fhir/Patient", `{"resourceType":"Patient","gender":"M"}`, nil, 422},
		{"no such day", "POST", "/fhir/Patient", `{"resourceType":"Patient","birthDate":"2023-02-29"}`, nil, 422},
		{
			"script in the narrative",
			"POST",
			"/fhir/Patient",
			`{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>1</script></div>"}}`,
			nil,
			422,
		},
		{"unknown resource", "POST", "/fhir/Patient", `{"resourceType":"Person2"}`, nil, 404},
		{"unknown type in the address", "POST", "/fhir/Nothing", `{"resourceType":"Nothing"}`, nil, 404},
		{"type in the address differs", "POST", "/fhir/Patient", `{"resourceType":"Organization","name":"x"}`, nil, 422},
		{
			"too large",
			"POST",
			"/fhir/Patient",
			`{"resourceType":"Patient","name":[{"text":"` + strings.Repeat("x", 5000) + `"}]}`,
			nil,
			413,
		},
		{"plain text", "POST", "/fhir/Patient", fhirPatient("a", "1"), []string{"Content-Type", "text/plain"}, 415},
		{"XML", "POST", "/fhir/Patient", "<Patient/>", []string{"Content-Type", "application/fhir+xml"}, 415},
		{
			"other character set",
			"POST",
			"/fhir/Patient",
			fhirPatient("a", "1"),
			[]string{"Content-Type", "application/fhir+json; charset=gbk"},
			415,
		},
		{
			"FHIR R5",
			"POST",
			"/fhir/Patient",
			fhirPatient("a", "1"),
			[]string{"Content-Type", "application/fhir+json; fhirVersion=5.0"},
			415,
		},
		{"compressed", "POST", "/fhir/Patient", fhirPatient("a", "1"), []string{"Content-Encoding", "gzip"}, 415},
		{"wants XML", "GET", "/fhir/Patient/p1", "", []string{"Accept", "application/fhir+xml"}, 406},
		{"unknown purpose", "GET", "/fhir/Patient/p1", "", []string{"Purpose-Of-Use", "CURIOSITY"}, 400},
		{"no purpose", "GET", "/fhir/Patient/p1", "", []string{"Purpose-Of-Use", ""}, 400},
		{"no such record", "GET", "/fhir/Patient/nothing", "", nil, 404},
		{"no such version", "GET", "/fhir/Patient/p1/_history/9", "", nil, 404},
		{"version not a number", "GET", "/fhir/Patient/p1/_history/x", "", nil, 404},
		{"delete", "DELETE", "/fhir/Patient/p1", "", nil, 405},
		{"patch", "PATCH", "/fhir/Patient/p1", "[]", nil, 405},
		{"no such address", "GET", "/fhir/Patient/p1/name/given", "", nil, 404},
		{"no such method", "OPTIONS", "/fhir/Patient/p1", "", nil, 405},
		{"post to an instance", "POST", "/fhir/Patient/p1", fhirPatient("a", "1"), nil, 405},
		{"id differs", "PUT", "/fhir/Patient/p1", fhirPatient("p2", "990000195803120260"), nil, 422},
		{"an id that is no name in an address", "PUT", "/fhir/Patient/..", fhirPatient("..", "990000195803120260"), nil, 422},
		{
			"such an id in a bundle", "POST", "/fhir",
			`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + fhirPatient(".", "990000195803120260") +
				`,"request":{"method":"PUT","url":"Patient/."}}]}`, nil, 422,
		},
		{"another person", "PUT", "/fhir/Patient/p1", fhirPatient("p1", "990000196507280133"), nil, 409},
		{"a single resource as a bundle", "POST", "/fhir", fhirPatient("a", "1"), nil, 422},
		{"a bundle of another type", "POST", "/fhir", `{"resourceType":"Bundle","type":"document"}`, nil, 422},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.send(t, "PUT", "/fhir/Patient/p1", fhirPatient("p1", "990000195803120260"))
			got := w.send(t, c.method, c.path, c.body, c.headers...)
			if got.status != c.status {
				t.Fatalf("status %d, want %d: %s", got.status, c.status, got.body)
			}
			if got.header.Get("Content-Type") != mediaType || !strings.Contains(got.body, `"severity":"error"`) {
				t.Errorf("no OperationOutcome: %s", got.body)
			}
			mustBeFHIR(t, got.body)
			if w.stored != 1 {
				t.Errorf("something was stored")
			}
			if strings.Contains(got.body+w.log.String(), "99000019") || strings.Contains(got.body+w.log.String(), "王秀兰") {
				t.Errorf("content leaked: %s %s", got.body, w.log.String())
			}
		})
	}
}
