package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
	"yilian.example/scripts/demo/people"
)

// visit is one page that a caller can come to.
type visit struct {
	name   string
	caller *consortium.Actor
	path   string
	form   url.Values // posts, where set
	status int
	change func(*site)
}

func visits() []visit {
	grant := url.Values{"who": {"qingshan TREAT"}, "kind": {"reports", "observations"}, "days": {"30"}}
	refused := func(s *site) {
		s.result = release.Result{ID: "x", Custodian: "qingshan", Patient: patientRef, Decision: consortium.Decision{
			Reasons: []consortium.Reason{{Code: "CONSENT_MISSING", Article: "PIPL 23, 29"}}}}
	}
	allowed := func(s *site) {
		s.result = release.Result{
			ID:        "x",
			Custodian: "qingshan",
			Patient:   patientRef,
			Received:  now,
			Expires:   now.AddDate(0, 0, 1),
			Records:   s.versions,
			Decision: consortium.Decision{
				Allow:   true,
				Consent: strings.Repeat("a", 64),
				Query:   consortium.Query{Purpose: consortium.Treatment},
				Reasons: []consortium.Reason{{Code: "PATIENT_CONSENT", Article: "PIPL 23, 29"}},
			},
		}
	}
	outside := func(s *site) {
		s.fail = exchange.NewRefused(
			consortium.Decision{Reasons: []consortium.Reason{{Code: "NO_TREATMENT_RELATION", Article: "PIPL 6, 28"}}},
		)
	}
	nothing := func(s *site) { s.versions, s.entries, s.grants, s.holdings = nil, nil, nil, nil }
	return []visit{
		{"landing", nil, "/", nil, 200, nil},
		{"about", nil, "/about/proof", nil, 200, nil},
		{"sign in first", nil, "/me/records", nil, 401, nil},
		{"no such page", &wang, "/nothing", nil, 404, nil},
		{"records", &wang, "/me/records", nil, 200, nil},
		{"no records", &wang, "/me/records", nil, 200, nothing},
		{"record", &wang, "/me/records/Patient/r0", nil, 200, nil},
		{"record that is not there", &wang, "/me/records/Patient/none", nil, 404, nil},
		{"access", &wang, "/me/access", nil, 200, nil},
		{"no access", &wang, "/me/access", nil, 200, nothing},
		{"consents", &wang, "/me/consents?done=withdrawn", nil, 200, nil},
		{"no consents", &wang, "/me/consents", nil, 200, nothing},
		{"grant", &wang, "/me/consents/new", nil, 200, nil},
		{"grant, nothing chosen", &wang, "/me/consents/new", url.Values{}, 422, nil},
		{"statement", &wang, "/me/consents/new", grant, 200, nil},
		{"find", &he, "/patients", nil, 200, nil},
		{
			"find, impossible number",
			&he,
			"/patients",
			url.Values{"system": {people.IDCardSystem}, "value": {"not a number"}},
			422,
			nil,
		},
		{"patient", &he, "/patients/" + string(patientRef), nil, 200, nil},
		{"patient whom nobody knows", &he, "/patients/" + string(patientRef), nil, 200, nothing},
		{"patient in nobody's care", &he, "/patients/" + string(patientRef), nil, 200, outside},
		{"patient, for an assessor", &qin, "/patients/" + string(patientRef), nil, 200, nil},
		{"ask, nothing chosen", &he, "/patients/" + string(patientRef) + "/ask", url.Values{}, 422, nil},
		{"release", &he, "/releases/x", nil, 200, allowed},
		{"release refused", &he, "/releases/x", nil, 403, refused},
		{"audit", &gu, "/audit", nil, 200, nil},
		{"evidence", &gu, "/audit/evidence", nil, 200, nil},
		{"evidence, no file", &gu, "/audit/evidence", url.Values{}, 422, nil},
		{"our fault", &wang, "/me/records", nil, 500, func(s *site) { s.fail = errPlain }},
	}
}

type plain string

func (p plain) Error() string { return string(p) }

const errPlain = plain("secret detail of a driver")

