package auth_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/internal/auth"
	"yilian.example/network/idp"
	"yilian.example/network/topology"
	"yilian.example/scripts/demo/people"
)

// TestSignInAtTheDevelopmentProvider walks through a provider that we did not write to fit: zitadel's, as `network up`
// serves it.
func TestSignInAtTheDevelopmentProvider(t *testing.T) {
	s := newSite(t)
	issuer := s.developmentProvider()

	there := s.get("/login?next=/me/records")
	if there.Status != http.StatusSeeOther {
		t.Fatalf("login: %d %s", there.Status, there.Code)
	}
	res := s.visit(http.MethodGet, there.Header.Get("Location"), nil)
	page := s.visit(http.MethodGet, issuer+res.Header.Get("Location"), nil)
	request := regexp.MustCompile(`name="request" value="([^"]+)"`).FindStringSubmatch(page.body)
	if request == nil {
		t.Fatalf("the provider shows no people: %d %s", page.status, page.body)
	}
	chosen := s.visit(http.MethodPost, issuer+"/login", url.Values{"request": {request[1]}, "person": {"chen-yu"}})
	for !strings.HasPrefix(chosen.Header.Get("Location"), s.server.URL) {
		next := chosen.Header.Get("Location")
		if next == "" {
			t.Fatalf("the provider leads nowhere: %d %s", chosen.status, chosen.body)
		}
		if strings.HasPrefix(next, "/") {
			next = issuer + next
		}
		chosen = s.visit(http.MethodGet, next, nil)
	}
	back := s.get(strings.TrimPrefix(chosen.Header.Get("Location"), s.server.URL))
	if back.Status != http.StatusSeeOther || back.Header.Get("Location") != "/me/records" {
		t.Fatalf("callback: %d %s", back.Status, back.Code)
	}
	got := s.get("/whoami").Actor
	if got.Name != "陈雨" || got.Role != consortium.RolePatient ||
		got.Patient != consortium.NewPatientRef(indexKey, people.IDCardSystem, people.ChenYuID) {
		t.Errorf("signed in as %+v", got)
	}
}

// developmentProvider serves the provider for this site, makes it the site's own, and gives its address.
func (s *site) developmentProvider() string {
	s.t.Helper()
	text, err := os.ReadFile("../../../network/topology.yaml")
	if err != nil {
		s.t.Fatal(err)
	}
	top, err := topology.Parse(text, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	top.Ports.IDP = listener.Addr().(*net.TCPAddr).Port
	public, err := url.Parse(s.server.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range top.Members {
		if top.Members[i].ID == "donghu" {
			if top.Members[i].Ports.Gateway, err = strconv.Atoi(public.Port()); err != nil {
				s.t.Fatal(err)
			}
		}
	}
	state := topology.State(s.t.TempDir())
	handler, err := idp.New(state, top, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close
	s.t.Cleanup(func() { _ = server.Close() })
	secret, err := os.ReadFile(idp.PeopleSecret(state, "donghu"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.start(
		auth.Options{
			Issuer:       top.Issuer(),
			ClientID:     idp.PeopleClient("donghu"),
			ClientSecret: strings.TrimSpace(string(secret)),
		},
	)
	s.run()
	return top.Issuer()
}

type visited struct {
	http.Header
	status int
	body   string
}

// visit goes to an address of the provider.
func (s *site) visit(method, address string, form url.Values) visited {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return visited{res.Header, res.StatusCode, string(body)}
}
