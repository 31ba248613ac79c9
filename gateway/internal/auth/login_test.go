package auth_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/gateway/internal/auth"
)

const cookieName = "yilian-donghu-session"

// signIn walks from /login over the provider back to the callback, without following the last redirect.
func (s *site) signIn(path string) answer {
	s.t.Helper()
	there := s.get(path)
	if there.Status != http.StatusSeeOther {
		return there
	}
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, there.Header.Get("Location"), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	back := s.do(req)
	if back.Status != http.StatusFound {
		s.t.Fatalf("provider answered %d", back.Status)
	}
	return s.get(strings.TrimPrefix(back.Header.Get("Location"), s.server.URL))
}

func (s *site) nurse() {
	s.issuer.person = map[string]any{"sub": "nurse-7", "name": "赵敏", "yilian_org": "donghu", "yilian_role": "clinician"}
}

func TestSignInAndOut(t *testing.T) {
	s := newSite(t)
	s.run()
	s.nurse()
	in := s.signIn("/login?next=/patients%3Flang%3Den")
	if in.Status != http.StatusSeeOther || in.Header.Get("Location") != "/patients?lang=en" {
		t.Fatalf("sign in: %d %s %q", in.Status, in.Code, in.Header.Get("Location"))
	}
	if got := s.get("/whoami"); !got.Known || got.Actor.Name != "赵敏" || got.Actor.Role != "clinician" {
		t.Fatalf("after signing in: %+v", got)
	}
	if got := s.get("/ward"); got.Status != http.StatusNoContent {
		t.Errorf("page for clinicians: %d", got.Status)
	}
	for hash, r := range s.sessions.rows {
		if strings.Contains(string(r.sealed), "nurse") || hash == [32]byte{} {
			t.Error("session is kept in clear")
		}
	}

	kept := s.cookie()
	if out := s.do(s.request(http.MethodPost, "/logout")); out.Status != http.StatusSeeOther {
		t.Fatalf("sign out: %d", out.Status)
	}
	if got := s.get("/whoami"); got.Known || got.Status != 200 {
		t.Errorf("after signing out: %+v", got)
	}
	s.setCookie(kept) // somebody who copied the cookie
	if got := s.get("/whoami"); got.Status != 401 || got.Code != "SESSION_ENDED" {
		t.Errorf("old cookie after signing out: %d %s", got.Status, got.Code)
	}
}

func (s *site) cookie() string {
	u, _ := url.Parse(s.server.URL)
	for _, c := range s.client.Jar.Cookies(u) {
		if c.Name == cookieName {
			return c.Value
		}
	}
	return ""
}

func (s *site) setCookie(value string) {
	u, _ := url.Parse(s.server.URL)
	s.client.Jar.SetCookies(u, []*http.Cookie{{Name: cookieName, Value: value, Path: "/"}})
}

func TestSignInRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(*site)
		status int
		code   string
	}{
		{"nonce of another sign-in", func(s *site) { s.issuer.badNonce = true }, 401, "SIGN_IN_FAILED"},
		{"another organisation", func(s *site) { s.issuer.person["yilian_org"] = "qingshan" }, 403, "WRONG_ORGANISATION"},
		{"no role", func(s *site) { delete(s.issuer.person, "yilian_role") }, 403, "UNKNOWN_ROLE"},
		{"organisation only in userinfo, of somebody else", func(s *site) {
			delete(s.issuer.person, "yilian_org")
			s.issuer.userinfo = map[string]any{"sub": "nurse-8", "yilian_org": "donghu", "yilian_role": "clinician"}
		}, 401, "SIGN_IN_FAILED"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			s.run()
			s.nurse()
			tt.change(s)
			if got := s.signIn("/login"); got.Status != tt.status || got.Code != tt.code {
				t.Errorf("got %d %s, want %d %s", got.Status, got.Code, tt.status, tt.code)
			}
			if len(s.sessions.rows) != 0 {
				t.Error("a session was begun")
			}
		})
	}
}

func TestSignInByUserinfo(t *testing.T) {
	s := newSite(t)
	s.run()
	s.issuer.person = map[string]any{"sub": "nurse-7"}
	s.issuer.userinfo = map[string]any{"sub": "nurse-7", "name": "赵敏", "yilian_org": "donghu", "yilian_role": "clinician"}
	s.signIn("/login")
	if got := s.get("/whoami"); got.Actor.Name != "赵敏" {
		t.Errorf("got %+v", got)
	}
}

