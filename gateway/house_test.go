package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	jose "github.com/go-jose/go-jose/v4"
	"go.yaml.in/yaml/v3"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
	"yilian.example/gateway/internal/keyring"
)

// house is a whole gateway of donghu before a real database, with its ledger out of reach and an identity provider of
// the test's own. It has one patient record, p1, of the person "self".
type house struct {
	t        *testing.T
	dir      string
	public   *gin.Engine
	peers    *gin.Engine
	counts   http.Handler
	app      *app
	server   *httptest.Server // the peers' listener, with mutual TLS
	member   tls.Certificate  // qingshan's gateway
	issuer   *httptest.Server
	key      *ecdsa.PrivateKey
	audience string
}

const idCard = "urn:oid:2.16.156.10011.1.3"

func newHouse(t *testing.T) *house {
	return newHouseAt(t, cockroachtest.URL(t))
}

// newHouseAt is a house whose database has that address.
func newHouseAt(t *testing.T, database string) *house {
	h := &house{t: t, dir: t.TempDir(), key: newKey(t)}
	h.issuer = httptest.NewServer(http.HandlerFunc(h.provide))
	t.Cleanup(h.issuer.Close)
	c := h.configuration(database)
	h.audience = c.PublicURL
	ctx := t.Context()
	h.must(keyring.Generate(c.Keys, consortiumOrigin(c)))
	h.must(migrate(ctx, c))
	a := &app{cfg: c, org: consortium.OrgID(c.Org), logger: slog.New(slog.DiscardHandler), now: time.Now}
	h.must(a.open(ctx))
	t.Cleanup(a.close)
	a.watch.Once(ctx)
	h.app = a
	s, err := a.services(ctx)
	h.must(err)
	callers, err := a.callers(ctx, s)
	h.must(err)
	running, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	go func() { _ = callers.Run(running) }() // it ends with the test, and has no other way to fail
	for callers.Ready(ctx) != nil {
		time.Sleep(time.Millisecond)
	}
	h.public, h.counts, err = a.public(s, callers)
	h.must(err)
	h.peers = a.exchange(s)
	h.server = httptest.NewUnstartedServer(h.peers)
	h.server.TLS = s.peers.ServerTLS()
	h.server.StartTLS()
	t.Cleanup(h.server.Close)
	stored := h.call("system", http.MethodPut, row{
		path: "/fhir/Patient/p1", media: "application/fhir+json",
		body: `{"resourceType":"Patient","id":"p1","identifier":[{"system":"` + idCard + `","value":"990000195803120260"}]}`,
	})
	if stored.StatusCode != http.StatusCreated {
		t.Fatalf("store a patient: %d", stored.StatusCode)
	}
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// configuration is that of a consortium of two, in the test's directory.
func (h *house) configuration(database string) config.Config {
	file := func(name string) string { return filepath.Join(h.dir, name) }
	var members []config.Member
	for _, org := range []string{"donghu", "qingshan"} {
		root, key := h.authority(org)
		h.write(org+"-ca.pem", "CERTIFICATE", root.Raw)
		leaf := newKey(h.t)
		h.write(org+".pem", "CERTIFICATE", h.issue(org, root, key, leaf))
		encoded, err := x509.MarshalPKCS8PrivateKey(leaf)
		h.must(err)
		h.write(org+".key", "PRIVATE KEY", encoded)
		members = append(members, config.Member{
			ID: org, NameZH: org, NameEN: org, Kind: "hospital", PublicURL: "http://127.0.0.1:1",
			ExchangeURL: "https://127.0.0.1:1", ExchangeCA: file(org + "-ca.pem"), LedgerCA: file(org + "-ca.pem"),
			ReleaseKey: file("release.key.pub"),
		})
	}
	var err error
	h.member, err = tls.LoadX509KeyPair(file("qingshan.pem"), file("qingshan.key"))
	h.must(err)
	h.must(os.WriteFile(file("secret"), []byte("secret"), 0o600))
	c := config.Config{
		Org: "donghu", Domain: "yilian.example", PublicURL: "http://127.0.0.1:2", Listen: "127.0.0.1:0",
		Exchange: config.Exchange{Listen: "127.0.0.1:0", Cert: file("donghu.pem"), Key: file("donghu.key")}, Members: members,
		Database: config.Database{URL: database, Schema: cockroachtest.Schema},
		Identity: config.Identity{Issuer: h.issuer.URL, ClientID: "pages", ClientSecretFile: file("secret")},
		Ledger: config.Ledger{
			Channel: "c", Chaincode: "c", MSP: "donghu", Cert: file("donghu.pem"), Key: file("donghu.key"),
			Peers: []config.Peer{{MSP: "donghu", Endpoint: "127.0.0.1:1", TLSCA: file("donghu-ca.pem")}},
		},
		Keys: config.Keys{
			Wrapping: file("wrapping.json"), Log: file("log.key"), Release: file("release.key"), Index: file("index.hex"),
			Binding: file("binding.hex"),
		},
		Matching: config.Matching{IdentifierSystems: []string{idCard}},
		Limits:   config.Limits{LookupsPerMinute: 10000},
	}
	text, err := yaml.Marshal(c)
	h.must(err)
	c, err = config.Parse(bytes.NewReader(text)) // as from a file: with its defaults, and checked
	h.must(err)
	return c
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (h *house) authority(org string) (*x509.Certificate, *ecdsa.PrivateKey) {
	key := newKey(h.t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: org}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	h.must(err)
	root, err := x509.ParseCertificate(raw)
	h.must(err)
	return root, key
}

func (h *house) issue(org string, root *x509.Certificate, by, to *ecdsa.PrivateKey) []byte {
	raw, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "gateway." + org}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, root, to.Public(), by)
	h.must(err)
	return raw
}