// key is what an untranslated phrase would look like.
var key = regexp.MustCompile(
	`\b(site|nav|home|role|purpose|kind|type|flag|fact|code|error|reason|records?|value|access|consents|grant|statement|find|patient|ask|release|audit|evidence|about)\.[a-zA-Z_.]+\b`,
)

func TestEveryPageInBothLanguages(t *testing.T) {
	for _, v := range visits() {
		for _, lang := range []struct{ code, tag, name string }{{"zh", "zh-CN", "医链"}, {"en", "en", "Yilian"}} {
			t.Run(v.name+"/"+lang.code, func(t *testing.T) {
				s := newSite(t, v.caller)
				if v.change != nil {
					v.change(s)
				}
				req := httptest.NewRequest(http.MethodGet, v.path, nil)
				if v.form != nil {
					req = httptest.NewRequest(http.MethodPost, v.path, strings.NewReader(v.form.Encode()))
					req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				}
				req.Header.Set("Cookie", "yilian-lang="+lang.code)
				p := s.do(req)
				if p.Status != v.status {
					t.Fatalf("status %d, want %d\n%s", p.Status, v.status, p.Body)
				}
				if got := attr(p.all("html")[0], "lang"); got != lang.tag {
					t.Errorf("html lang is %q", got)
				}
				if got := p.text(".brand-name"); got != lang.name {
					t.Errorf("the name is %q", got)
				}
				if found := key.FindString(p.text("main")); found != "" {
					t.Errorf("%q is not translated", found)
				}
				if strings.Contains(p.text("body"), "%!") {
					t.Error("a phrase got the wrong arguments")
				}
				if strings.Contains(p.Body, string(errPlain)) {
					t.Error("the page tells the text of an unexpected error")
				}
				checkStructure(t, p)
				checkSafety(t, p)
			})
		}
	}
}

// checkStructure holds a page to what screen readers and keyboards need.
func checkStructure(t *testing.T, p page) {
	t.Helper()
	for selector, want := range map[string]int{"h1": 1, "main": 1, "header.top": 1, "footer": 1, "title": 1, `a.skip[href="#main"]`: 1, "main#main": 1} {
		if got := len(p.all(selector)); got != want {
			t.Errorf("%d of %q, want %d", got, selector, want)
		}
	}
	if len(p.all("nav.langs a[hreflang]")) != 1 {
		t.Error("there is no switch to the other language")
	}
	ids := map[string]bool{}
	for _, n := range p.all("[id]") {
		if id := attr(n, "id"); ids[id] {
			t.Errorf("id %q stands twice", id)
		} else {
			ids[id] = true
		}
	}
	for _, n := range p.all("[aria-labelledby], [aria-describedby], label[for]") {
		for _, a := range []string{"aria-labelledby", "aria-describedby", "for"} {
			if ref := attr(n, a); ref != "" && !ids[ref] {
				t.Errorf("%s refers to %q, which is not on the page", a, ref)
			}
		}
	}
	for _, n := range p.all(`main a[href^="#"]`) {
		if !ids[strings.TrimPrefix(attr(n, "href"), "#")] {
			t.Errorf("link to %q leads nowhere", attr(n, "href"))
		}
	}
	for _, n := range p.all(`input:not([type="hidden"]), select`) {
		if !labelled(p, n) {
			t.Errorf("a field %q has no label", attr(n, "name"))
		}
	}
	for _, n := range p.all(`fieldset`) {
		if n.FirstChild == nil || n.FirstChild.Data != "legend" {
			t.Error("a group of fields has no legend")
		}
	}
	for _, n := range p.all("svg") {
		if attr(n, "aria-hidden") != "true" && attr(n, "aria-label") == "" {
			t.Error("a drawing has no words")
		}
	}
	for _, n := range p.all("a, button, h1, h2, h3, th") {
		if words(n) == "" {
			t.Errorf("an empty %s", n.Data)
		}
	}
}

func labelled(p page, field *html.Node) bool {
	for n := field.Parent; n != nil; n = n.Parent {
		if n.Data == "label" {
			return true
		}
	}
	return attr(field, "id") != "" && len(p.all(`label[for="`+attr(field, "id")+`"]`)) == 1
}

