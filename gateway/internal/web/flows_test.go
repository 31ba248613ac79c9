package web_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"yilian.example/consent"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
	"yilian.example/scripts/demo/people"
)

func TestRecordsPage(t *testing.T) {
	s := newSite(t, &wang)
	p := s.get("/me/records")
	if len(s.asked) != 1 ||
		s.asked[0] != fmt.Sprintf("list wang PATRQT %s %d", patientRef, len(consortium.PatientKinds())) {
		t.Errorf("asked for %q", s.asked)
	}
	if got := p.text("main .purpose"); !strings.Contains(got, "患者本人查阅") {
		t.Errorf("the purpose is stated for the patient without showing it: %q", got)
	}
	if got := p.text("#demographics h3"); got != "王秀兰" {
		t.Errorf("the first record is %q", got)
	}
	if strings.Contains(p.Body, people.WangXiulanID) {
		t.Error("the identity number stands on the page unmasked")
	}
	rows := p.all("#observations tbody tr")
	if len(rows) < 10 {
		t.Fatalf("%d values", len(rows))
	}
	if len(p.all("#observations tr.out .flag")) == 0 || len(p.all("#observations svg.bar .bar-mark")) == 0 {
		t.Error("no value is marked or drawn")
	}
	for _, a := range p.all("#observations tbody th a") {
		if got := s.get(attr(a, "href")).Status; got != 200 {
			t.Errorf("%s: %d", attr(a, "href"), got)
		}
	}
	if len(p.all("#medications dt")) == 0 || !strings.Contains(p.text("#medications"), "用法用量") {
		t.Error("medicines without dosage")
	}
}

func TestRecordPage(t *testing.T) {
	s := newSite(t, &wang)
	p := s.get("/me/records/Patient/r0")
	if !strings.Contains(p.text(".proof"), "等待见证") {
		t.Error("an entry that is not witnessed is shown as witnessed")
	}
	link := attr(p.all(`a[download]`)[0], "href")
	file := s.get(link)
	if file.Status != 200 || file.Header.Get("Content-Type") != "application/json" ||
		file.Header.Get("Content-Disposition") != `attachment; filename="yilian-Patient-r0.evidence.json"` {
		t.Errorf("%s: %d %v", link, file.Status, file.Header)
	}
	if !strings.Contains(p.text("pre.raw"), `"resourceType": "Patient"`) {
		t.Error("the original is not there")
	}
}

func TestHostileRecordIsOnlyText(t *testing.T) {
	s := newSite(t, &wang)
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
	s.versions = []exchange.Version{
		{Ref: exchange.RecordRef{Org: "donghu", Type: "Condition", ID: "bad"}, Kind: consortium.Diagnoses, Content: content},
	}
	for _, path := range []string{"/me/records", "/me/records/Condition/bad"} {
		p := s.get(path)
		if len(p.all("main script, main img")) != 0 {
			t.Errorf("%s: a record's markup became ours", path)
		}
		if !strings.Contains(p.text("main"), "<script>alert(1)</script>") {
			t.Errorf("%s: the record's words are not shown", path)
		}
	}
}

func TestAccessPages(t *testing.T) {
	s := newSite(t, &wang)
	s.witnessed["access-35"] = true
	first := s.get("/me/access")
	looks := first.all("li.look")
	if len(looks) != 30 || attr(looks[0], "value") != "36" {
		t.Fatalf("%d entries, the first is %s", len(looks), attr(looks[0], "value"))
	}
	refused := words(looks[1])
	for _, want := range []string{"何敏", "青杉社区医院", "医护人员", "诊断和治疗", "已拒绝", "患者已经撤回授权", "第15条", "第 35 号", "已见证"} {
		if !strings.Contains(refused, want) {
			t.Errorf("a refused look does not say %q: %s", want, refused)
		}
	}
	if own := words(looks[0]); !strings.Contains(own, "您本人") || !strings.Contains(own, "等待见证") {
		t.Errorf("the patient's own look: %s", own)
	}
	more := attr(first.all(`a[rel="next"]`)[0], "href")
	rest := s.get(more)
	if n := len(rest.all("li.look")); more != "/me/access?before=7" || n != 6 || len(rest.all(`a[rel="next"]`)) != 0 {
		t.Errorf("%s has %d entries", more, n)
	}
	if got := s.get("/me/access?before=x").Status; got != 200 {
		t.Errorf("a number that is none: %d", got)
	}
}

