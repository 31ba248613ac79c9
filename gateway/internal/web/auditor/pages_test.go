package auditor_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/oversight"
	"yilian.example/gateway/internal/web/auditor"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/webtest"
)

// open returns the auditor's pages, over fakes, for one caller.
func open(t testing.TB, caller *consortium.Actor) *webtest.World {
	return openWith(t, caller, demoWatch("alarm"))
}

// openWith is open, with an audit of the database that stands as status says.
func openWith(t testing.TB, caller *consortium.Actor, database watch) *webtest.World {
	w := webtest.NewWorld(t, caller)
	verify := func(file []byte) (evidence.Report, error) { return evidence.Verify(file, nil, evidence.Options{}) }
	return w.Open(func(s *site.Site) error {
		return auditor.Register(s, auditor.Deps{
			MemberLogs: logs(demoLogs()), Database: database, Verify: verify,
			LogRefused: func() bool { return database.LastPass.Equal(refusedAt) },
		})
	})
}

// refusedAt is when the last pass began where the ledger contradicts the log: no pass of the audit can tell.
var refusedAt = webtest.Now.Add(-time.Minute)

// watch is the audit of the database as the tests have it.
type watch oversight.WatchStatus

func (w watch) Status() oversight.WatchStatus { return oversight.WatchStatus(w) }

func demoWatch(state string) watch {
	whole := watch{Passes: 412, LastPass: webtest.Now.Add(-14 * time.Second), Took: 310 * time.Millisecond}
	alarm := func(table, row string, code fault.Code, since time.Duration) oversight.Standing {
		return oversight.Standing{
			Alarm: oversight.Alarm{Table: table, Row: row, Code: code}, Since: webtest.Now.Add(-since),
		}
	}
	switch state {
	case "alarm":
		whole.Alarms = []oversight.Standing{
			alarm("access_heads", string(webtest.PatientRef), "STATE_OLD", 3*time.Minute),
			alarm("log_tiles", "level 0", "NEW_FINDING", 20*time.Second),
			alarm("records", "Observation/r17", "ROW_ALTERED", 3*time.Minute),
		}
	case "many":
		for i := range oversight.MaxStanding {
			row := fmt.Sprintf("Observation/r%d", i)
			whole.Alarms = append(whole.Alarms, alarm("records", row, "ROW_ALTERED", time.Hour))
		}
	case "unknown":
		return watch{}
	case "unknown, with an alarm":
		return watch{Alarms: []oversight.Standing{alarm("consents", "c1", "ROW_ALTERED", time.Second)}}
	case "refused":
		whole.LastPass = refusedAt
	case "refused, with an alarm":
		whole.LastPass, whole.Alarms = refusedAt, []oversight.Standing{alarm("heads", "records p1", "STATE_OLD", time.Second)}
	case "stale":
		whole.LastPass, whole.Stale = webtest.Now.Add(-26*time.Hour), true
	}
	return whole
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
		{Name: "database", Caller: &webtest.Gu, Path: "/audit/database", Status: 200},
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

// TestDatabasePage holds each state of the audit to its colour: what is not known is never green.
func TestDatabasePage(t *testing.T) {
	for state, want := range map[string]struct {
		class, says, shows string
		alarms             int
	}{
		"alarm":                  {"notice bad", "有 3 条警报。 已停止向其他机构提供记录。", "已核对完", 3},
		"many":                   {"notice bad", "至少有 1000 条警报。", "显示 100 条，共 1000 条；全部见", 100},
		"unknown":                {"notice ", "还不知道", "没有警报不等于没有问题", 0},
		"unknown, with an alarm": {"notice bad", "有 1 条警报", "尚未核对完", 1},
		"refused":                {"notice bad", "账本不认可本机构的日志", "没有别的警报", 0},
		"refused, with an alarm": {"notice bad", "账本不认可本机构的日志", "恢复账本最后一次见证之后的备份", 1},
		"stale":                  {"notice bad", "不再可靠", "此后的改动没有核对过", 0},
		"whole":                  {"notice good", "没有发现问题", "没有警报", 0},
	} {
		t.Run(state, func(t *testing.T) {
			w := openWith(t, &webtest.Gu, demoWatch(state))
			p := w.Get("/audit/database")
			if got := webtest.Attr(p.All("main .notice")[0], "class"); got != want.class {
				t.Errorf("class %q", got)
			}
			if got := p.Text("main .notice"); !strings.Contains(got, want.says) {
				t.Errorf("it says %q", got)
			}
			if !strings.Contains(p.Text("main"), want.shows) {
				t.Errorf("it does not show %q: %s", want.shows, p.Text("main"))
			}
			if n := len(p.All("li.alarm")); n != want.alarms {
				t.Errorf("%d alarms", n)
			}
			summary := w.Get("/audit").All("main .notice")[1]
			if got := webtest.Attr(summary, "class"); got != want.class {
				t.Errorf("the first page has %q: %s", got, webtest.Words(summary))
			}
		})
	}
}

// TestAlarmSaysWhatItMeans wants each alarm's table and code in words, its row as programs are given it, and when it
// was first seen; a finding that has no words yet is shown all the same.
func TestAlarmSaysWhatItMeans(t *testing.T) {
	p := open(t, &webtest.Gu).Get("/audit/database")
	for i, want := range [][]string{
		{"患者访问记录的链尾", "STATE_OLD", "比本机构见过的旧", string(webtest.PatientRef), "2026年11月21日 20:27"},
		{"日志的内容", "NEW_FINDING", "还没有说明的问题", "level 0", "2026年11月21日 20:29"},
		{"病历", "ROW_ALTERED", "写入后被改动过", "Observation/r17", "2026年11月21日 20:27"},
	} {
		got := webtest.Words(p.All("li.alarm")[i])
		for _, part := range want {
			if !strings.Contains(got, part) {
				t.Errorf("%q is missing: %s", part, got)
			}
		}
	}
	next := webtest.Words(p.All("#next + ol")[0])
	for _, part := range []string{"已自动停止", "东湖示范医院的系统管理员", "network/runbook.md"} {
		if !strings.Contains(next, part) {
			t.Errorf("what to do lacks %q: %s", part, next)
		}
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
	if got := p.Text(".verdict"); !strings.Contains(got, "evidence.json") || !strings.Contains(got, "未知：文件不能证明") {
		t.Errorf("the verdict names neither file nor record: %s", got)
	}
}

// TestVerdictNamesWhatItIsAbout: a verdict said "it holds" and not of what.
func TestVerdictNamesWhatItIsAbout(t *testing.T) {
	w := webtest.NewWorld(t, &webtest.Gu)
	w.Open(func(s *site.Site) error {
		verify := func([]byte) (evidence.Report, error) {
			return evidence.Report{OK: true, Witnessed: webtest.Now, Statement: evidence.Statement{
				Org: "donghu", Type: "Observation", ID: "o1", Version: 2,
			}}, nil
		}
		return auditor.Register(s, auditor.Deps{MemberLogs: logs(demoLogs()), Database: demoWatch(""), Verify: verify})
	})
	got := w.Do(upload(t, "a file")).Text(".verdict")
	for _, want := range []string{
		"evidence.json", "东湖示范医院", "检验或测量 Observation/o1", "第 2 版", "2026年11月21日 20:30 （北京时间）",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the verdict lacks %q: %s", want, got)
		}
	}
}
