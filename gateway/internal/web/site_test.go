package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/cascadia"
	"github.com/gin-gonic/gin"
	"golang.org/x/net/html"

	"yilian.example/consent"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
	"yilian.example/exchange/release"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/auth"
	"yilian.example/gateway/internal/web/auditor"
	"yilian.example/gateway/internal/web/clinician"
	"yilian.example/gateway/internal/web/patient"
	shell "yilian.example/gateway/internal/web/site"
	"yilian.example/scripts/demo/people"
)

var now = time.Date(2026, 11, 21, 12, 30, 0, 0, time.UTC)

var members = []config.Member{
	{
		ID:        "donghu",
		NameZH:    "东湖示范医院",
		NameEN:    "Donghu Model Hospital",
		Kind:      "hospital",
		PublicURL: "http://127.0.0.1:8081",
	},
	{
		ID:        "qingshan",
		NameZH:    "青杉社区医院",
		NameEN:    "Qingshan Community Hospital",
		Kind:      "hospital",
		PublicURL: "http://127.0.0.1:8082",
	},
	{ID: "anhe", NameZH: "安禾健康保险", NameEN: "Anhe Insurance", Kind: "insurer", PublicURL: "http://127.0.0.1:8083"},
	{
		ID:        "weijian",
		NameZH:    "示范区卫生健康委员会",
		NameEN:    "Health Commission",
		Kind:      "commission",
		PublicURL: "http://127.0.0.1:8084",
	},
}

var (
	patientRef = consortium.NewPatientRef([]byte("a key for tests"), people.IDCardSystem, people.WangXiulanID)
	wang       = consortium.Actor{
		ID:      "wang",
		Name:    "王秀兰",
		Org:     "donghu",
		Role:    consortium.RolePatient,
		Patient: patientRef,
	}
	he  = consortium.Actor{ID: "he", Name: "何敏", Org: "donghu", Role: consortium.RoleClinician}
	gu  = consortium.Actor{ID: "gu", Name: "顾清", Org: "donghu", Role: consortium.RoleAuditor}
	qin = consortium.Actor{ID: "qin", Name: "秦硕", Org: "donghu", Role: consortium.RoleAssessor}
)

// site is the pages over fakes, for one caller.
type site struct {
	t       testing.TB
	handler http.Handler
	caller  *consortium.Actor // nil: nobody is signed in

	versions  []exchange.Version
	entries   []exchange.AccessEntry
	witnessed map[string]bool
	grants    []consent.Consent
	withdrawn []consent.ID
	holdings  []exchange.Holding
	result    release.Result
	logs      []auditor.LogState
	asked     []string // what reached the services, for tests to look at
	fail      error    // what every service answers, where set
}