func TestConsentsPage(t *testing.T) {
	s := newSite(t, &wang)
	p := s.get("/me/consents?done=withdrawn")
	if p.text(`[role="status"]`) != "授权已撤回，从现在起不再提供记录。" {
		t.Error("it is not said that the consent was withdrawn")
	}
	var states []string
	for _, n := range p.all("li.consent .tag") {
		states = append(states, words(n))
	}
	if got := strings.Join(states, " "); got != "有效 等待账本确认 已到期 已撤回" {
		t.Errorf("states: %s", got)
	}
	forms := p.all("li.consent form")
	if len(forms) != 2 {
		t.Fatalf("%d consents can be withdrawn, want 2", len(forms))
	}
	done := s.post(attr(forms[0], "action"), nil)
	if done.Status != http.StatusSeeOther || done.Header.Get("Location") != "/me/consents?done=withdrawn" {
		t.Errorf("withdrawing: %d to %q", done.Status, done.Header.Get("Location"))
	}
	if len(s.withdrawn) != 1 || s.withdrawn[0] != consent.ID(strings.Repeat("a", 64)) {
		t.Errorf("withdrawn: %v", s.withdrawn)
	}
	if p := s.get("/me/consents?done=<script>"); len(p.all(".notice")) != 0 {
		t.Error("a made-up notice is shown")
	}
}

func TestGrant(t *testing.T) {
	s := newSite(t, &wang)
	form := s.get("/me/consents/new")
	if len(form.all("input[checked]")) != 0 {
		t.Error("something is chosen beforehand (PIPL 5)")
	}
	var recipients []string
	for _, n := range form.all(`input[name="who"]`) {
		recipients = append(recipients, attr(n, "value"))
	}
	if got := strings.Join(recipients, ", "); got != "qingshan TREAT, anhe HPAYMT" {
		t.Errorf("recipients: %s", got)
	}
	missing := s.post("/me/consents/new", url.Values{"kind": {"reports"}, "who": {"donghu TREAT"}})
	if missing.Status != 422 || len(missing.all(`[role="alert"] li`)) != 2 ||
		len(missing.all(`input[value="reports"][checked]`)) != 1 {
		t.Errorf("%d, %d problems", missing.Status, len(missing.all(`[role="alert"] li`)))
	}
	p := s.post("/me/consents/new", url.Values{"who": {"qingshan TREAT"}, "kind": {"reports", "nonsense"}, "days": {"30"}})
	var draft consent.Draft
	if err := json.Unmarshal([]byte(p.text("[data-consent-draft]")), &draft); err != nil {
		t.Fatalf("the draft is not JSON: %v", err)
	}
	if st := draft.Statement; st.Recipient != "qingshan" || st.Purpose != consortium.Treatment || len(st.Kinds) != 1 ||
		st.Until != "2026-12-21T12:30:00Z" {
		t.Errorf("statement: %+v", st)
	}
	// The script refuses to sign when the words shown are not those signed, whatever the spaces.
	joined := func(s string) string { return strings.Join(strings.Fields(s), "") }
	if joined(p.text("[data-consent-text]")) != joined(draft.Statement.Text) {
		t.Error("what is shown is not what would be signed")
	}
	for _, selector := range []string{`script[src^="/static/consent.js"]`, `[data-consent-sign][data-post="/api/v1/consents"]`, `button[data-consent-button][hidden]`, `[data-consent-status][role="status"]`, "noscript"} {
		if len(p.all(selector)) != 1 {
			t.Errorf("there is no %s", selector)
		}
	}
	s.fail = fault.New(fault.Forbidden, "CONSENT_GUARDIAN", "")
	if p := s.post("/me/consents/new", url.Values{"who": {"qingshan TREAT"}, "kind": {"reports"}, "days": {"30"}}); p.Status != 403 ||
		!strings.Contains(p.text("main"), "监护人") {
		t.Errorf("a child: %d", p.Status)
	}
}

func TestFindKeepsIdentifiersOutOfAddresses(t *testing.T) {
	s := newSite(t, &he)
	p := s.post("/patients", url.Values{"system": {people.IDCardSystem}, "value": {" " + people.WangXiulanID + " "}})
	if p.Status != http.StatusSeeOther || p.Header.Get("Location") != "/patients/"+string(patientRef) {
		t.Fatalf("%d to %q", p.Status, p.Header.Get("Location"))
	}
	for _, form := range []url.Values{{"system": {people.IDCardSystem}, "value": {" "}}, {"system": {"urn:other"}, "value": {"1"}}, {"system": {people.IDCardSystem}, "value": {strings.Repeat("9", 200)}}} {
		if p := s.post("/patients", form); p.Status != 422 || strings.Contains(p.Body, "999999") {
			t.Errorf("%v: %d", form, p.Status)
		}
	}
	if got := s.get("/patients/990000195803120260").Status; got != 404 {
		t.Errorf("an identity number as an address: %d", got)
	}
}

