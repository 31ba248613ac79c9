package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"yilian.example/exchange/consortium"
)

func (s *site) claims(change map[string]any) map[string]any {
	c := map[string]any{
		"iss":         s.issuer.server.URL,
		"aud":         s.server.URL,
		"sub":         "his-1",
		"name":        "HIS",
		"yilian_org":  "donghu",
		"yilian_role": "system",
		"exp":         s.time().Add(time.Hour).Unix(),
		"nbf":         s.time().Add(-time.Minute).Unix(),
	}
	maps.Copy(c, change)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

func (s *site) bearer(token string) answer {
	req := s.request(http.MethodGet, "/whoami")
	req.Header.Set("Authorization", "Bearer "+token)
	return s.do(req)
}

func TestBearer(t *testing.T) {
	s := newSite(t)
	s.run()
	key := s.issuer.keys["one"]
	stranger, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	signed := func(change map[string]any) string { return s.issuer.sign("one", jose.ES256, key, s.claims(change)) }
	id := map[string]string{"system": "urn:oid:2.16.156.10011.1.3", "value": "99000019921105048x"}

	tests := []struct {
		name   string
		token  string
		status int
		code   string
	}{
		{"good", signed(nil), 200, ""},
		{"several audiences", signed(map[string]any{"aud": []string{"other", s.server.URL}}), 200, ""},
		{"expired", signed(map[string]any{"exp": s.time().Add(-time.Second).Unix()}), 401, "INVALID_TOKEN"},
		{"never expires", signed(map[string]any{"exp": nil}), 401, "INVALID_TOKEN"},
		{"not yet valid", signed(map[string]any{"nbf": s.time().Add(time.Hour).Unix()}), 401, "INVALID_TOKEN"},
		{"wrong audience", signed(map[string]any{"aud": "http://127.0.0.1:1"}), 401, "INVALID_TOKEN"},
		{"an ID token, for the client", signed(map[string]any{"aud": "yilian-donghu"}), 401, "INVALID_TOKEN"},
		{"no audience", signed(map[string]any{"aud": nil}), 401, "INVALID_TOKEN"},
		{"wrong issuer", signed(map[string]any{"iss": "http://127.0.0.1:1"}), 401, "INVALID_TOKEN"},
		{"no subject", signed(map[string]any{"sub": nil}), 401, "INVALID_TOKEN"},
		{"control character in the name", signed(map[string]any{"name": "a\nb"}), 401, "INVALID_TOKEN"},
		{"wrong type of claim", signed(map[string]any{"yilian_org": []int{1}}), 401, "INVALID_TOKEN"},
		{"another organisation", signed(map[string]any{"yilian_org": "qingshan"}), 403, "WRONG_ORGANISATION"},
		{"no organisation", signed(map[string]any{"yilian_org": nil}), 403, "WRONG_ORGANISATION"},
		{"unknown role", signed(map[string]any{"yilian_role": "root"}), 403, "UNKNOWN_ROLE"},
		{"a gateway is known by certificate only", signed(map[string]any{"yilian_role": "gateway"}), 403, "UNKNOWN_ROLE"},
		{"patient without identifier", signed(map[string]any{"yilian_role": "patient"}), 403, "NO_IDENTIFIER"},
		{"patient", signed(map[string]any{"yilian_role": "patient", "yilian_identifier": id}), 200, ""},
		{"stranger's key under a known id", s.issuer.sign("one", jose.ES256, stranger, s.claims(nil)), 401, "INVALID_TOKEN"},
		{"unknown key", s.issuer.sign("two", jose.ES256, stranger, s.claims(nil)), 401, "INVALID_TOKEN"},
		{"public key as a secret", s.issuer.sign("one", jose.HS256, public, s.claims(nil)), 401, "INVALID_TOKEN"},
		{"no signature", unsigned(s.claims(nil)), 401, "INVALID_TOKEN"},
		{"in JSON, not compact", inJSON(signed(nil)), 401, "INVALID_TOKEN"},
		{"purposes of the wrong type", signed(purposes("TREAT")), 401, "INVALID_TOKEN"},
		{"not a token", "abc", 401, "INVALID_TOKEN"},
		{"empty", "", 401, "INVALID_TOKEN"},
		{"far too long", strings.Repeat("a", 20<<10), 401, "INVALID_TOKEN"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := s.bearer(tt.token)
			if got.Status != tt.status || got.Code != tt.code {
				t.Errorf("got %d %s, want %d %s", got.Status, got.Code, tt.status, tt.code)
			}
			if (got.Status == 200) != got.Known {
				t.Errorf("status %d with known=%v: a refused token must not go on as nobody", got.Status, got.Known)
			}
			if got.Status == 401 && got.Header.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
}

// inJSON is a token in the JSON serialisation of RFC 7515, 7.2.2, with the same good signature.
func inJSON(token string) string {
	parts := strings.Split(token, ".")
	return `{"protected":"` + parts[0] + `","payload":"` + parts[1] + `","signature":"` + parts[2] + `"}`
}

// purposes are the claim of IHE IUA.
func purposes(claim any) map[string]any {
	return map[string]any{"extensions": map[string]any{"ihe_iua": map[string]any{"purpose_of_use": claim}}}
}

func TestPurposesOfAToken(t *testing.T) {
	s := newSite(t)
	s.run()
	coding := func(system, code string) map[string]string { return map[string]string{"system": system, "code": code} }
	const hl7 = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	for name, c := range map[string]struct {
		claim any
		want  []consortium.Purpose
	}{
		"none":           {nil, nil},
		"one":            {[]any{coding(hl7, "TREAT")}, []consortium.Purpose{"TREAT"}},
		"by OID":         {[]any{coding("urn:oid:2.16.840.1.113883.5.8", "HPAYMT")}, []consortium.Purpose{"HPAYMT"}},
		"two":            {[]any{coding(hl7, "TREAT"), coding(hl7, "ETREAT")}, []consortium.Purpose{"TREAT", "ETREAT"}},
		"another system": {[]any{coding("urn:oid:1.0.14265.1", "1")}, []consortium.Purpose{"urn:oid:1.0.14265.1|1"}},
	} {
		got := s.bearer(s.issuer.sign("one", jose.ES256, s.issuer.keys["one"], s.claims(purposes(c.claim))))
		if got.Status != 200 || !slices.Equal(got.Purposes, c.want) {
			t.Errorf("%s: got %d %q, want %q", name, got.Status, got.Purposes, c.want)
		}
	}
}

func unsigned(claims map[string]any) string {
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT","kid":"one"}`))
	payload, _ := json.Marshal(claims)
	return header + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
}

func TestBearerActor(t *testing.T) {
	s := newSite(t)
	s.run()
	id := map[string]string{"system": "urn:oid:2.16.156.10011.1.3", "value": "99000019921105048x"}
	sign := func(change map[string]any) string {
		return s.issuer.sign("one", jose.ES256, s.issuer.keys["one"], s.claims(change))
	}

	got := s.bearer(sign(map[string]any{"yilian_role": "patient", "yilian_identifier": id, "name": "陈雨"})).Actor
	want := consortium.Actor{ID: "his-1", Name: "陈雨", Org: "donghu", Role: consortium.RolePatient,
		Patient: consortium.NewPatientRef(indexKey, "urn:oid:2.16.156.10011.1.3", "99000019921105048X")}
	if got != want {
		t.Errorf("patient: got %+v, want %+v", got, want)
	}
	// A doctor is somebody's patient as well, but not while acting as a doctor.
	got = s.bearer(sign(map[string]any{"yilian_role": "clinician", "yilian_identifier": id})).Actor
	if got.Patient != "" {
		t.Errorf("clinician carries a patient reference: %+v", got)
	}
}

func TestAuthorizationHeaderIsNotIgnored(t *testing.T) {
	s := newSite(t)
	s.run()
	for _, header := range []string{"Basic dXNlcjpwYXNz", "Bearer", "bearer ", "Negotiate x"} {
		req := s.request(http.MethodGet, "/whoami")
		req.Header.Set("Authorization", header)
		if got := s.do(req); got.Status != 401 {
			t.Errorf("%q: got %d, want 401", header, got.Status)
		}
	}
	req := s.request(http.MethodGet, "/whoami")
	good := s.issuer.sign("one", jose.ES256, s.issuer.keys["one"], s.claims(nil))
	req.Header["Authorization"] = []string{"Bearer " + good, "Bearer " + good}
	if got := s.do(req); got.Status != 401 {
		t.Errorf("two headers: got %d, want 401", got.Status)
	}
	if got := s.get("/whoami"); got.Status != 200 || got.Known {
		t.Errorf("no credentials: got %d known=%v, want nobody", got.Status, got.Known)
	}
}

func TestKeyRotation(t *testing.T) {
	s := newSite(t)
	s.run()
	old := s.issuer.sign("one", jose.ES256, s.issuer.keys["one"], s.claims(nil))
	if got := s.bearer(old); got.Status != 200 {
		t.Fatalf("first key: %d", got.Status)
	}
	s.issuer.addKey("two")
	s.pass(time.Minute)
	if got := s.bearer(s.issuer.sign("two", jose.ES256, s.issuer.keys["two"], s.claims(nil))); got.Status != 200 {
		t.Errorf("new key: got %d, want 200 without a restart", got.Status)
	}
	// Made-up key ids must not become load on the provider.
	before := s.issuer.asked
	for range 50 {
		s.bearer(s.issuer.sign("made-up", jose.ES256, s.issuer.keys["two"], s.claims(nil)))
	}
	if n := s.issuer.asked - before; n > 1 {
		t.Errorf("50 tokens with unknown keys asked the provider %d times", n)
	}
	// A withdrawn key stops counting within the hour.
	s.issuer.mu.Lock()
	delete(s.issuer.keys, "one")
	s.issuer.mu.Unlock()
	s.pass(time.Hour)
	if got := s.bearer(s.issuer.sign("two", jose.ES256, s.issuer.keys["two"], s.claims(nil))); got.Status != 200 {
		t.Errorf("current key after an hour: %d", got.Status)
	}
	if got := s.bearer(old); got.Status != 401 {
		t.Errorf("withdrawn key: got %d, want 401", got.Status)
	}
}
