package clinician_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/release"
	"yilian.example/gateway/internal/web/clinician"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/view"
	"yilian.example/gateway/internal/web/webtest"
	"yilian.example/scripts/demo/people"
)

// open returns the pages of those who treat or assess, over fakes, for one caller.
func open(t testing.TB, caller *consortium.Actor) *webtest.World {
	w := webtest.NewWorld(t, caller)
	return w.Open(func(s *site.Site) error {
		return clinician.Register(s, clinician.Deps{
			Systems: []string{people.IDCardSystem, "urn:example:passport"}, Ref: w.Ref,
			Records: w, Holdings: w, Requests: w, Evidence: w,
		})
	})
}

func TestPagesInBothLanguages(t *testing.T) {
	refused := func(s *webtest.World) {
		s.Result = release.Result{ID: "x", Custodian: "qingshan", Patient: webtest.PatientRef, Decision: consortium.Decision{
			Reasons: []consortium.Reason{{Code: "CONSENT_MISSING", Article: "PIPL 23, 29"}}}}
	}
	allowed := func(s *webtest.World) {
		s.Result = release.Result{
			ID:        "x",
			Custodian: "qingshan",
			Patient:   webtest.PatientRef,
			Received:  webtest.Now,
			Expires:   webtest.Now.AddDate(0, 0, 1),
			Records:   s.Versions,
			Decision: consortium.Decision{
				Allow:   true,
				Consent: strings.Repeat("a", 64),
				Query:   consortium.Query{Purpose: consortium.Treatment},
				Reasons: []consortium.Reason{{Code: "PATIENT_CONSENT", Article: "PIPL 23, 29"}},
			},
		}
	}
	outside := func(s *webtest.World) {
		s.Fail = exchange.NewRefused(
			consortium.Decision{Reasons: []consortium.Reason{{Code: "NO_TREATMENT_RELATION", Article: "PIPL 6, 28"}}},
		)
	}
	nothing := func(s *webtest.World) { s.Versions, s.Entries, s.Grants, s.Holdings = nil, nil, nil, nil }
	webtest.CheckVisits(t, open, []webtest.Visit{
		{Name: "find", Caller: &webtest.He, Path: "/patients", Status: 200},
		{
			Name: "find, impossible number", Caller: &webtest.He, Path: "/patients",
			Form: url.Values{"system": {people.IDCardSystem}, "value": {"not a number"}}, Status: 422,
		},
		{Name: "patient", Caller: &webtest.He, Path: "/patients/" + string(webtest.PatientRef), Status: 200},
		{
			Name: "patient whom nobody knows", Caller: &webtest.He, Path: "/patients/" + string(webtest.PatientRef),
			Status: 200, Change: nothing,
		},
		{
			Name: "patient in nobody's care", Caller: &webtest.He, Path: "/patients/" + string(webtest.PatientRef),
			Status: 200, Change: outside,
		},
		{
			Name: "patient, for an assessor", Caller: &webtest.Qin, Path: "/patients/" + string(webtest.PatientRef),
			Status: 200,
		},
		{
			Name: "ask, nothing chosen", Caller: &webtest.He, Path: "/patients/" + string(webtest.PatientRef) + "/ask",
			Form: url.Values{}, Status: 422,
		},
		{Name: "release", Caller: &webtest.He, Path: "/releases/x", Status: 200, Change: allowed},
		{
			Name: "release in parts", Caller: &webtest.He, Path: "/releases/x", Status: 200,
			Change: func(s *webtest.World) { allowed(s); s.Result.More, s.Result.Held = true, 2985 },
		},
		{
			Name: "last part of a release", Caller: &webtest.He, Path: "/releases/x", Status: 200,
			Change: func(s *webtest.World) { allowed(s); s.Result.Held = 2985 },
		},
		{Name: "release refused", Caller: &webtest.He, Path: "/releases/x", Status: 403, Change: refused},
	})
}