// checkSafety holds a page to the content security policy: with it, whatever is inline would not work, and nothing
// inline may be needed.
func checkSafety(t *testing.T, p page) {
	t.Helper()
	csp := p.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("policy lacks %q: %s", want, csp)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("policy: %s", csp)
	}
	for header, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin"} {
		if got := p.Header.Get(header); got != want {
			t.Errorf("%s is %q", header, got)
		}
	}
	if n := len(p.all("style, [style], [onclick], [onload], [onsubmit], iframe, object, base")); n != 0 {
		t.Errorf("%d inline styles, handlers or frames", n)
	}
	for _, n := range p.all("script") {
		if attr(n, "type") != "application/json" && !strings.HasPrefix(attr(n, "src"), "/static/") {
			t.Error("an inline script")
		}
	}
	for _, n := range p.all("link[href]") {
		if !strings.HasPrefix(attr(n, "href"), "/static/") {
			t.Errorf("a file of another site: %s", attr(n, "href"))
		}
	}
	for _, n := range p.all("form") {
		if attr(n, "method") != "post" || !strings.HasPrefix(attr(n, "action"), "/") {
			t.Errorf("a form that is not sent to us by POST: %s", attr(n, "action"))
		}
	}
}

func TestRolesSeeTheirOwnPagesOnly(t *testing.T) {
	everyone := []*consortium.Actor{nil, &wang, &he, &qin, &gu}
	for path, open := range map[string][]*consortium.Actor{
		"/me/records": {&wang}, "/me/access": {&wang}, "/me/consents": {&wang}, "/me/consents/new": {&wang}, "/me/records/Patient/r0/evidence": {&wang},
		"/patients": {&he, &qin}, "/patients/" + string(patientRef): {&he, &qin}, "/releases/x": {&he, &qin},
		"/audit": {&gu}, "/audit/evidence": {&wang, &he, &qin, &gu},
	} {
		for _, caller := range everyone {
			may := false
			for _, a := range open {
				may = may || a == caller
			}
			s := newSite(t, caller)
			s.result = release.Result{ID: "x", Decision: consortium.Decision{Allow: true}}
			got := s.get(path).Status
			switch {
			case may && got != 200:
				t.Errorf("%s for %v: %d, want 200", path, caller, got)
			case !may && caller == nil && got != 401:
				t.Errorf("%s for nobody: %d, want 401", path, got)
			case !may && caller != nil && got != 403:
				t.Errorf("%s for a %s: %d, want 403", path, caller.Role, got)
			}
		}
	}
}

func TestHomeLeadsToWork(t *testing.T) {
	for _, tt := range []struct {
		caller consortium.Actor
		to     string
	}{{wang, "/me/records"}, {he, "/patients"}, {qin, "/patients"}, {gu, "/audit"}} {
		p := newSite(t, &tt.caller).get("/")
		if p.Status != http.StatusSeeOther || p.Header.Get("Location") != tt.to {
			t.Errorf("%s: %d to %q", tt.caller.Role, p.Status, p.Header.Get("Location"))
		}
	}
	his := consortium.Actor{ID: "his", Org: "donghu", Role: consortium.RoleSystem}
	if p := newSite(t, &his).get("/"); p.Status != 200 || len(p.all(".notice")) != 1 {
		t.Errorf("a system: %d", p.Status)
	}
}

func TestLanguage(t *testing.T) {
	s := newSite(t, nil)
	for _, tt := range []struct{ query, cookie, header, want string }{
		{"", "", "", "zh-CN"},
		{"", "", "en-GB,en;q=0.9", "en"},
		{"", "", "fr-FR, zh;q=0.5", "zh-CN"},
		{"", "", "de", "zh-CN"},
		{"", "en", "zh-CN", "en"},
		{"?lang=zh", "en", "en", "zh-CN"},
		{"?lang=xx", "en", "", "en"},
	} {
		req := httptest.NewRequest(http.MethodGet, "/"+tt.query, nil)
		req.Header.Set("Accept-Language", tt.header)
		if tt.cookie != "" {
			req.Header.Set("Cookie", "yilian-lang="+tt.cookie)
		}
		p := s.do(req)
		if got := attr(p.all("html")[0], "lang"); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
		if strings.Contains(tt.query, "zh") && !strings.Contains(p.Header.Get("Set-Cookie"), "yilian-lang=zh") {
			t.Error("the choice is not remembered")
		}
	}
	if got := attr(newSite(t, &wang).get("/me/access?before=7").all("nav.langs a")[0], "href"); got != "/me/access?before=7&lang=en" {
		t.Errorf("the switch leads to %q", got)
	}
}

