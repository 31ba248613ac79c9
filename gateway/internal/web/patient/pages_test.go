package patient_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"yilian.example/consent"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/web/patient"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/webtest"
	"yilian.example/scripts/demo/people"
)

// open returns the patient's pages, over fakes, for one caller.
func open(t testing.TB, caller *consortium.Actor) *webtest.World {
	w := webtest.NewWorld(t, caller)
	return w.Open(func(s *site.Site) error {
		return patient.Register(s, patient.Deps{
			Records: w, Access: w, Proofs: w, Evidence: w, Consents: webtest.Consents{World: w},
		})
	})
}

func TestPagesInBothLanguages(t *testing.T) {
	grant := url.Values{"who": {"qingshan TREAT"}, "kind": {"reports", "observations"}, "days": {"30"}}
	nothing := func(s *webtest.World) { s.Versions, s.Entries, s.Grants, s.Holdings = nil, nil, nil, nil }
	webtest.CheckVisits(t, open, []webtest.Visit{
		{Name: "sign in first", Path: "/me/records", Status: 401},
		{Name: "records", Caller: &webtest.Wang, Path: "/me/records", Status: 200},
		{Name: "no records", Caller: &webtest.Wang, Path: "/me/records", Status: 200, Change: nothing},
		{Name: "record", Caller: &webtest.Wang, Path: "/me/records/Patient/r0", Status: 200},
		{Name: "record that is not there", Caller: &webtest.Wang, Path: "/me/records/Patient/none", Status: 404},
		{Name: "access", Caller: &webtest.Wang, Path: "/me/access", Status: 200},
		{Name: "no access", Caller: &webtest.Wang, Path: "/me/access", Status: 200, Change: nothing},
		{Name: "consents", Caller: &webtest.Wang, Path: "/me/consents", Status: 200},
		{Name: "no consents", Caller: &webtest.Wang, Path: "/me/consents", Status: 200, Change: nothing},
		{Name: "grant", Caller: &webtest.Wang, Path: "/me/consents/new", Status: 200},
		{
			Name: "grant, nothing chosen", Caller: &webtest.Wang, Path: "/me/consents/new",
			Form: url.Values{}, Status: 422,
		},
		{Name: "statement", Caller: &webtest.Wang, Path: "/me/consents/new", Form: grant, Status: 200},
		{
			Name: "our fault", Caller: &webtest.Wang, Path: "/me/records",
			Status: 500, Change: func(s *webtest.World) { s.Fail = webtest.ErrPlain },
		},
	})
}

func TestRecordsPage(t *testing.T) {
	s := open(t, &webtest.Wang)
	p := s.Get("/me/records")
	if len(s.Asked) != 1 ||
		s.Asked[0] != fmt.Sprintf("list wang PATRQT %s %d", webtest.PatientRef, len(consortium.PatientKinds())) {
		t.Errorf("asked for %q", s.Asked)
	}
	if got := p.Text("main .purpose"); !strings.Contains(got, "患者本人查阅") {
		t.Errorf("the purpose is stated for the patient without showing it: %q", got)
	}
	if got := p.Text("#demographics h3"); got != "王秀兰" {
		t.Errorf("the first record is %q", got)
	}
	if strings.Contains(p.Body, people.WangXiulanID) {
		t.Error("the identity number stands on the page unmasked")
	}
	rows := p.All("#observations tbody tr")
	if len(rows) < 10 {
		t.Fatalf("%d values", len(rows))
	}
	if len(p.All("#observations tr.out .flag")) == 0 || len(p.All("#observations svg.bar .bar-mark")) == 0 {
		t.Error("no value is marked or drawn")
	}
	for _, a := range p.All("#observations tbody th a") {
		if got := s.Get(webtest.Attr(a, "href")).Status; got != 200 {
			t.Errorf("%s: %d", webtest.Attr(a, "href"), got)
		}
	}
	if len(p.All("#medications dt")) == 0 || !strings.Contains(p.Text("#medications"), "用法用量") {
		t.Error("medicines without dosage")
	}
}