func TestFindKeepsIdentifiersOutOfAddresses(t *testing.T) {
	s := open(t, &webtest.He)
	p := s.Post("/patients", url.Values{"system": {people.IDCardSystem}, "value": {" " + people.WangXiulanID + " "}})
	if p.Status != http.StatusSeeOther || p.Header.Get("Location") != "/patients/"+string(webtest.PatientRef) {
		t.Fatalf("%d to %q", p.Status, p.Header.Get("Location"))
	}
	for _, form := range []url.Values{
		{"system": {people.IDCardSystem}, "value": {" "}}, {"system": {"urn:other"}, "value": {"1"}},
		{"system": {people.IDCardSystem}, "value": {strings.Repeat("9", 200)}},
	} {
		if p := s.Post("/patients", form); p.Status != 422 || strings.Contains(p.Body, "999999") {
			t.Errorf("%v: %d", form, p.Status)
		}
	}
	if got := s.Get("/patients/990000195803120260").Status; got != 404 {
		t.Errorf("an identity number as an address: %d", got)
	}
}

// TestWhatIsTooLargeForTheListLeadsToItsPage opens by itself what the list leaves out, of this patient only.
func TestWhatIsTooLargeForTheListLeadsToItsPage(t *testing.T) {
	s := open(t, &webtest.He)
	i := slices.IndexFunc(s.Versions, func(v exchange.Version) bool { return v.Ref.Type == "Condition" })
	whole := s.Versions[i]
	s.Versions[i].Content, s.Versions[i].Omitted = nil, true
	page := "/patients/" + string(webtest.PatientRef)
	address := page + "/records/Condition/" + whole.Ref.ID
	p := s.Get(page)
	if !strings.Contains(p.Text("#diagnoses"), "内容太大，不在列表里显示") || !strings.Contains(p.Body, `href="`+address+`"`) {
		t.Errorf("the list: %s", p.Text("#diagnoses"))
	}
	whole.Patient = webtest.PatientRef
	s.Versions[i] = whole
	if got := s.Get(address); got.Status != 200 || !strings.Contains(got.Text("main .purpose"), "诊断和治疗") ||
		len(got.All("article.entry")) != 1 {
		t.Errorf("by itself: %d", got.Status)
	}
	s.Versions[i].Patient = "another"
	if got := s.Get(address).Status; got != 404 {
		t.Errorf("another patient's record: %d", got)
	}
	s.Versions[i] = whole
	s.Fail = exchange.NewRefused(consortium.Decision{})
	if got := s.Get(address).Status; got != 404 {
		t.Errorf("what the policy refuses: %d", got)
	}
}

func TestPatientPage(t *testing.T) {
	s := open(t, &webtest.He)
	p := s.Get("/patients/" + string(webtest.PatientRef))
	if p.Text("h1") != "王秀兰" {
		t.Errorf("h1 is %q", p.Text("h1"))
	}
	if got := p.Text("main .purpose"); !strings.Contains(got, "诊断和治疗") {
		t.Errorf("the purpose is stated for the doctor without showing it: %q", got)
	}
	insurer := open(t, &webtest.Qin).Get("/patients/" + string(webtest.PatientRef))
	if got := insurer.Text("main .purpose"); !strings.Contains(got, "保险理赔") {
		t.Errorf("the purpose is stated for the assessor without showing it: %q", got)
	}
	rows := p.All("table.holdings tbody tr")
	if len(rows) != 2 || !strings.Contains(webtest.Words(rows[0]), "东湖示范医院 本机构") {
		t.Fatalf("%d members hold something", len(rows))
	}
	if n := len(p.All(`input[name="custodian"]`)); n != 1 ||
		webtest.Attr(p.All(`input[name="custodian"]`)[0], "value") != "qingshan" {
		t.Errorf("%d members can be asked", n)
	}
	if strings.Contains(p.Body, people.WangXiulanID) {
		t.Error("the identity number stands on the page unmasked")
	}
	s.Fail = exchange.NewRefused(
		consortium.Decision{Reasons: []consortium.Reason{{Code: "NO_TREATMENT_RELATION", Article: "PIPL 6, 28"}}},
	)
	refused := s.Get("/patients/" + string(webtest.PatientRef))
	if refused.Status != 200 || len(refused.All(".entry, .holdings, form.form")) != 0 ||
		!strings.Contains(refused.Text("main"), "请先为患者登记就诊") {
		t.Errorf("a patient in nobody's care: %d, something is shown", refused.Status)
	}
	s.Fail = webtest.ErrPlain
	if got := s.Get("/patients/" + string(webtest.PatientRef)).Status; got != 500 {
		t.Errorf("a fault taken for a refusal: %d", got)
	}
}

