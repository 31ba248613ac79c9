package idp

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"yilian.example/network/topology"
	"yilian.example/scripts/demo/people"
)

// site is a running provider.
type site struct {
	t        *testing.T
	state    topology.State
	topology *topology.Topology
	client   *http.Client // follows no redirect
}

func newSite(t *testing.T) *site {
	t.Helper()
	text, err := os.ReadFile("../topology.yaml")
	if err != nil {
		t.Fatal(err)
	}
	top, err := topology.Parse(text, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, state: topology.State(t.TempDir()), topology: top, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	s.start()
	return s
}

// start serves on a free port. Called again it is a second provider over the same state.
func (s *site) start() {
	s.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.topology.Ports.IDP = listener.Addr().(*net.TCPAddr).Port
	handler, err := New(s.state, s.topology, slog.New(slog.NewTextHandler(io.Discard, nil)), time.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close
	s.t.Cleanup(func() { _ = server.Close() })
}

func (s *site) provider() *oidc.Provider {
	s.t.Helper()
	p, err := oidc.NewProvider(s.t.Context(), s.topology.Issuer())
	if err != nil {
		s.t.Fatal(err)
	}
	return p
}

func (s *site) config(org string) oauth2.Config {
	s.t.Helper()
	secret, err := os.ReadFile(PeopleSecret(s.state, org))
	if err != nil {
		s.t.Fatal(err)
	}
	m, _ := s.topology.Member(org)
	return oauth2.Config{
		ClientID: PeopleClient(org), ClientSecret: strings.TrimSpace(string(secret)), Endpoint: s.provider().Endpoint(),
		RedirectURL: m.PublicURL() + "/login/callback", Scopes: []string{"openid", "profile"},
	}
}

func (s *site) do(request *http.Request) (*http.Response, string) {
	s.t.Helper()
	response, err := s.client.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return response, string(body)
}

func (s *site) get(address string) (*http.Response, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return s.do(request)
}

func (s *site) post(address string, form url.Values) (*http.Response, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.do(request)
}

var hidden = regexp.MustCompile(`name="request" value="([^"]+)"`)

// login goes as far as the page of names.
func (s *site) login(c oauth2.Config, verifier string) (string, string) {
	s.t.Helper()
	response, body := s.get(
		c.AuthCodeURL(
			"state-1", oidc.Nonce("nonce-1"), oauth2.S256ChallengeOption(verifier), oauth2.SetAuthURLParam("prompt", "login"),
		),
	)
	if response.StatusCode != http.StatusFound {
		s.t.Fatalf("authorize: %s: %s", response.Status, body)
	}
	response, body = s.get(s.topology.Issuer() + response.Header.Get("Location"))
	match := hidden.FindStringSubmatch(body)
	if response.StatusCode != http.StatusOK || match == nil {
		s.t.Fatalf("login page: %s: %s", response.Status, body)
	}
	return body, match[1]
}

// choose presses a name, and follows to the gateway's callback.
func (s *site) choose(request, person string) url.Values {
	s.t.Helper()
	response, body := s.post(s.topology.Issuer()+"/login", url.Values{"request": {request}, "person": {person}})
	if response.StatusCode != http.StatusSeeOther {
		s.t.Fatalf("choose: %s: %s", response.Status, body)
	}
	next := response.Header.Get("Location")
	if strings.HasPrefix(next, "/") {
		next = s.topology.Issuer() + next
	}
	response, body = s.get(next)
	callback, err := url.Parse(response.Header.Get("Location"))
	if err != nil || response.StatusCode != http.StatusFound {
		s.t.Fatalf("callback: %s: %s", response.Status, body)
	}
	return callback.Query()
}

func TestSignIn(t *testing.T) {
	s := newSite(t)
	c, verifier := s.config("donghu"), oauth2.GenerateVerifier()
	page, request := s.login(c, verifier)
	for _, want := range []string{`value="wang-xiulan"`, `value="zhao-lin"`, "仅供开发", "Development only", "东湖示范医院"} {
		if !strings.Contains(page, want) {
			t.Errorf("page lacks %q", want)
		}
	}
	if strings.Contains(page, "he-min") || strings.Contains(page, "990000") || strings.Contains(page, "<script") {
		t.Error("page shows another organisation's people, an identifier, or needs script")
	}
	answer := s.choose(request, "wang-xiulan")
	if answer.Get("state") != "state-1" {
		t.Errorf("state %q", answer.Get("state"))
	}
	tokens, err := c.Exchange(t.Context(), answer.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := s.provider().Verifier(&oidc.Config{ClientID: c.ClientID}).Verify(t.Context(), raw)
	if err != nil {
		t.Fatal(err)
	}
	gateway := "http://127.0.0.1:8081"
	if id.Nonce != "nonce-1" || slices.Contains(id.Audience, gateway) {
		t.Errorf("ID token: nonce %q, audience %v (a gateway must not take it for an access token)", id.Nonce, id.Audience)
	}
	checkClaims(t, id.Claims, "wang-xiulan", "王秀兰", "patient", people.WangXiulanID)
	access, err := s.provider().Verifier(&oidc.Config{ClientID: gateway}).Verify(t.Context(), tokens.AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	if len(access.Audience) != 1 {
		t.Errorf("access token: audience %v", access.Audience)
	}
	checkClaims(t, access.Claims, "wang-xiulan", "王秀兰", "patient", people.WangXiulanID)
	info, err := s.provider().UserInfo(t.Context(), oauth2.StaticTokenSource(tokens))
	if err != nil {
		t.Fatal(err)
	}
	checkClaims(t, info.Claims, "wang-xiulan", "王秀兰", "patient", people.WangXiulanID)

	_, err = c.Exchange(t.Context(), answer.Get("code"), oauth2.VerifierOption(verifier))
	if err == nil {
		t.Error("a code is good twice")
	}
}

func checkClaims(t *testing.T, read func(any) error, sub, name, role, identifier string) {
	t.Helper()
	var c struct {
		Sub     string
		Name    string
		Org     string                          `json:"yilian_org"`
		Role    string                          `json:"yilian_role"`
		Patient *struct{ System, Value string } `json:"yilian_identifier"`
	}
	err := read(&c)
	if err != nil {
		t.Fatal(err)
	}
	if c.Sub != sub || c.Name != name || c.Org != "donghu" || c.Role != role {
		t.Errorf("claims %+v", c)
	}
	if (identifier == "") != (c.Patient == nil) ||
		(c.Patient != nil && (c.Patient.Value != identifier || c.Patient.System != people.IDCardSystem)) {
		t.Errorf("identifier %+v, want %s", c.Patient, identifier)
	}
}

func TestSignInIsRefused(t *testing.T) {
	s := newSite(t)
	c, verifier := s.config("donghu"), oauth2.GenerateVerifier()
	_, request := s.login(c, verifier)
	for name, form := range map[string]url.Values{
		"somebody of another organisation": {"request": {request}, "person": {"he-min"}},
		"nobody":                           {"request": {request}, "person": {""}},
		"a made-up sign-in":                {"request": {"x"}, "person": {"zhao-lin"}},
	} {
		response, _ := s.post(s.topology.Issuer()+"/login", form)
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", name, response.Status)
		}
	}
	answer := s.choose(request, "zhao-lin")
	_, err := c.Exchange(t.Context(), answer.Get("code"), oauth2.VerifierOption(oauth2.GenerateVerifier()))
	if err == nil {
		t.Error("another verifier redeems the code")
	}
	response, _ := s.get(c.AuthCodeURL("s"))
	if location := response.Header.Get("Location"); !strings.Contains(location, "error=") {
		t.Errorf("sign-in without PKCE: %s to %s", response.Status, location)
	}
	c.RedirectURL = "http://127.0.0.1:9/steal"
	response, _ = s.get(c.AuthCodeURL("s", oauth2.S256ChallengeOption(verifier)))
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("foreign redirect: %s to %s", response.Status, response.Header.Get("Location"))
	}
}

func TestToken(t *testing.T) {
	s := newSite(t)
	tests := []struct{ role, who, sub, name, identifier string }{
		{"system", "", "donghu-system", "donghu-system", ""},
		{"clinician", "", "zhao-lin", "赵琳", ""},
		{"clinician", "sun-wei", "sun-wei", "孙伟", ""},
		{"patient", "陈雨", "chen-yu", "陈雨", people.ChenYuID},
		{"patient", people.LiJianguoID, "li-jianguo", "李建国", people.LiJianguoID},
	}
	for _, tt := range tests {
		t.Run(tt.role+" "+tt.sub, func(t *testing.T) {
			raw, err := Token(t.Context(), s.state, s.topology, "donghu", tt.role, tt.who)
			if err != nil {
				t.Fatal(err)
			}
			token, err := s.provider().Verifier(&oidc.Config{ClientID: "http://127.0.0.1:8081"}).Verify(t.Context(), raw)
			if err != nil {
				t.Fatal(err)
			}
			checkClaims(t, token.Claims, tt.sub, tt.name, tt.role, tt.identifier)
		})
	}
	for _, bad := range [][3]string{
		{"donghu", "assessor", ""}, {"donghu", "gateway", ""}, {"donghu", "clinician", "he-min"}, {"nowhere", "system", ""},
	} {
		_, err := Token(t.Context(), s.state, s.topology, bad[0], bad[1], bad[2])
		if err == nil {
			t.Errorf("%v gets a token", bad)
		}
	}
}

func TestTokenNeedsTheSecret(t *testing.T) {
	s := newSite(t)
	form := url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {SystemClient("donghu")},
		"client_secret": {"guess"},
	}
	response, body := s.post(s.topology.Issuer()+"/oauth/token", form)
	if response.StatusCode == http.StatusOK || strings.Contains(body, "access_token") {
		t.Errorf("%s: %s", response.Status, body)
	}
	// The client for signing people in must get nothing without a person.
	secret, err := os.ReadFile(PeopleSecret(s.state, "donghu"))
	if err != nil {
		t.Fatal(err)
	}
	form = url.Values{
		"grant_type":    {"client_credentials"},
		"client_id":     {PeopleClient("donghu")},
		"client_secret": {strings.TrimSpace(string(secret))},
	}
	response, body = s.post(s.topology.Issuer()+"/oauth/token", form)
	if response.StatusCode == http.StatusOK {
		t.Errorf("people's client: %s: %s", response.Status, body)
	}
}

func TestTokensOutliveARestart(t *testing.T) {
	s := newSite(t)
	raw, err := Token(t.Context(), s.state, s.topology, "donghu", "system", "")
	if err != nil {
		t.Fatal(err)
	}
	key := func() string {
		_, body := s.get(s.topology.Issuer() + "/keys")
		var set struct{ Keys []struct{ Kid, X, Y string } }
		if err := json.Unmarshal([]byte(body), &set); err != nil || len(set.Keys) != 1 {
			t.Fatalf("keys %s, %v", body, err)
		}
		return set.Keys[0].Kid + set.Keys[0].X + set.Keys[0].Y
	}
	before := key()
	s.start()
	if after := key(); after != before {
		t.Error("a restart changes the key")
	}
	header, err := base64.RawURLEncoding.DecodeString(raw[:strings.IndexByte(raw, '.')])
	if err != nil || !strings.Contains(string(header), `"ES256"`) {
		t.Errorf("header %s, %v", header, err)
	}
}

func TestPeople(t *testing.T) {
	all, err := parsePeople(seed)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if p.Role == "patient" && !impossible(p.Value) {
			t.Errorf("%s: %s could be somebody's, or is not well-formed", p.ID, p.Value)
		}
	}
	for _, want := range []struct{ org, role string }{
		{"donghu", "patient"}, {"qingshan", "patient"}, {"donghu", "clinician"}, {"qingshan", "clinician"},
		{"weijian", "auditor"}, {"anhe", "assessor"},
	} {
		_, err = find(all, want.org, want.role, "")
		if err != nil {
			t.Error(err)
		}
	}
	for id, number := range map[string]string{
		"wang-xiulan": people.WangXiulanID, "li-jianguo": people.LiJianguoID, "chen-yu": people.ChenYuID,
	} {
		p, err := find(all, "donghu", "patient", id)
		if err != nil || p.Value != number || p.System != people.IDCardSystem {
			t.Errorf("%s: %+v, %v; the demonstration knows them as %s", id, p, err, number)
		}
	}
}

