package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/scripts/journey"
)

// secretName stands in bad input. It must never come back in an answer, and never stand in a log.
const secretName = "泄露检查-7f3a"

// TestBadInput sends what is wrong over real HTTP and wants a clear error, nothing stored, nothing leaked.
func TestBadInput(t *testing.T) {
	const fhirType, jsonType = "application/fhir+json", "application/json"
	patient := `{"resourceType":"Patient","name":[{"text":"` + secretName + `"}]`
	system := as(t, donghu, consortium.RoleSystem, "")
	clinician := as(t, donghu, consortium.RoleClinician, "")
	person := as(t, donghu, consortium.RolePatient, "")
	member, err := under.Member(donghu)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := under.Tokens(qingshan, consortium.RoleSystem, "")
	if err != nil {
		t.Fatal(err)
	}
	release := `{"patient":"p","custodian":"qingshan","purpose":"TREAT","kinds":["observations"]}`
	cases := []struct {
		name        string
		client      *journey.Client
		method      string
		path        string
		contentType string
		body        string
		status      int
		code        string // where one is promised
	}{
		{"FHIR: malformed JSON", system, "POST", "/fhir/Patient", fhirType, patient, 400, ""},
		{"FHIR: wrong type of an element", system, "POST", "/fhir/Patient", fhirType, patient + `,"active":"yes"}`, 422, ""},
		{"FHIR: unknown element", system, "POST", "/fhir/Patient", fhirType, patient + `,"nickname":"x"}`, 422, ""},
		{
			"FHIR: repeated key",
			system,
			"POST",
			"/fhir/Patient",
			fhirType,
			patient + `,"active":true,"active":false}`,
			422,
			"",
		},
		{
			"FHIR: unknown resource",
			system,
			"POST",
			"/fhir/Person2",
			fhirType,
			`{"resourceType":"Person2","name":"` + secretName + `"}`,
			404,
			"",
		},
		{"FHIR: another type than the address says", system, "POST", "/fhir/Observation", fhirType, patient + `}`, 422, ""},
		{"FHIR: not FHIR at all", system, "POST", "/fhir/Patient", "text/plain", secretName, 415, ""},
		{"FHIR: empty body", system, "POST", "/fhir/Patient", fhirType, "", 400, ""},
		{
			"FHIR: oversized body",
			system,
			"POST",
			"/fhir/Patient",
			fhirType,
			patient + `,"x":"` + strings.Repeat("a", 17<<20) + `"}`,
			413,
			"",
		},
		{
			"FHIR: deep nesting",
			system,
			"POST",
			"/fhir/Patient",
			fhirType,
			strings.Repeat(`{"a":`, 20000) + "1" + strings.Repeat("}", 20000),
			400,
			"",
		},
		{"FHIR: one bad entry spoils a transaction", system, "POST", "/fhir", fhirType, badTransaction(), 422, ""},
		{"FHIR: no token", member.With(""), "POST", "/fhir/Patient", fhirType, patient + `}`, 401, ""},
		{"FHIR: not a token", member.With("abc." + "def.ghi"), "POST", "/fhir/Patient", fhirType, patient + `}`, 401, ""},
		{
			"FHIR: a token with a changed signature",
			member.With(broken(t)),
			"POST",
			"/fhir/Patient",
			fhirType,
			patient + `}`,
			401,
			"",
		},
		{
			"FHIR: token of another organisation",
			member.With(foreign),
			"POST",
			"/fhir/Patient",
			fhirType,
			patient + `}`,
			401,
			"",
		},
		{"JSON: malformed", clinician, "POST", "/api/v1/releases", jsonType, release[:40], 400, ""},
		{
			"JSON: wrong type",
			clinician,
			"POST",
			"/api/v1/releases",
			jsonType,
			`{"patient":7,"custodian":"qingshan","purpose":"TREAT","kinds":["observations"]}`,
			422,
			"",
		},
		{
			"JSON: unknown field",
			clinician,
			"POST",
			"/api/v1/releases",
			jsonType,
			release[:len(release)-1] + `,"note":"` + secretName + `"}`,
			422,
			"",
		},
		{
			"JSON: unknown kind",
			clinician,
			"POST",
			"/api/v1/releases",
			jsonType,
			`{"patient":"` + strings.Repeat("p", 53) + `","custodian":"qingshan","purpose":"TREAT","kinds":["secrets"]}`,
			0,
			"",
		},
		{"JSON: no token", member.With(""), "POST", "/api/v1/releases", jsonType, release, 401, ""},
		{"JSON: token of another organisation", member.With(foreign), "GET", "/api/v1/log", "", "", 401, ""},
		{
			"JSON: release of an answer that is not there",
			clinician,
			"GET",
			"/api/v1/releases/3b9e7c50-0000-4000-8000-000000000000",
			"",
			"",
			404,
			"",
		},
		{
			"JSON: consent that is not there",
			person,
			"POST",
			"/api/v1/consents/" + strings.Repeat("0", 64) + "/withdrawal",
			"",
			"",
			404,
			"",
		},
		{"JSON: unknown path", person, "GET", "/api/v1/nothing", "", "", 404, ""},
	}
	before := counts(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			answer, err := c.client.Send(within(t, time.Minute), c.method, c.path, c.contentType, []byte(c.body))
			if err != nil {
				t.Fatal(err)
			}
			clearError(t, c.path, answer)
			// An organisation's token may be refused as not for here (401) or as another's (403): both tell the caller what to
			// do.
			if c.status == 401 && answer.Status == 403 && strings.Contains(c.name, "organisation") {
				return
			}
			if c.status == 0 && answer.Status >= 400 && answer.Status < 500 {
				return
			}
			if answer.Status != c.status {
				t.Errorf("answered %d, want %d: %s", answer.Status, c.status, answer.Body)
			}
		})
	}
	for table, n := range counts(t) {
		if n != before[table] {
			t.Errorf("table %s went from %d to %d rows", table, before[table], n)
		}
	}
	logsAreClean(t)
}