func newSite(t testing.TB, caller *consortium.Actor) *site {
	gin.SetMode(gin.TestMode)
	s := &site{t: t, caller: caller, versions: demoVersions(t), witnessed: map[string]bool{}}
	s.entries, s.grants, s.holdings, s.logs = demoAccess(), demoConsents(), demoHoldings(), demoLogs()
	for i := range s.versions {
		s.witnessed[s.versions[i].Entry] = i%7 != 0
	}
	r := gin.New()
	pages, err := shell.New(r, shell.Deps{
		Org: "donghu", Members: members, Authenticate: s.authenticate, Log: slog.New(slog.DiscardHandler),
		Now:       func() time.Time { return now },
		RequestID: func(*gin.Context) string { return "4f1c0a52-6d0e-4a44-9d4f-2f1f5e0c7a11" },
	})
	if err != nil {
		t.Fatal(err)
	}
	verify := func(file []byte) (evidence.Report, error) { return evidence.Verify(file, nil, evidence.Options{}) }
	for _, err := range []error{
		patient.Register(pages, patient.Deps{Records: s, Access: s, Proofs: s, Evidence: s, Consents: consents{s}}),
		clinician.Register(pages, clinician.Deps{
			Systems: []string{people.IDCardSystem, "urn:example:passport"}, Ref: s.ref,
			Records: s, Holdings: s, Requests: s, Evidence: s,
		}),
		auditor.Register(pages, auditor.Deps{MemberLogs: s, Verify: verify}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	r.NoRoute(func(c *gin.Context) { pages.Fail(c, fault.New(fault.NotFound, "NOT_FOUND", "")) })
	s.handler = r
	return s
}

// authenticate stands in for auth.Auth: through its real middleware for the roles, with the caller given.
func (s *site) authenticate(fail auth.Fail) gin.HandlerFunc {
	return func(c *gin.Context) {
		auth.SetFail(c, fail)
		if s.caller != nil {
			c.Request = c.Request.WithContext(auth.WithActor(c.Request.Context(), *s.caller))
		}
		c.Next()
	}
}

func (s *site) List(
	_ context.Context, a consortium.Actor, purpose consortium.Purpose, p consortium.PatientRef, kinds []consortium.Kind,
) ([]exchange.Version, error) {
	s.asked = append(s.asked, fmt.Sprintf("list %s %s %s %d", a.ID, purpose, p, len(kinds)))
	return s.versions, s.fail
}

func (s *site) Read(
	_ context.Context, a consortium.Actor, _ consortium.Purpose, ref exchange.RecordRef, _ int,
) (exchange.Version, error) {
	for _, v := range s.versions {
		if v.Ref == ref {
			return v, s.fail
		}
	}
	return exchange.Version{}, fault.New(fault.NotFound, "NOT_FOUND", "There is no such record.")
}

func (s *site) AccessLog(
	_ context.Context, _ consortium.PatientRef, before int64, limit int,
) ([]exchange.AccessEntry, error) {
	var out []exchange.AccessEntry
	for _, e := range s.entries {
		if (before == 0 || e.Seq < before) && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, s.fail
}

func (s *site) Witnessed(context.Context, []string) (map[string]bool, error) { return s.witnessed, nil }

func (s *site) ReceivedEvidence(_ context.Context, who consortium.Actor, release, typ, id string) ([]byte, error) {
	s.asked = append(s.asked, "evidence of "+release+" "+typ+"/"+id)
	return []byte("{}"), s.fail
}

func (s *site) Evidence(_ context.Context, _ consortium.Actor, _ consortium.Purpose, typ, id string) ([]byte, error) {
	return []byte(`{"type":"yilian/evidence"}`), s.fail
}

// consents is the site as web.Consents, whose List is another than that of web.Records.
func (s *site) listConsents() ([]consent.Consent, error) { return s.grants, s.fail }

func (s *site) Locate(
	context.Context, consortium.Actor, consortium.Purpose, consortium.PatientRef,
) ([]exchange.Holding, error) {
	return s.holdings, s.fail
}

func (s *site) Ask(
	_ context.Context, a consortium.Actor, purpose consortium.Purpose, p consortium.PatientRef,
	custodian consortium.OrgID, kinds []consortium.Kind,
) (release.Result, error) {
	s.asked = append(s.asked, fmt.Sprintf("ask %s %s %s %v", a.ID, purpose, custodian, kinds))
	return s.result, s.fail
}

func (s *site) Show(context.Context, consortium.Actor, string) (release.Result, error) {
	return s.result, s.fail
}

func (s *site) Logs(context.Context) ([]auditor.LogState, error) { return s.logs, s.fail }

func (s *site) ref(_, value string) (consortium.PatientRef, error) {
	if value == "not a number" {
		return "", fault.New(fault.Invalid, "IDENTIFIER", "")
	}
	return patientRef, nil
}

// consents is web.Consents over the site.
type consents struct{ *site }

func (s consents) List(context.Context, consortium.Actor) ([]consent.Consent, error) {
	return s.listConsents()
}

func (s consents) Withdraw(_ context.Context, _ consortium.Actor, id consent.ID) (consent.Consent, error) {
	s.withdrawn = append(s.withdrawn, id)
	return consent.Consent{}, s.fail
}

func (s consents) Draft(_ context.Context, a consortium.Actor, choice consent.Choice) (consent.Draft, error) {
	terms := consent.Terms{
		Patient:   a.Patient,
		Custodian: "donghu",
		Recipient: choice.Recipient,
		Purpose:   choice.Purpose,
		Kinds:     choice.Kinds,
		From:      now,
		Until:     choice.Until,
		Notice:    consent.NoticeVersion,
		Lang:      choice.Lang,
	}
	party := func(m config.Member) consent.Party {
		return consent.Party{ID: consortium.OrgID(m.ID), NameZH: m.NameZH, NameEN: m.NameEN, Contact: m.PublicURL}
	}
	text := consent.Text(terms, party(members[0]), party(members[1]))
	return consent.Draft{
		Statement: consent.NewStatement("", terms, text),
		Salt:      make([]byte, 32),
		Until:     terms.Until.Unix(),
	}, s.fail
}

// demoVersions is what the hospital holds on the first of the demonstration's people.
func demoVersions(t testing.TB) []exchange.Version {
	var bundle struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal(people.Demo(now)[0].Bundle, &bundle); err != nil {
		t.Fatal(err)
	}
	var out []exchange.Version
	for i, e := range bundle.Entry {
		var head struct{ ResourceType string }
		if err := json.Unmarshal(e.Resource, &head); err != nil {
			t.Fatal(err)
		}
		class, known := fhir.ClassOf(head.ResourceType)
		if !known || !class.Kind.Valid() {
			continue
		}
		out = append(out, exchange.Version{
			Ref: exchange.RecordRef{
				Org:  "donghu",
				Type: head.ResourceType,
				ID:   fmt.Sprintf("r%d", i),
			}, Number: 1, Patient: patientRef, Kind: class.Kind,
			Recorded: now.Add(-time.Hour), Content: e.Resource, Entry: fmt.Sprintf("entry-%d", i),
		})
	}
	return out
}

func demoAccess() []exchange.AccessEntry {
	asker := consortium.Actor{ID: "he", Name: "何敏", Org: "qingshan", Role: consortium.RoleClinician}
	zhao := consortium.Actor{ID: "zhao", Name: "赵琳", Org: "donghu", Role: consortium.RoleClinician}
	his := consortium.Actor{ID: "his", Org: "donghu", Role: consortium.RoleSystem}
	kinds := []consortium.Kind{consortium.Observations, consortium.Reports}
	line := func(seq int64, a consortium.Actor, purpose consortium.Purpose, action consortium.Action, allow bool, code, article string, ks []consortium.Kind) exchange.AccessEntry {
		return exchange.AccessEntry{
			Seq:   seq,
			Entry: fmt.Sprintf("access-%d", seq),
			Time:  now.Add(-time.Duration(40-seq) * 17 * time.Minute),
			Decision: consortium.Decision{
				Query: consortium.Query{
					Actor:     a,
					Purpose:   purpose,
					Action:    action,
					Custodian: "donghu",
					Patient:   patientRef,
					Kinds:     ks,
				},
				Allow: allow, Reasons: []consortium.Reason{{Code: code, Article: article}},
			},
		}
	}
	all := consortium.PatientKinds()
	out := []exchange.AccessEntry{
		line(36, wang, consortium.PatientRequest, consortium.ActionRead, true, "PATIENT_SELF", "PIPL 45", all),
		line(35, asker, consortium.Treatment, consortium.ActionRelease, false, "CONSENT_WITHDRAWN", "PIPL 15", kinds),
		line(34, asker, consortium.Treatment, consortium.ActionRelease, true, "PATIENT_CONSENT", "PIPL 23, 29", kinds),
		line(33, asker, consortium.Treatment, consortium.ActionRelease, false, "CONSENT_MISSING", "PIPL 23, 29", kinds),
		line(32, zhao, consortium.Treatment, consortium.ActionRead, true, "TREATMENT_RELATION", "PIPL 13(2), 28", all),
	}
	for seq := int64(31); seq > 0; seq-- {
		out = append(
			out,
			line(
				seq, his, consortium.Operations, consortium.ActionStore, true, "RECORD_KEEPING", "PIPL 13(2), 13(3)",
				[]consortium.Kind{consortium.Observations},
			),
		)
	}
	return out
}

func demoConsents() []consent.Consent {
	one := func(id string, recipient consortium.OrgID, purpose consortium.Purpose, state consent.State, until time.Time) consent.Consent {
		return consent.Consent{
			ID:        consent.ID(strings.Repeat(id, 64)),
			State:     state,
			CreatedAt: now.Add(-48 * time.Hour),
			Terms: consent.Terms{
				Patient: patientRef, Custodian: "donghu", Recipient: recipient, Purpose: purpose, Kinds: []consortium.Kind{consortium.Diagnoses, consortium.Observations, consortium.Reports},
				From: now.Add(-48 * time.Hour), Until: until,
			},
		}
	}
	gone := one("d", "anhe", consortium.Payment, consent.Withdrawn, now.Add(90*24*time.Hour))
	gone.WithdrawnAt = now.Add(-time.Hour)
	return []consent.Consent{
		one("a", "qingshan", consortium.Treatment, consent.Granted, now.Add(28*24*time.Hour)),
		one("b", "anhe", consortium.Payment, consent.Pending, now.Add(7*24*time.Hour)),
		one("c", "qingshan", consortium.Treatment, consent.Granted, now.Add(-time.Hour)),
		gone,
	}
}

func demoHoldings() []exchange.Holding {
	var out []exchange.Holding
	for i, kind := range consortium.PatientKinds() {
		out = append(out, exchange.Holding{Org: "donghu", Kind: kind, Count: 1 + i*3, Latest: now.AddDate(0, 0, -i)})
		if i%2 == 0 {
			out = append(out, exchange.Holding{Org: "qingshan", Kind: kind, Count: 2 + i, Latest: now.AddDate(0, -i, 0)})
		}
	}
	return out
}

func demoLogs() []auditor.LogState {
	log := func(org consortium.OrgID, published, witnessed int64) auditor.LogState {
		return auditor.LogState{
			Org:         org,
			Origin:      string(org) + ".yilian.example/log",
			Published:   published,
			Witnessed:   witnessed,
			WitnessedAt: now.Add(-3 * time.Second),
			Root:        "Yk3m0yv4T0bA9cCqv1wFJ8s2hQd7sXo5uLr1pZt8xW4=",
			KeyHash:     "8f3a21c0d4e5b697",
			Pending:     -1,
		}
	}
	behind := log("anhe", 1300, 700)
	behind.Problem, behind.Lag = "BEHIND", 5*time.Hour
	return []auditor.LogState{log("donghu", 20480, 20480), log("qingshan", 9000, 8870), behind, log("weijian", 12, 12)}
}

// page is a rendered page.
type page struct {
	t      testing.TB
	Status int
	Header http.Header
	Body   string
	root   *html.Node
}

func (s *site) get(path string) page {
	s.t.Helper()
	return s.do(httptest.NewRequest(http.MethodGet, path, nil))
}

func (s *site) post(path string, form url.Values) page {
	s.t.Helper()
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(req)
}

func (s *site) do(req *http.Request) page {
	s.t.Helper()
	rec := httptest.NewRecorder()
	s.handler.ServeHTTP(rec, req)
	root, err := html.Parse(bytes.NewReader(rec.Body.Bytes()))
	if err != nil {
		s.t.Fatal(err)
	}
	return page{s.t, rec.Code, rec.Header(), rec.Body.String(), root}
}

// all gives the elements of a CSS selector.
func (p page) all(selector string) []*html.Node {
	p.t.Helper()
	sel, err := cascadia.ParseGroup(selector)
	if err != nil {
		p.t.Fatal(err)
	}
	return cascadia.QueryAll(p.root, sel)
}

// text gives the words of the first element of a selector, spaces made one; it fails when there is none.
func (p page) text(selector string) string {
	p.t.Helper()
	found := p.all(selector)
	if len(found) == 0 {
		p.t.Fatalf("there is no %q on the page (status %d)", selector, p.Status)
	}
	return words(found[0])
}

func words(n *html.Node) string {
	var out strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			out.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return strings.Join(strings.Fields(out.String()), " ")
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