func TestPatientPage(t *testing.T) {
	s := newSite(t, &he)
	p := s.get("/patients/" + string(patientRef))
	if p.text("h1") != "王秀兰" {
		t.Errorf("h1 is %q", p.text("h1"))
	}
	if got := p.text("main .purpose"); !strings.Contains(got, "诊断和治疗") {
		t.Errorf("the purpose is stated for the doctor without showing it: %q", got)
	}
	insurer := newSite(t, &qin).get("/patients/" + string(patientRef))
	if got := insurer.text("main .purpose"); !strings.Contains(got, "保险理赔") {
		t.Errorf("the purpose is stated for the assessor without showing it: %q", got)
	}
	rows := p.all("table.holdings tbody tr")
	if len(rows) != 2 || !strings.Contains(words(rows[0]), "东湖示范医院 本机构") {
		t.Fatalf("%d members hold something", len(rows))
	}
	if n := len(p.all(`input[name="custodian"]`)); n != 1 ||
		attr(p.all(`input[name="custodian"]`)[0], "value") != "qingshan" {
		t.Errorf("%d members can be asked", n)
	}
	if strings.Contains(p.Body, people.WangXiulanID) {
		t.Error("the identity number stands on the page unmasked")
	}
	s.fail = exchange.NewRefused(
		consortium.Decision{Reasons: []consortium.Reason{{Code: "NO_TREATMENT_RELATION", Article: "PIPL 6, 28"}}},
	)
	refused := s.get("/patients/" + string(patientRef))
	if refused.Status != 200 || len(refused.all(".entry, .holdings, form.form")) != 0 ||
		!strings.Contains(refused.text("main"), "请先为患者登记就诊") {
		t.Errorf("a patient in nobody's care: %d, something is shown", refused.Status)
	}
	s.fail = errPlain
	if got := s.get("/patients/" + string(patientRef)).Status; got != 500 {
		t.Errorf("a fault taken for a refusal: %d", got)
	}
}

func TestAsk(t *testing.T) {
	ask := "/patients/" + string(patientRef) + "/ask"
	form := url.Values{"custodian": {"qingshan"}, "purpose": {"TREAT"}, "kind": {"reports", "observations"}}
	s := newSite(t, &he)
	s.result = release.Result{ID: "8d1c6f1e"}
	p := s.post(ask, form)
	if p.Status != http.StatusSeeOther || p.Header.Get("Location") != "/releases/8d1c6f1e" ||
		s.asked[0] != "ask he TREAT qingshan [reports observations]" {
		t.Errorf("%d to %q, asked %q", p.Status, p.Header.Get("Location"), s.asked)
	}
	// Our own policy refused: nothing was sent, and the page must not claim that it was.
	s.result = release.Result{
		Custodian: "qingshan",
		Decision: consortium.Decision{
			Query:   consortium.Query{Custodian: "donghu"},
			Reasons: []consortium.Reason{{Code: "NO_TREATMENT_RELATION", Article: "PIPL 6, 28"}},
		},
	}
	p = s.post(ask, form)
	if p.Status != 403 || !strings.Contains(p.text("main"), "由东湖示范医院决定") || !strings.Contains(p.text("main"), "申请没有发出") {
		t.Errorf("%d %s", p.Status, p.text("main"))
	}
	for _, change := range []url.Values{{"custodian": {"donghu"}}, {"custodian": {"nobody"}}, {"purpose": {"FUN"}}, {"kind": {"secrets"}}, {"kind": {}}} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		for k, v := range change {
			bad[k] = v
		}
		s.asked = nil
		if p := s.post(ask, bad); p.Status != 422 || len(p.all(`[role="alert"] li`)) != 1 ||
			strings.Contains(strings.Join(s.asked, " "), "ask ") {
			t.Errorf("%v: %d, asked %q", change, p.Status, s.asked)
		}
	}
}