// clearError wants a document that programs can read and that tells nothing of the inside or of what was sent.
func clearError(t *testing.T, path string, answer journey.Answer) {
	t.Helper()
	refusal := journey.ReadRefusal("", answer)
	if refusal.Code == "" || refusal.Detail == "" {
		t.Errorf("error has no code or no words: %s", answer.Body)
	}
	contentType := answer.Header.Get("Content-Type")
	want := "application/problem+json"
	if strings.HasPrefix(path, "/fhir") {
		want = "application/fhir+json"
	}
	if !strings.HasPrefix(contentType, want) {
		t.Errorf("content type is %q, want %s", contentType, want)
	}
	for _, leak := range []string{secretName, "SQLSTATE", "pgx", "goroutine", ".go:", "Bearer ey", "/orgs/"} {
		if bytes.Contains(answer.Body, []byte(leak)) {
			t.Errorf("answer leaks %q: %s", leak, answer.Body)
		}
	}
}

// badTransaction has one good and one bad entry.
func badTransaction() string {
	return `{"resourceType":"Bundle","type":"transaction","entry":[
		{"request":{"method":"POST","url":"Organization"},"resource":{"resourceType":"Organization","name":"` + secretName + `"}},
		{"request":{"method":"POST","url":"Organization"},"resource":{"resourceType":"Organization","active":"no"}}]}`
}

// broken is a real token with one changed character in its signature.
func broken(t *testing.T) string {
	t.Helper()
	token, err := under.Tokens(donghu, consortium.RoleSystem, "")
	if err != nil {
		t.Fatal(err)
	}
	at := strings.LastIndexByte(token, '.') + 5
	other := byte('A')
	if token[at] == other {
		other = 'B'
	}
	return token[:at] + string(other) + token[at+1:]
}

// logEntries counts the entries of a log, wherever they stand, but for those that the gateway makes by itself as time
// passes. One statement sees one moment: entries move from what waits to what is placed.
const logEntries = `(SELECT count(*) FROM log_pending) + (SELECT count(*) FROM log_places) -
	(SELECT count(*) FROM head_anchors)`

// counts tells how many rows the tables have that hold what members keep.
func counts(t *testing.T) map[string]int64 {
	t.Helper()
	ctx := within(t, 20*time.Second)
	out := map[string]int64{}
	for _, org := range under.Orgs() {
		db := database(t, ctx, org)
		for _, table := range []string{
			"patient_keys", "records", "record_versions", "search_tokens", "heads", "access_log",
			"release_requests", "releases", "received", "consents",
		} {
			var n int64
			// The names are the constants above.
			if err := db.QueryRow(ctx, "SELECT count(*) FROM "+table).Scan(&n); err != nil {
				t.Fatalf("count %s: %v", table, err)
			}
			out[table] += n
		}
		var entries int64
		if err := db.QueryRow(ctx, "SELECT "+logEntries).Scan(&entries); err != nil {
			t.Fatalf("count log entries: %v", err)
		}
		out["log entries"] += entries
	}
	return out
}

func database(t *testing.T, ctx context.Context, org consortium.OrgID) *pgx.Conn {
	t.Helper()
	url, err := under.DatabaseURL(org)
	if err != nil {
		t.Fatal(err)
	}
	db, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) }) // nothing is lost with it
	return db
}

// logsAreClean looks for what was sent in every log of the consortium.
func logsAreClean(t *testing.T) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(under.State, "log", "*.log"))
	if err != nil || len(files) == 0 {
		t.Fatalf("find logs: %d files, %v", len(files), err)
	}
	token, err := under.Tokens(donghu, consortium.RoleSystem, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for what, leak := range map[string]string{"content": secretName, "a token": token} {
			if bytes.Contains(content, []byte(leak)) {
				t.Errorf("%s holds %s", filepath.Base(file), what)
			}
		}
	}
}

// problemCode reads the code of a problem document.
func problemCode(body []byte) string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(body, &p) // no code reads as none
	return p.Code
}

// statusIs compares with names, for messages that people can read.
func statusIs(t *testing.T, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("answered %d %s, want %d", got, http.StatusText(got), want)
	}
}
