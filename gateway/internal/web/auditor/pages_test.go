package auditor_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/gateway/internal/web/auditor"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/webtest"
)

// open returns the auditor's pages, over fakes, for one caller.
func open(t testing.TB, caller *consortium.Actor) *webtest.World {
	w := webtest.NewWorld(t, caller)
	verify := func(file []byte) (evidence.Report, error) { return evidence.Verify(file, nil, evidence.Options{}) }
	return w.Open(func(s *site.Site) error {
		return auditor.Register(s, auditor.Deps{MemberLogs: logs(demoLogs()), Verify: verify})
	})
}

// logs are the members' logs as the tests have them.
type logs []auditor.LogState

func (l logs) Logs(context.Context) ([]auditor.LogState, error) { return l, nil }

func demoLogs() []auditor.LogState {
	log := func(org consortium.OrgID, published, witnessed int64) auditor.LogState {
		return auditor.LogState{
			Org:         org,
			Origin:      string(org) + ".yilian.example/log",
			Published:   published,
			Witnessed:   witnessed,
			WitnessedAt: webtest.Now.Add(-3 * time.Second),
			Root:        "Yk3m0yv4T0bA9cCqv1wFJ8s2hQd7sXo5uLr1pZt8xW4=",
			KeyHash:     "8f3a21c0d4e5b697",
			Pending:     -1,
		}
	}
	behind := log("anhe", 1300, 700)
	behind.Problem, behind.LagSeconds = "BEHIND", (5 * time.Hour).Seconds()
	return []auditor.LogState{log("donghu", 20480, 20480), log("qingshan", 9000, 8870), behind, log("weijian", 12, 12)}
}

func TestPagesInBothLanguages(t *testing.T) {
	webtest.CheckVisits(t, open, []webtest.Visit{
		{Name: "audit", Caller: &webtest.Gu, Path: "/audit", Status: 200},
		{Name: "evidence", Caller: &webtest.Gu, Path: "/audit/evidence", Status: 200},
		{Name: "evidence, no file", Caller: &webtest.Gu, Path: "/audit/evidence", Form: url.Values{}, Status: 422},
	})
}

func TestAuditPage(t *testing.T) {
	p := open(t, &webtest.Gu).Get("/audit")
	if n := len(p.All("li.log")); n != 4 {
		t.Errorf("%d logs", n)
	}
	if got := p.Text(".notice"); !strings.Contains(got, "有 1 个成员") {
		t.Errorf("summary: %s", got)
	}
	if bar := p.All("li.log .log-witnessed"); webtest.Attr(bar[2], "width") != "53.8" {
		t.Errorf("700 of 1300 is drawn as %s", webtest.Attr(bar[2], "width"))
	}
}

func upload(t *testing.T, content string) *http.Request {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	f, err := w.CreateFormFile("file", "evidence.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	req := httptest.NewRequest(http.MethodPost, "/audit/evidence", &body)
	req.Header.Set("Content-Type", w.FormDataContentType())
	return req
}

func TestEvidencePage(t *testing.T) {
	s := open(t, &webtest.Gu)
	if p := s.Do(upload(t, "not evidence")); p.Status != 422 || p.Text(`[role="alert"]`) != "这不是证据文件，或者它已损坏。" {
		t.Errorf("%d", p.Status)
	}
	if p := s.Do(upload(t, "")); p.Status != 422 {
		t.Errorf("an empty file: %d", p.Status)
	}
	if p := s.Do(upload(t, strings.Repeat(" ", 33<<20))); p.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a huge file: %d", p.Status)
	}
	file, err := evidence.File{
		Type: evidence.Type, Version: evidence.Version, Content: []byte("{}"), Salt: make([]byte, 32), Leaf: "{}", Proof: "x", Key: "k",
		Statement: `{"id":"x","kind":"observations","org":"donghu","patient":"p","recorded":"2026-11-21T00:00:00Z","sha256":"00",` +
			`"type":"Observation","v":1,"version":1}`,
	}.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	forged := string(file)
	p := s.Do(upload(t, forged))
	if p.Status != 200 || p.Text("#verdict") != "✕ 核验未通过" || len(p.All("li.step")) != 7 || len(p.All("li.step-ok")) != 0 ||
		len(p.All("li.step-skip")) == 0 {
		t.Errorf("a forged file: %d %s", p.Status, p.Text("main"))
	}
}