func TestCallbackIsBoundToTheBrowser(t *testing.T) {
	s := newSite(t)
	s.run()
	s.nurse()
	start := func() string {
		there := s.get("/login")
		u, err := url.Parse(there.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		return u.Query().Get("state")
	}
	refused := func(what string, got answer) {
		t.Helper()
		if got.Status != 401 || got.Code != "SIGN_IN_FAILED" || len(s.sessions.rows) != 0 {
			t.Errorf("%s: %d %s, %d sessions", what, got.Status, got.Code, len(s.sessions.rows))
		}
	}
	refused("no sign-in begun", s.get("/login/callback?code=the-code&state=x"))
	start()
	refused("another state", s.get("/login/callback?code=the-code&state=x"))
	state := start()
	refused("code of nobody", s.get("/login/callback?code=guess&state="+state))
	refused("the same state again", s.get("/login/callback?code=the-code&state="+state))
	state = start()
	refused("provider says no", s.get("/login/callback?error=access_denied&state="+state))
	state = start()
	s.pass(11 * time.Minute)
	refused("took too long", s.get("/login/callback?code=the-code&state="+state))
	state = start()
	s.client.Jar, _ = cookiejar.New(nil) // another browser
	refused("another browser", s.get("/login/callback?code=the-code&state="+state))
}

func TestSessionEnds(t *testing.T) {
	s := newSite(t)
	s.run()
	s.nurse()
	s.signIn("/login")
	for range 24 {
		s.pass(29 * time.Minute)
		if got := s.get("/whoami"); !got.Known {
			t.Fatalf("in use, but ended: %+v", got)
		}
	}
	s.pass(29 * time.Minute) // 12 h 5 min after the start
	if got := s.get("/whoami"); got.Status != 401 || got.Code != "SESSION_ENDED" {
		t.Errorf("after 12 hours: %d %s", got.Status, got.Code)
	}
	if got := s.get("/whoami"); got.Status != 200 || got.Known {
		t.Errorf("the cookie was not cleared: %+v", got)
	}
	s.signIn("/login")
	if got := s.get("/whoami"); !got.Known {
		t.Fatalf("signed in again: %+v", got)
	}
	s.pass(31 * time.Minute)
	if got := s.get("/whoami"); got.Status != 401 {
		t.Errorf("after half an hour without use: %d", got.Status)
	}
}

func TestSessionIsNotProlongedByTheDatabase(t *testing.T) {
	s := newSite(t)
	s.run()
	s.nurse()
	s.signIn("/login")
	for _, r := range s.sessions.rows {
		r.expires = r.expires.Add(1000 * time.Hour)
		r.seen = r.seen.Add(13 * time.Hour)
	}
	s.pass(13 * time.Hour)
	if got := s.get("/whoami"); got.Status != 401 {
		t.Errorf("got %d, want 401", got.Status)
	}
}

func TestSessionOfAnotherRow(t *testing.T) {
	s := newSite(t)
	s.run()
	s.nurse()
	s.signIn("/login")
	s.issuer.person["sub"], s.issuer.person["yilian_role"] = "auditor-1", "auditor"
	first := s.cookie()
	s.client.Jar, _ = cookiejar.New(nil)
	s.signIn("/login")
	// Somebody with write access to the database puts the auditor's row under the nurse's id.
	rows := slices.Collect(maps.Values(s.sessions.rows))
	if len(rows) != 2 {
		t.Fatalf("%d sessions, want the nurse's and the auditor's", len(rows))
	}
	rows[0].sealed, rows[1].sealed = rows[1].sealed, rows[0].sealed
	s.setCookie(first)
	if got := s.get("/whoami"); got.Status != 401 {
		t.Errorf("swapped rows: got %d %+v, want 401", got.Status, got.Actor)
	}
}

func TestCrossSiteRequests(t *testing.T) {
	s := newSite(t)
	s.run()
	s.nurse()
	s.signIn("/login")
	for _, tt := range []struct {
		name   string
		header map[string]string
		path   string
		status int
	}{
		{"our own form", map[string]string{"Sec-Fetch-Site": "same-origin"}, "/change", 204},
		{
			"another site's form",
			map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, "/change", 403,
		},
		{"another port's form", map[string]string{"Sec-Fetch-Site": "same-site"}, "/change", 403},
		{"another site's form, old browser", map[string]string{"Origin": "https://evil.example"}, "/change", 403},
		{"signed out by another site", map[string]string{"Sec-Fetch-Site": "cross-site"}, "/logout", 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := s.request(http.MethodPost, tt.path)
			for k, v := range tt.header {
				req.Header.Set(k, v)
			}
			if got := s.do(req); got.Status != tt.status {
				t.Errorf("got %d %s, want %d", got.Status, got.Code, tt.status)
			}
		})
	}
}

func TestRequire(t *testing.T) {
	s := newSite(t)
	s.run()
	if got := s.do(s.request(http.MethodPost, "/change")); got.Status != 401 || got.Code != "SIGN_IN" {
		t.Errorf("nobody: %d %s", got.Status, got.Code)
	}
	s.issuer.person = map[string]any{"sub": "auditor-1", "yilian_org": "donghu", "yilian_role": "auditor"}
	s.signIn("/login")
	if got := s.get("/ward"); got.Status != 403 || got.Code != "WRONG_ROLE" {
		t.Errorf("auditor on a clinicians' page: %d %s", got.Status, got.Code)
	}
}

