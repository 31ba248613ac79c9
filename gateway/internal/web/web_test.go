package web_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/oversight"
	"yilian.example/exchange/release"
	"yilian.example/gateway/internal/web/auditor"
	"yilian.example/gateway/internal/web/clinician"
	"yilian.example/gateway/internal/web/patient"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/webtest"
	"yilian.example/scripts/demo/people"
)

// open returns all pages, over fakes, for one caller: what holds across audiences is tested here.
func open(t testing.TB, caller *consortium.Actor) *webtest.World {
	w := webtest.NewWorld(t, caller)
	return w.Open(
		func(s *site.Site) error {
			return patient.Register(s, patient.Deps{
				Records: w, Access: w, Proofs: w, Evidence: w, Consents: webtest.Consents{World: w},
			})
		},
		func(s *site.Site) error {
			return clinician.Register(s, clinician.Deps{
				Systems: []string{people.IDCardSystem}, Ref: w.Ref, Records: w, Holdings: w, Requests: w, Evidence: w,
			})
		},
		func(s *site.Site) error {
			return auditor.Register(s, auditor.Deps{
				LogRefused: func() bool { return false }, MemberLogs: noLogs{}, Database: &oversight.Watch{}})
		},
	)
}

// noLogs is a consortium whose logs nobody has begun.
type noLogs struct{}

func (noLogs) Logs(context.Context) ([]auditor.LogState, error) { return nil, nil }

func TestPagesInBothLanguages(t *testing.T) {
	webtest.CheckVisits(t, open, []webtest.Visit{
		{Name: "landing", Path: "/", Status: 200},
		{Name: "about", Path: "/about/proof", Status: 200},
		{Name: "no such page", Caller: &webtest.Wang, Path: "/nothing", Status: 404},
	})
}

// TestNavigationShowsWhatExists keeps entries whose pages are not there from being offered, and a page's entry marked.
func TestNavigationShowsWhatExists(t *testing.T) {
	for _, tt := range []struct {
		caller       *consortium.Actor
		path         string
		hrefs, marks string
	}{
		{&webtest.Wang, "/me/consents/new", "/me/records /me/access /me/consents", "/me/consents"},
		{&webtest.He, "/patients", "/patients", "/patients"},
		{&webtest.Qin, "/patients", "/patients", "/patients"},
		{&webtest.Gu, "/audit/evidence", "/audit /audit/database /audit/evidence", "/audit/evidence"},
		{&webtest.Gu, "/audit/database", "/audit /audit/database /audit/evidence", "/audit/database"},
		{&webtest.Gu, "/about/proof", "/audit /audit/database /audit/evidence", ""},
	} {
		var hrefs, marks []string
		for _, a := range open(t, tt.caller).Get(tt.path).All("nav.main-nav a") {
			hrefs = append(hrefs, webtest.Attr(a, "href"))
			if webtest.Attr(a, "aria-current") == "page" {
				marks = append(marks, webtest.Attr(a, "href"))
			}
		}
		if len(hrefs) > 5 {
			t.Errorf("%s has %d entries, more than five", tt.caller.Role, len(hrefs))
		}
		if strings.Join(hrefs, " ") != tt.hrefs || strings.Join(marks, " ") != tt.marks {
			t.Errorf("%s at %s: %q, marked %q", tt.caller.Role, tt.path, hrefs, marks)
		}
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
		for _, caller := range []*consortium.Actor{nil, &webtest.Wang, &webtest.He} {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				req := httptest.NewRequest(method, "/", nil)
				var err error
				if req.URL, err = url.ParseRequestURI(address); err != nil {
					t.Fatal(err)
				}
				p := open(t, caller).Do(req)
				webtest.CheckLinks(t, address, p)
			}
		}
	}
}