// impossible reports whether a resident identity number has a valid check character (GB 11643) and an area that does
// not exist.
func impossible(number string) bool {
	if len(number) != 18 || !strings.HasPrefix(number, "99") {
		return false
	}
	weights := []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		digit, err := strconv.Atoi(number[i : i+1])
		if err != nil {
			return false
		}
		sum += w * digit
	}
	return number[17] == "10X98765432"[sum%11]
}

func TestBadPeople(t *testing.T) {
	for name, text := range map[string]string{
		"unknown role":               `people: [{id: a, role: root, orgs: [x], name: n, name_en: n}]`,
		"id twice":                   `people: [{id: a, role: auditor, orgs: [x], name: n, name_en: n}, {id: a, role: auditor, orgs: [x], name: n, name_en: n}]`,
		"patient without identifier": `people: [{id: a, role: patient, orgs: [x], name: n, name_en: n}]`,
		"nowhere":                    `people: [{id: a, role: auditor, name: n, name_en: n}]`,
		"unknown field":              `people: [{id: a, password: x}]`,
	} {
		_, err := parsePeople([]byte(text))
		if err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestSecretsAreTheOwnersAlone(t *testing.T) {
	s := newSite(t)
	for _, file := range []string{
		PeopleSecret(s.state, "donghu"), SystemSecret(s.state, "donghu"), DevelopmentSecret(s.state, "anhe"),
		s.state.Path("idp", "signing.key"),
	} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", file, info.Mode().Perm())
		}
	}
}