func TestReleaseRefusedTellsTheWay(t *testing.T) {
	s := newSite(t, &he)
	s.result = release.Result{
		ID:        "x",
		Custodian: "qingshan",
		Patient:   patientRef,
		Decision: consortium.Decision{
			Query:   consortium.Query{Custodian: "qingshan"},
			Reasons: []consortium.Reason{{Code: "CONSENT_KIND", Article: "PIPL 14, 23"}},
		},
	}
	p := s.get("/releases/x")
	if p.Status != 403 || attr(p.all(".tell a")[0], "href") != "http://127.0.0.1:8082/me/consents/new" ||
		!strings.Contains(p.text("main"), "第14、23条") {
		t.Errorf("%d %s", p.Status, p.text("main"))
	}
	// What was received before, and is shown no more: our own policy refused, although a request was sent.
	s.result.Decision.Query.Custodian = "donghu"
	if p := s.get("/releases/x"); p.Status != 403 || !strings.Contains(p.text("main"), "由东湖示范医院决定") {
		t.Errorf("a copy that is shown no more: %d %s", p.Status, p.text("main"))
	}
	s.result.Decision.Query.Custodian = "qingshan"
	s.result.Decision.Reasons = []consortium.Reason{{Code: "MARKETING_PROHIBITED", Article: "PIPL 10, 28"}}
	if p := s.get("/releases/x"); len(p.all(".tell")) != 0 {
		t.Error("a consent is proposed where none can help")
	}
}

func TestAuditPage(t *testing.T) {
	p := newSite(t, &gu).get("/audit")
	if n := len(p.all("li.log")); n != 4 {
		t.Errorf("%d logs", n)
	}
	if got := p.text(".notice"); !strings.Contains(got, "有 1 个成员") {
		t.Errorf("summary: %s", got)
	}
	if bar := p.all("li.log .log-witnessed"); attr(bar[2], "width") != "53.8" {
		t.Errorf("700 of 1300 is drawn as %s", attr(bar[2], "width"))
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
	s := newSite(t, &gu)
	if p := s.do(upload(t, "not evidence")); p.Status != 422 || p.text(`[role="alert"]`) != "这不是证据文件，或者它已损坏。" {
		t.Errorf("%d", p.Status)
	}
	if p := s.do(upload(t, "")); p.Status != 422 {
		t.Errorf("an empty file: %d", p.Status)
	}
	if p := s.do(upload(t, strings.Repeat(" ", 33<<20))); p.Status != http.StatusRequestEntityTooLarge {
		t.Errorf("a huge file: %d", p.Status)
	}
	forged := `{"type":"yilian/evidence","version":1,"statement":{"v":1,"org":"donghu","type":"Observation","id":"x","version":1,"sha256":"00",` +
		`"recorded":"2026-11-21T00:00:00Z","deleted":false},"content":"e30=","salt":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","leaf":"{}","proof":"x","key":"k","attestation":"eA=="}`
	p := s.do(upload(t, forged))
	if p.Status != 200 || p.text("#verdict") != "✕ 核验未通过" || len(p.all("li.step")) != 6 || len(p.all("li.step-ok")) != 0 ||
		len(p.all("li.step-skip")) == 0 {
		t.Errorf("a forged file: %d %s", p.Status, p.text("main"))
	}
}

func TestEvidenceOfWhatWasReceived(t *testing.T) {
	s := newSite(t, &he)
	s.result = release.Result{
		ID:        "x",
		Custodian: "qingshan",
		Patient:   patientRef,
		Decision: consortium.Decision{
			Allow:   true,
			Reasons: []consortium.Reason{{Code: "PATIENT_CONSENT", Article: "PIPL 23, 29"}},
		},
		Records: []exchange.Version{
			{
				Ref:     exchange.RecordRef{Org: "qingshan", Type: "Observation", ID: "o1"},
				Kind:    consortium.Observations,
				Content: []byte(`{"resourceType":"Observation"}`),
			},
		},
	}
	link := s.get("/releases/x").all(`a[href$="/evidence"]`)
	if len(link) != 1 || attr(link[0], "href") != "/releases/x/Observation/o1/evidence" {
		t.Fatalf("%d links to evidence", len(link))
	}
	file := s.get(attr(link[0], "href"))
	if file.Status != 200 || !strings.Contains(file.Header.Get("Content-Disposition"), "attachment") ||
		s.asked[len(s.asked)-1] != "evidence of x Observation/o1" {
		t.Errorf("%d %q asked %q", file.Status, file.Header.Get("Content-Disposition"), s.asked)
	}
	s.result.Decision.Allow = false
	s.result.Records = nil
	if n := len(s.get("/releases/x").all(`a[href$="/evidence"]`)); n != 0 {
		t.Errorf("a refusal offers %d evidence files", n)
	}
}