func TestAsk(t *testing.T) {
	ask := "/patients/" + string(webtest.PatientRef) + "/ask"
	form := url.Values{"custodian": {"qingshan"}, "purpose": {"TREAT"}, "kind": {"reports", "observations"}}
	s := open(t, &webtest.He)
	s.Result = release.Result{ID: "8d1c6f1e"}
	p := s.Post(ask, form)
	if p.Status != http.StatusSeeOther || p.Header.Get("Location") != "/releases/8d1c6f1e" ||
		s.Asked[0] != "ask he TREAT qingshan [reports observations]" {
		t.Errorf("%d to %q, asked %q", p.Status, p.Header.Get("Location"), s.Asked)
	}
	// Our own policy refused: nothing was sent, and the page must not claim that it was.
	s.Result = release.Result{
		Custodian: "qingshan",
		Decision: consortium.Decision{
			Query:   consortium.Query{Custodian: "donghu"},
			Reasons: []consortium.Reason{{Code: "NO_TREATMENT_RELATION", Article: "PIPL 6, 28"}},
		},
	}
	p = s.Post(ask, form)
	if p.Status != 403 || !strings.Contains(p.Text("main"), "由东湖示范医院决定") || !strings.Contains(p.Text("main"), "申请没有发出") {
		t.Errorf("%d %s", p.Status, p.Text("main"))
	}
	for _, change := range []url.Values{
		{"custodian": {"donghu"}}, {"custodian": {"nobody"}}, {"purpose": {"FUN"}}, {"kind": {"secrets"}},
		{"kind": {}},
	} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		for k, v := range change {
			bad[k] = v
		}
		s.Asked = nil
		if p := s.Post(ask, bad); p.Status != 422 || len(p.All(`[role="alert"] li`)) != 1 ||
			strings.Contains(strings.Join(s.Asked, " "), "ask ") {
			t.Errorf("%v: %d, asked %q", change, p.Status, s.Asked)
		}
	}
}

func TestReleaseRefusedTellsTheWay(t *testing.T) {
	s := open(t, &webtest.He)
	s.Result = release.Result{
		ID:        "x",
		Custodian: "qingshan",
		Patient:   webtest.PatientRef,
		Decision: consortium.Decision{
			Query:   consortium.Query{Custodian: "qingshan"},
			Reasons: []consortium.Reason{{Code: "CONSENT_KIND", Article: "PIPL 14, 23"}},
		},
	}
	p := s.Get("/releases/x")
	if p.Status != 403 || webtest.Attr(p.All(".tell a")[0], "href") != "http://127.0.0.1:8082/me/consents/new" ||
		!strings.Contains(p.Text("main"), "第14、23条") {
		t.Errorf("%d %s", p.Status, p.Text("main"))
	}
	// What was received before, and is shown no more: our own policy refused, although a request was sent.
	s.Result.Decision.Query.Custodian = "donghu"
	if p := s.Get("/releases/x"); p.Status != 403 || !strings.Contains(p.Text("main"), "由东湖示范医院决定") {
		t.Errorf("a copy that is shown no more: %d %s", p.Status, p.Text("main"))
	}
	s.Result.Decision.Query.Custodian = "qingshan"
	s.Result.Decision.Reasons = []consortium.Reason{{Code: "MARKETING_PROHIBITED", Article: "PIPL 10, 28"}}
	if p := s.Get("/releases/x"); len(p.All(".tell")) != 0 {
		t.Error("a consent is proposed where none can help")
	}
}