// TestWhatIsTooLargeForTheListLeadsToItsPage lists a record whose content was left out.
func TestWhatIsTooLargeForTheListLeadsToItsPage(t *testing.T) {
	s := open(t, &webtest.Wang)
	ref := s.Versions[0].Ref
	s.Versions[0].Content, s.Versions[0].Omitted = nil, true
	p := s.Get("/me/records")
	for _, a := range p.All("#demographics a") {
		if webtest.Attr(a, "href") == "/me/records/"+ref.Type+"/"+ref.ID && webtest.Words(a) == "打开这条记录" {
			if !strings.Contains(p.Text("#demographics .entry"), "内容太大，不在列表里显示") {
				t.Error("it is not said why")
			}
			return
		}
	}
	t.Errorf("no link to it: %s", p.Text("#demographics"))
}

func TestRecordPage(t *testing.T) {
	s := open(t, &webtest.Wang)
	p := s.Get("/me/records/Patient/r0")
	if !strings.Contains(p.Text(".proof"), "等待见证") {
		t.Error("an entry that is not witnessed is shown as witnessed")
	}
	link := webtest.Attr(p.All(`a[download]`)[0], "href")
	file := s.Get(link)
	if file.Status != 200 || file.Header.Get("Content-Type") != "application/json" ||
		file.Header.Get("Content-Disposition") != `attachment; filename="yilian-Patient-r0.evidence.json"` {
		t.Errorf("%s: %d %v", link, file.Status, file.Header)
	}
	if !strings.Contains(p.Text("pre.raw"), `"resourceType": "Patient"`) {
		t.Error("the original is not there")
	}
}

func TestHostileRecordIsOnlyText(t *testing.T) {
	s := open(t, &webtest.Wang)
	bad := `<script>alert(1)</script><img src=x onerror=alert(1)>`
	content, err := json.Marshal(
		map[string]any{
			"resourceType": "Condition",
			"code":         map[string]any{"text": bad},
			"text":         map[string]any{"div": bad},
			"note":         []any{map[string]any{"text": bad}},
		},
	)
	if err != nil {
		t.Fatal(err)
	}
	s.Versions = []exchange.Version{
		{Ref: exchange.RecordRef{Org: "donghu", Type: "Condition", ID: "bad"}, Kind: consortium.Diagnoses, Content: content},
	}
	for _, path := range []string{"/me/records", "/me/records/Condition/bad"} {
		p := s.Get(path)
		if len(p.All("main script, main img")) != 0 {
			t.Errorf("%s: a record's markup became ours", path)
		}
		if !strings.Contains(p.Text("main"), "<script>alert(1)</script>") {
			t.Errorf("%s: the record's words are not shown", path)
		}
	}
}

// TestReasonsCiteTheirLaw shows what a look rested on by each law's title; what no table knows stands as it came.
func TestReasonsCiteTheirLaw(t *testing.T) {
	for article, want := range map[string][2]string{
		"PIPL 45":         {"《个人信息保护法》第45条", "Personal Information Protection Law, Article 45"},
		"PIPL 13(2), 28":  {"《个人信息保护法》第13(2)、28条", "Personal Information Protection Law, Articles 13(2), 28"},
		"DSL 27":          {"《数据安全法》第27条", "Data Security Law, Article 27"},
		"CC 1034; DSL 27": {"《民法典》第1034条；《数据安全法》第27条", "Civil Code, Article 1034; Data Security Law, Article 27"},
		"NDR":             {"《网络数据安全管理条例》", "Network Data Security Regulation"},
		"GDPR 9":          {"GDPR 9", "GDPR 9"},
	} {
		s := open(t, &webtest.Wang)
		s.Entries[1].Decision.Reasons[0].Article = article
		for i, lang := range []string{"zh", "en"} {
			if look := s.Get("/me/access?lang=" + lang).Text("li.look .reason-law"); look != want[i] {
				t.Errorf("%s in %s is %q", article, lang, look)
			}
		}
	}
}