// TestLinksStayOnThisSite asks for addresses that a browser could take for another host's, and follows what the page
// answers: links, forms and redirects.
func TestLinksStayOnThisSite(t *testing.T) {
	for _, address := range []string{
		"//evil.example/", "//evil.example/me/records", "///evil.example", "/%2fevil.example/", "/%5cevil.example/",
		"/%5c%5cevil.example/", "/%09/evil.example/", "/%0d%0a/evil.example/", "/%00/evil.example", "/me/records/",
		"//evil.example/%2e%2e", "/.//evil.example/", "/patients/%2f%2fevil.example/",
	} {
		for _, caller := range []*consortium.Actor{nil, &wang, &he} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				req := httptest.NewRequest(method, "/", nil)
				var err error
				if req.URL, err = url.ParseRequestURI(address); err != nil {
					t.Fatal(err)
				}
				p := newSite(t, caller).do(req)
				checkLinks(t, address, p)
			}
		}
	}
}

func checkLinks(t *testing.T, address string, p page) {
	t.Helper()
	var links []string
	for _, n := range p.all("[href], [action], [src]") {
		links = append(links, attr(n, "href")+attr(n, "action")+attr(n, "src"))
	}
	if len(links) == 0 && p.Header.Get("Location") == "" {
		t.Errorf("%s: a page without links", address)
	}
	for _, link := range append(links, p.Header.Get("Location")) {
		seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(link)
		to, err := url.Parse(seen)
		if err != nil || to.Host != "" || to.Scheme != "" || strings.HasPrefix(seen, "//") {
			t.Errorf("%s: a link leaves the site: %s", address, link)
		}
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	s := newSite(t, &wang)
	s.fail = fault.Wrap(errPlain, fault.Conflict, "NOT_WITNESSED", "Not yet.")
	p := s.get("/me/records/Patient/r0/evidence")
	if p.Status != http.StatusConflict || !strings.Contains(p.text("main"), "请稍后再下载") {
		t.Errorf("%d %s", p.Status, p.text("main"))
	}
	if !strings.Contains(p.text("footer"), "4f1c0a52") {
		t.Error("there is no request id to tell the service desk")
	}
	s.fail = fault.New(fault.Unavailable, "SOMETHING_NEW", "Try again later.")
	if p := s.get("/me/records"); p.Status != 503 || p.Header.Get("Retry-After") == "" {
		t.Errorf("unavailable: %d", p.Status)
	}
	s.fail = fault.New(fault.Malformed, "MALFORMED", "It cannot be read.")
	if p := s.get("/me/records"); p.Status != http.StatusBadRequest || p.text("h1") != "填写的内容有误" {
		t.Errorf("malformed: %d %s", p.Status, p.text("h1"))
	}
	signIn := newSite(t, nil).get("/me/access")
	if got := attr(signIn.all("main a.button")[0], "href"); got != "/login?next=%2fme%2faccess" {
		t.Errorf("sign-in leads to %q", got)
	}
}

func TestStaticFiles(t *testing.T) {
	s := newSite(t, nil)
	href := attr(s.get("/").all(`link[rel="stylesheet"]`)[0], "href")
	p := s.get(href)
	if p.Status != 200 || !strings.HasPrefix(p.Header.Get("Content-Type"), "text/css") ||
		!strings.Contains(p.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s: %d %v", href, p.Status, p.Header)
	}
	if p := s.get("/static/site.css?v=old"); strings.Contains(p.Header.Get("Cache-Control"), "immutable") {
		t.Error("an old address is kept for good")
	}
	if p := s.get("/static/..%2fdeps.go"); p.Status != 404 {
		t.Errorf("another file: %d", p.Status)
	}
}