func TestProviderUnreachable(t *testing.T) {
	s := newSite(t)
	if err := s.auth.Ready(t.Context()); err == nil {
		t.Error("ready before the provider was found")
	}
	if got := s.get("/login"); got.Status != 503 {
		t.Errorf("login: got %d, want 503", got.Status)
	}
	if got := s.bearer("a.b.c"); got.Status != 503 {
		t.Errorf("bearer: got %d, want 503: it is not known whether the token is good", got.Status)
	}
	if got := s.get("/whoami"); got.Status != 200 {
		t.Errorf("nobody: got %d, want 200", got.Status)
	}
	s.run()
	s.nurse()
	if got := s.signIn("/login"); got.Status != http.StatusSeeOther {
		t.Errorf("after it came up: %d", got.Status)
	}
}

func TestCookies(t *testing.T) {
	s := newSite(t)
	s.run()
	s.auth = s.newAuth("https://donghu.yilian.example", auth.Options{})
	s.run()
	r := gin.New()
	s.auth.Register(r, fail)
	rec := httptest.NewRecorder()
	r.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/login", nil))
	cookies := rec.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("got %d cookies", len(cookies))
	}
	c := cookies[0]
	if c.Name != "__Host-yilian-donghu-login" || !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode ||
		c.Path != "/" ||
		c.Domain != "" {
		t.Errorf("cookie over https: %+v", c)
	}
	plain := s.get("/login") // this server was built with an http address
	if got := plain.Header.Get("Set-Cookie"); strings.Contains(got, "Secure") || !strings.Contains(got, "HttpOnly") {
		t.Errorf("cookie over http: %s", got)
	}
}

func TestSafeNext(t *testing.T) {
	for next, want := range map[string]string{
		"/me/records":          "/me/records",
		"/me/records?lang=en":  "/me/records?lang=en",
		"":                     "/",
		"/":                    "/",
		"https://evil.example": "/",
		"//evil.example":       "/",
		`/\evil.example`:       "/",
		"/\t/evil.example":     "/",
		"/%2f/evil.example":    "/",
		"javascript:alert(1)":  "/",
		"evil.example":         "/",
		"/login?next=/login":   "/",
		"/logout":              "/",
		"/\r\nSet-Cookie: a=b": "/",
		"/病历":                  "/",
	} {
		if got := auth.SafeNext(next); got != want {
			t.Errorf("SafeNext(%q) = %q, want %q", next, got, want)
		}
	}
}

func FuzzSafeNext(f *testing.F) {
	for _, s := range []string{"/a", "//a", "/%2f", `/\a`, "/a?b#c", "/;//x"} {
		f.Add(s)
	}
	base, _ := url.Parse("https://donghu.yilian.example/login")
	f.Fuzz(func(t *testing.T, next string) {
		got := auth.SafeNext(next)
		u, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q gave %q, which is no URL", next, got)
		}
		// What a browser makes of it: backslashes are slashes, tabs and line ends are nothing.
		seen := strings.NewReplacer(`\`, "/", "\t", "", "\n", "", "\r", "").Replace(got)
		if to := base.ResolveReference(u); to.Host != base.Host || to.Scheme != "https" || strings.HasPrefix(seen, "//") ||
			!strings.HasPrefix(seen, "/") {
			t.Fatalf("%q leads to %q", next, to)
		}
	})
}

func FuzzSessionCookie(f *testing.F) {
	s := newSiteForFuzz(f)
	f.Add("")
	f.Add(strings.Repeat("A", 43))
	f.Fuzz(func(t *testing.T, value string) {
		req := httptest.NewRequest(http.MethodGet, "/whoami", nil)
		req.Header.Set("Cookie", cookieName+"="+value)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, req)
		var got answer
		_ = json.Unmarshal(rec.Body.Bytes(), &got)
		if got.Known || rec.Code >= 500 {
			t.Fatalf("cookie %q: %d known=%v", value, rec.Code, got.Known)
		}
	})
}

func FuzzLoginCookie(f *testing.F) {
	s := newSiteForFuzz(f)
	f.Add("", "state=&code=")
	f.Add("AAAA", "state=a&code=b")
	f.Fuzz(func(t *testing.T, value, query string) {
		req := httptest.NewRequest(http.MethodGet, "/login/callback", nil)
		req.URL.RawQuery = query
		req.Header.Set("Cookie", "yilian-donghu-login="+value)
		rec := httptest.NewRecorder()
		s.ServeHTTP(rec, req)
		if rec.Code != http.StatusUnauthorized {
			t.Fatalf("cookie %q: %d", value, rec.Code)
		}
	})
}