func TestAccessPages(t *testing.T) {
	s := open(t, &webtest.Wang)
	s.Seen["access-35"] = true
	first := s.Get("/me/access")
	looks := first.All("li.look")
	if len(looks) != 30 || webtest.Attr(looks[0], "value") != "36" {
		t.Fatalf("%d entries, the first is %s", len(looks), webtest.Attr(looks[0], "value"))
	}
	refused := webtest.Words(looks[1])
	for _, want := range []string{"何敏", "青杉社区医院", "医护人员", "诊断和治疗", "已拒绝", "患者已经撤回授权", "第15条", "第 35 号", "已见证"} {
		if !strings.Contains(refused, want) {
			t.Errorf("a refused look does not say %q: %s", want, refused)
		}
	}
	if own := webtest.Words(looks[0]); !strings.Contains(own, "您本人") || !strings.Contains(own, "等待见证") {
		t.Errorf("the patient's own look: %s", own)
	}
	more := webtest.Attr(first.All(`a[rel="next"]`)[0], "href")
	rest := s.Get(more)
	if n := len(rest.All("li.look")); more != "/me/access?before=7" || n != 6 || len(rest.All(`a[rel="next"]`)) != 0 {
		t.Errorf("%s has %d entries", more, n)
	}
	if got := s.Get("/me/access?before=x").Status; got != 200 {
		t.Errorf("a number that is none: %d", got)
	}
}

func TestConsentsPage(t *testing.T) {
	s := open(t, &webtest.Wang)
	p := s.Get("/me/consents?done=withdrawn")
	if len(p.All(`[role="status"]`)) != 0 {
		t.Error("a link had the page claim that a consent was withdrawn")
	}
	if len(s.Get("/me/consents?done=granted").All(`[role="status"]`)) != 0 {
		t.Error("a link had the page claim that a consent was signed")
	}
	var states []string
	for _, n := range p.All("li.consent .tag") {
		states = append(states, webtest.Words(n))
	}
	if got := strings.Join(states, " "); got != "有效 等待账本确认 已到期 已撤回" {
		t.Errorf("states: %s", got)
	}
	forms := p.All("li.consent form")
	if len(forms) != 2 {
		t.Fatalf("%d consents can be withdrawn, want 2", len(forms))
	}
	done := s.Post(webtest.Attr(forms[0], "action"), nil)
	if done.Status != http.StatusSeeOther || done.Header.Get("Location") != "/me/consents" {
		t.Errorf("withdrawing: %d to %q", done.Status, done.Header.Get("Location"))
	}
	after := httptest.NewRequest(http.MethodGet, "/me/consents", nil)
	after.Header.Set("Cookie", strings.Split(done.Header.Get("Set-Cookie"), ";")[0])
	if p := s.Do(after); p.Text(`[role="status"]`) != "授权已撤回，从现在起不再提供记录。" ||
		!strings.Contains(p.Header.Get("Set-Cookie"), "-notice=; Path=/; Max-Age=0") {
		t.Errorf("it is not said once that the consent was withdrawn: %v", p.Header)
	}
	s.Grants[1].CreatedAt = webtest.Now.Add(-time.Minute)
	if p := s.Get("/me/consents?done=granted"); !strings.Contains(p.Text(`[role="status"]`), "签名已收到") {
		t.Error("it is not said that the signature arrived")
	}
	if len(s.Withdrawn) != 1 || s.Withdrawn[0] != consent.ID(strings.Repeat("a", 64)) {
		t.Errorf("withdrawn: %v", s.Withdrawn)
	}
	if p := s.Get("/me/consents?done=<script>"); len(p.All(".notice")) != 0 {
		t.Error("a made-up notice is shown")
	}
}