func (h *house) write(name, kind string, der []byte) {
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	h.must(os.WriteFile(filepath.Join(h.dir, name), block, 0o600))
}

// provide is the identity provider: its description and its key.
func (h *house) provide(w http.ResponseWriter, r *http.Request) {
	url, answer := h.issuer.URL, any(nil)
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		answer = map[string]any{
			"issuer": url, "authorization_endpoint": url + "/authorize", "token_endpoint": url + "/token",
			"jwks_uri": url + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"},
		}
	case "/keys":
		answer = jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
			{Key: h.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"},
		}}
	}
	_ = json.NewEncoder(w).Encode(answer) // a test that gets no answer fails by itself
}

// token is a bearer token of a column's caller.
func (h *house) token(caller string) string {
	claims := map[string]any{
		"iss": h.issuer.URL, "aud": h.audience, "sub": caller, "exp": time.Now().Add(time.Hour).Unix(),
		"yilian_org": "donghu", "yilian_role": caller,
	}
	switch caller {
	case "self":
		claims["yilian_role"] = "patient"
		claims["yilian_identifier"] = map[string]string{"system": idCard, "value": "990000195803120260"}
	case "patient":
		claims["yilian_identifier"] = map[string]string{"system": idCard, "value": "99000019921105048X"}
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: h.key, KeyID: "k"}}, nil,
	)
	h.must(err)
	payload, err := json.Marshal(claims)
	h.must(err)
	signed, err := signer.Sign(payload)
	h.must(err)
	compact, err := signed.CompactSerialize()
	h.must(err)
	return compact
}

// purposes is what each caller comes for.
var purposes = map[string]consortium.Purpose{
	"self": consortium.PatientRequest, "patient": consortium.PatientRequest, "clinician": consortium.Treatment,
	"system": consortium.Operations, "auditor": consortium.Operations, "assessor": consortium.Payment,
}

// call sends a request to the public listener.
func (h *house) call(caller, method string, r row) *http.Response {
	req := httptest.NewRequest(method, r.path, strings.NewReader(r.body))
	if r.media != "" {
		req.Header.Set("Content-Type", r.media)
	}
	if caller != "anonymous" {
		req.Header.Set("Authorization", "Bearer "+h.token(caller))
		req.Header.Set("Purpose-Of-Use", string(purposes[caller]))
	}
	w := httptest.NewRecorder()
	h.public.ServeHTTP(w, req)
	return w.Result()
}

// asMember sends a request over mutual TLS as qingshan's gateway.
func (h *house) asMember(method, path string, r row) (*http.Response, error) {
	return h.over(&tls.Config{Certificates: []tls.Certificate{h.member}}, method, path, r)
}

// asStranger sends it with no certificate.
func (h *house) asStranger(method, path string, r row) (*http.Response, error) {
	return h.over(&tls.Config{}, method, path, r)
}

func (h *house) over(conf *tls.Config, method, path string, r row) (*http.Response, error) {
	conf.InsecureSkipVerify = true // who the server is does not matter here
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: conf}}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.server.URL+path, bytes.NewReader([]byte(r.body)))
	h.must(err)
	req.Header.Set("Content-Type", r.media)
	answer, err := client.Do(req)
	if err == nil {
		h.must(answer.Body.Close())
	}
	return answer, err
}