func TestRolesSeeTheirOwnPagesOnly(t *testing.T) {
	everyone := []*consortium.Actor{nil, &webtest.Wang, &webtest.He, &webtest.Qin, &webtest.Gu}
	for path, readers := range map[string][]*consortium.Actor{
		"/me/records": {&webtest.Wang}, "/me/access": {&webtest.Wang}, "/me/consents": {&webtest.Wang},
		"/me/consents/new": {&webtest.Wang}, "/me/records/Patient/r0/evidence": {&webtest.Wang},
		"/patients": {&webtest.He, &webtest.Qin},
		"/patients/" + string(webtest.PatientRef): {&webtest.He, &webtest.Qin},
		"/releases/x": {&webtest.He, &webtest.Qin},
		"/audit":      {&webtest.Gu}, "/audit/database": {&webtest.Gu},
		"/audit/evidence": {&webtest.Wang, &webtest.He, &webtest.Qin, &webtest.Gu},
	} {
		for _, caller := range everyone {
			may := false
			for _, a := range readers {
				may = may || a == caller
			}
			s := open(t, caller)
			s.Result = release.Result{ID: "x", Decision: consortium.Decision{Allow: true}}
			got := s.Get(path).Status
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
	}{{webtest.Wang, "/me/records"}, {webtest.He, "/patients"}, {webtest.Qin, "/patients"}, {webtest.Gu, "/audit"}} {
		p := open(t, &tt.caller).Get("/")
		if p.Status != http.StatusSeeOther || p.Header.Get("Location") != tt.to {
			t.Errorf("%s: %d to %q", tt.caller.Role, p.Status, p.Header.Get("Location"))
		}
	}
	his := consortium.Actor{ID: "his", Org: "donghu", Role: consortium.RoleSystem}
	if p := open(t, &his).Get("/"); p.Status != 200 || len(p.All(".notice")) != 1 {
		t.Errorf("a system: %d", p.Status)
	}
}

func TestLanguage(t *testing.T) {
	s := open(t, nil)
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
		p := s.Do(req)
		if got := webtest.Attr(p.All("html")[0], "lang"); got != tt.want {
			t.Errorf("%+v: %q", tt, got)
		}
		if strings.Contains(tt.query, "zh") && !strings.Contains(p.Header.Get("Set-Cookie"), "yilian-lang=zh") {
			t.Error("the choice is not remembered")
		}
	}
	there := open(t, &webtest.Wang).Get("/me/access?before=7").All("nav.langs a")
	if got := webtest.Attr(there[0], "href"); got != "/me/access?before=7&lang=en" {
		t.Errorf("the switch leads to %q", got)
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	s := open(t, &webtest.Wang)
	s.Fail = fault.Wrap(webtest.ErrPlain, fault.Conflict, "NOT_WITNESSED", "Not yet.")
	p := s.Get("/me/records/Patient/r0/evidence")
	if p.Status != http.StatusConflict || !strings.Contains(p.Text("main"), "请稍后再下载") {
		t.Errorf("%d %s", p.Status, p.Text("main"))
	}
	if !strings.Contains(p.Text("footer"), "4f1c0a52") {
		t.Error("there is no request id to tell the service desk")
	}
	s.Fail = fault.New(fault.Unavailable, "SOMETHING_NEW", "Try again later.")
	if p := s.Get("/me/records"); p.Status != 503 || p.Header.Get("Retry-After") == "" {
		t.Errorf("unavailable: %d", p.Status)
	}
	s.Fail = fault.New(fault.Malformed, "MALFORMED", "It cannot be read.")
	if p := s.Get("/me/records"); p.Status != http.StatusBadRequest || p.Text("h1") != "填写的内容有误" {
		t.Errorf("malformed: %d %s", p.Status, p.Text("h1"))
	}
	signIn := open(t, nil).Get("/me/access")
	if got := webtest.Attr(signIn.All("main a.button")[0], "href"); got != "/login?next=%2fme%2faccess" {
		t.Errorf("sign-in leads to %q", got)
	}
}

func TestStaticFiles(t *testing.T) {
	s := open(t, nil)
	href := webtest.Attr(s.Get("/").All(`link[rel="stylesheet"]`)[0], "href")
	p := s.Get(href)
	if p.Status != 200 || !strings.HasPrefix(p.Header.Get("Content-Type"), "text/css") ||
		!strings.Contains(p.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s: %d %v", href, p.Status, p.Header)
	}
	if p := s.Get("/static/site.css?v=old"); strings.Contains(p.Header.Get("Cache-Control"), "immutable") {
		t.Error("an old address is kept for good")
	}
	if p := s.Get("/static/..%2fdeps.go"); p.Status != 404 {
		t.Errorf("another file: %d", p.Status)
	}
}

// TestPagesArePacked: style sheets and pages went over slow lines unpacked.
func TestPagesArePacked(t *testing.T) {
	s := open(t, &webtest.Wang)
	s.Many(100)
	get := func(path, accept string) webtest.Page {
		req := httptest.NewRequest(http.MethodGet, path, nil)
		req.Header.Set("Accept-Encoding", accept)
		return s.Do(req)
	}
	for _, path := range []string{"/me/records", "/static/site.css"} {
		whole := get(path, "")
		for accept, packed := range map[string]bool{
			"gzip": true, "br, GZIP;q=0.5": true, "gzip;q=0": false, "identity": false, "br": false,
		} {
			p := get(path, accept)
			if !strings.Contains(p.Header.Get("Vary"), "Accept-Encoding") {
				t.Errorf("%s: a store may hand out the wrong form", path)
			}
			if got := p.Header.Get("Content-Encoding") == "gzip"; got != packed {
				t.Errorf("%s with %q: packed %v", path, accept, got)
			}
			if !packed {
				continue
			}
			r, err := gzip.NewReader(strings.NewReader(p.Body))
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(r)
			if err != nil || string(content) != whole.Body || len(p.Body)*3 > len(whole.Body) {
				t.Errorf("%s: %v; %d bytes of %d", path, err, len(p.Body), len(whole.Body))
			}
		}
	}
	if p := get("/me/records/Patient/r0/evidence", "gzip"); p.Header.Get("Content-Encoding") != "" {
		t.Error("a file to be kept is packed on the way")
	}
}

// TestPagesRepeatNothingOfAnAddress: packed, a page that repeats a stranger's words beside a record tells by its length
// whether these words stand in the record (BREACH).
func TestPagesRepeatNothingOfAnAddress(t *testing.T) {
	for path, caller := range map[string]*consortium.Actor{
		"/me/records": &webtest.Wang, "/me/records/kinds/observations": &webtest.Wang, "/me/access": &webtest.Wang,
		"/me/consents": &webtest.Wang, "/patients/" + string(webtest.PatientRef): &webtest.He, "/audit": &webtest.Gu,
	} {
		for _, name := range []string{"x", "page", "before", "lang", "done", "next"} {
			if p := open(t, caller).Get(path + "?" + name + "=guessed"); strings.Contains(p.Body, "guessed") {
				t.Errorf("%s repeats ?%s", path, name)
			}
		}
	}
}