func TestGrant(t *testing.T) {
	s := open(t, &webtest.Wang)
	form := s.Get("/me/consents/new")
	if len(form.All("input[checked]")) != 0 {
		t.Error("something is chosen beforehand (PIPL 5)")
	}
	var recipients []string
	for _, n := range form.All(`input[name="who"]`) {
		recipients = append(recipients, webtest.Attr(n, "value"))
	}
	if got := strings.Join(recipients, ", "); got != "qingshan TREAT, anhe HPAYMT" {
		t.Errorf("recipients: %s", got)
	}
	missing := s.Post("/me/consents/new", url.Values{"kind": {"reports"}, "who": {"donghu TREAT"}})
	if missing.Status != 422 || len(missing.All(`[role="alert"] li`)) != 2 ||
		len(missing.All(`input[value="reports"][checked]`)) != 1 {
		t.Errorf("%d, %d problems", missing.Status, len(missing.All(`[role="alert"] li`)))
	}
	p := s.Post("/me/consents/new", url.Values{"who": {"qingshan TREAT"}, "kind": {"reports", "nonsense"}, "days": {"30"}})
	var draft consent.Draft
	if err := json.Unmarshal([]byte(p.Text("[data-consent-draft]")), &draft); err != nil {
		t.Fatalf("the draft is not JSON: %v", err)
	}
	if st := draft.Statement; st.Recipient != "qingshan" || st.Purpose != consortium.Treatment || len(st.Kinds) != 1 ||
		st.Until != "2026-12-21T12:30:00Z" {
		t.Errorf("statement: %+v", st)
	}
	// The script refuses to sign when the words shown are not those signed, whatever the spaces.
	joined := func(s string) string { return strings.Join(strings.Fields(s), "") }
	if joined(p.Text("[data-consent-text]")) != joined(draft.Statement.Text) {
		t.Error("what is shown is not what would be signed")
	}
	for _, selector := range []string{
		`script[src^="/static/consent.js"]`, `[data-consent-sign][data-post="/api/v1/consents"]`,
		`button[data-consent-button][hidden]`, `[data-consent-status][role="status"]`, "noscript",
	} {
		if len(p.All(selector)) != 1 {
			t.Errorf("there is no %s", selector)
		}
	}
	s.Fail = fault.New(fault.Forbidden, "CONSENT_GUARDIAN", "")
	chosen := url.Values{"who": {"qingshan TREAT"}, "kind": {"reports"}, "days": {"30"}}
	if p := s.Post("/me/consents/new", chosen); p.Status != 403 ||
		!strings.Contains(p.Text("main"), "监护人") {
		t.Errorf("a child: %d", p.Status)
	}
}

// TestManyResultsHideNothing: with thousands of results, name, allergies, diagnoses and medicines vanished, and the
// page said that it showed all.
func TestManyResultsHideNothing(t *testing.T) {
	webtest.CheckManyResults(t, open(t, &webtest.Wang), "/me/records")
}

// TestBannerTellsNoneFromNotReached: that no allergy is recorded is not that there is none, nor that nobody asked.
func TestBannerTellsNoneFromNotReached(t *testing.T) {
	s := open(t, &webtest.Wang)
	allergic := func(v exchange.Version) bool { return v.Ref.Type == "AllergyIntolerance" }
	s.Versions = slices.DeleteFunc(s.Versions, allergic)
	if got := s.Get("/me/records").Text(".banner"); !strings.Contains(got, "没有过敏记录（不等于不过敏，请询问）") ||
		!strings.Contains(got, "女") || !strings.Contains(got, "岁") || !strings.Contains(got, "证件尾号 0260") {
		t.Errorf("none recorded: %s", got)
	}
}

// TestReportOpensToItsValues: a report opened to an empty box.
func TestReportOpensToItsValues(t *testing.T) {
	s := open(t, &webtest.Wang)
	i := slices.IndexFunc(s.Versions, func(v exchange.Version) bool { return v.Ref.Type == "DiagnosticReport" })
	o := slices.IndexFunc(s.Versions, func(v exchange.Version) bool { return v.Ref.Type == "Observation" })
	s.Versions[i].Content = []byte(`{"resourceType":"DiagnosticReport","code":{"text":"报告"},"conclusion":"偏高",` +
		`"result":[{"reference":"Observation/` + s.Versions[o].Ref.ID + `"},{"reference":"Observation/gone"}]}`)
	address := "/me/records" + "/DiagnosticReport/" + s.Versions[i].Ref.ID
	p := s.Get(address)
	main := p.Text("main")
	if len(p.All("table.values tbody tr")) != 1 || strings.Index(main, "偏高") > strings.Index(main, "参考范围") ||
		!strings.Contains(main, "还有 1 项结果没有列在这里") || !strings.Contains(p.Text(".banner"), "王秀兰") {
		t.Errorf("%s", main)
	}
	s.Versions[i].Content = []byte(`{"resourceType":"DiagnosticReport","code":{"text":"报告"}}`)
	if got := s.Get(address).Text("main"); !strings.Contains(got, "这份报告是空的") {
		t.Errorf("an empty report: %s", got)
	}
}

// TestPaperSaysWhose: a print had no hospital, patient or date on it.
func TestPaperSaysWhose(t *testing.T) {
	head := open(t, &webtest.Wang).Get("/me/records").Text(".print-head")
	for _, want := range []string{"东湖示范医院", "患者：王秀兰", "打印于 2026年11月21日 20:30"} {
		if !strings.Contains(head, want) {
			t.Errorf("%q lacks %s", head, want)
		}
	}
}