func TestEvidenceOfWhatWasReceived(t *testing.T) {
	s := open(t, &webtest.He)
	s.Result = release.Result{
		ID:        "x",
		Custodian: "qingshan",
		Patient:   webtest.PatientRef,
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
	link := s.Get("/releases/x").All(`a[href$="/evidence"]`)
	if len(link) != 1 || webtest.Attr(link[0], "href") != "/releases/x/Observation/o1/evidence" {
		t.Fatalf("%d links to evidence", len(link))
	}
	file := s.Get(webtest.Attr(link[0], "href"))
	if file.Status != 200 || !strings.Contains(file.Header.Get("Content-Disposition"), "attachment") ||
		s.Asked[len(s.Asked)-1] != "evidence of x Observation/o1" {
		t.Errorf("%d %q asked %q", file.Status, file.Header.Get("Content-Disposition"), s.Asked)
	}
	s.Result.Decision.Allow = false
	s.Result.Records = nil
	if n := len(s.Get("/releases/x").All(`a[href$="/evidence"]`)); n != 0 {
		t.Errorf("a refusal offers %d evidence files", n)
	}
}

// TestManyResultsHideNothing: with thousands of results, name, allergies, diagnoses and medicines vanished, and the
// page said that it showed all.
func TestManyResultsHideNothing(t *testing.T) {
	webtest.CheckManyResults(t, open(t, &webtest.He), "/patients/"+string(webtest.PatientRef))
}

// TestBannerTellsNoneFromNotReached: that no allergy is recorded is not that there is none, nor that nobody asked.
func TestBannerTellsNoneFromNotReached(t *testing.T) {
	s := open(t, &webtest.He)
	allergic := func(v exchange.Version) bool { return v.Ref.Type == "AllergyIntolerance" }
	s.Versions = slices.DeleteFunc(s.Versions, allergic)
	got := s.Get("/patients/" + string(webtest.PatientRef)).Text(".banner")
	if !strings.Contains(got, "没有过敏记录（不等于不过敏，请询问）") ||
		!strings.Contains(got, "女") || !strings.Contains(got, "岁") || !strings.Contains(got, "证件尾号 0260") {
		t.Errorf("none recorded: %s", got)
	}
}

// TestReportOpensToItsValues: a report opened to an empty box.
func TestReportOpensToItsValues(t *testing.T) {
	s := open(t, &webtest.He)
	i := slices.IndexFunc(s.Versions, func(v exchange.Version) bool { return v.Ref.Type == "DiagnosticReport" })
	o := slices.IndexFunc(s.Versions, func(v exchange.Version) bool { return v.Ref.Type == "Observation" })
	s.Versions[i].Content = []byte(`{"resourceType":"DiagnosticReport","code":{"text":"报告"},"conclusion":"偏高",` +
		`"result":[{"reference":"Observation/` + s.Versions[o].Ref.ID + `"},{"reference":"Observation/gone"}]}`)
	address := "/patients/" + string(webtest.PatientRef) + "/records" + "/DiagnosticReport/" + s.Versions[i].Ref.ID
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
	head := open(t, &webtest.He).Get("/patients/" + string(webtest.PatientRef)).Text(".print-head")
	for _, want := range []string{"东湖示范医院", "患者：王秀兰", "打印于 2026年11月21日 20:30"} {
		if !strings.Contains(head, want) {
			t.Errorf("%q lacks %s", head, want)
		}
	}
}

// TestReleaseNamesThePatient: with two tabs open, records and refusals of one person were taken for another's.
func TestReleaseNamesThePatient(t *testing.T) {
	s := open(t, &webtest.He)
	decided := consortium.Decision{Query: consortium.Query{Kinds: []consortium.Kind{consortium.Reports}}}
	s.Result = release.Result{ID: "x", Custodian: "qingshan", Patient: webtest.PatientRef, Decision: decided}
	refused := s.Get("/releases/x").Text(".banner")
	if !strings.Contains(refused, "王秀兰") || !strings.Contains(refused, "证件尾号 0260") {
		t.Errorf("a refusal: %s", refused)
	}
	s.Result.Decision.Allow = true
	if got := s.Get("/releases/x").Text(".banner .alert-wait"); !strings.Contains(got, "过敏史") {
		t.Errorf("diagnoses were not asked for: %s", got)
	}
	s.Result.Decision.Query.Kinds = view.BannerKinds()
	s.Result.Records = []exchange.Version{{
		Ref:  exchange.RecordRef{Org: "qingshan", Type: "AllergyIntolerance", ID: "a"},
		Kind: consortium.Diagnoses, Content: []byte(`{"resourceType":"AllergyIntolerance","code":{"text":"头孢"}}`),
	}}
	p := s.Get("/releases/x")
	if !strings.Contains(p.Text(".banner .alert-bad"), "头孢") || len(p.All(".banner .alert-wait")) != 0 {
		t.Errorf("what came: %s", p.Text(".banner"))
	}
	if !strings.Contains(p.Text(".print-head"), "患者：王秀兰") {
		t.Errorf("on paper: %s", p.Text(".print-head"))
	}
	s.Fail = exchange.NewRefused(consortium.Decision{})
	other := open(t, &webtest.Qin)
	other.Result = release.Result{ID: "x", Custodian: "qingshan", Patient: webtest.PatientRef, Decision: decided}
	if got := other.Get("/releases/x").Text(".banner"); !strings.Contains(got, "过敏史未取到") {
		t.Errorf("for an assessor, refused: %s", got)
	}
}
