package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	jose "github.com/go-jose/go-jose/v4"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/auth"
)

// issuer is a small OpenID provider whose tokens the tests can get wrong in every way.
type issuer struct {
	t      *testing.T
	server *httptest.Server

	mu       sync.Mutex // guards what follows
	keys     map[string]*ecdsa.PrivateKey
	asked    int            // how often the key set was fetched
	person   map[string]any // claims of whoever signs in
	nonce    string         // of the running sign-in
	digest   string         // PKCE challenge of the running sign-in
	badNonce bool
	ahead    time.Duration  // of the tests' clock
	userinfo map[string]any // where the provider tells more only there
}

func newIssuer(t *testing.T) *issuer {
	i := &issuer{t: t, keys: map[string]*ecdsa.PrivateKey{}}
	i.addKey("one")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.metadata)
	mux.HandleFunc("GET /keys", i.serveKeys)
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("GET /userinfo", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, i.userinfo) })
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) addKey(kid string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys[kid] = key
}

func (i *issuer) metadata(w http.ResponseWriter, _ *http.Request) {
	u := i.server.URL
	writeJSON(w, map[string]any{
		"issuer":                                u,
		"authorization_endpoint":                u + "/authorize",
		"token_endpoint":                        u + "/token",
		"jwks_uri":                              u + "/keys",
		"userinfo_endpoint":                     u + "/userinfo",
		"id_token_signing_alg_values_supported": []string{"ES256"},
	})
}

func (i *issuer) serveKeys(w http.ResponseWriter, _ *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked++
	var set jose.JSONWebKeySet
	for kid, key := range i.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.Public(), KeyID: kid, Algorithm: "ES256", Use: "sig"})
	}
	writeJSON(w, set)
}

func (i *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" ||
		q.Get("client_id") != "yilian-donghu" {
		http.Error(w, "not a code request with PKCE", http.StatusBadRequest)
		return
	}
	i.mu.Lock()
	i.nonce, i.digest = q.Get("nonce"), q.Get("code_challenge")
	i.mu.Unlock()
	http.Redirect(w, r, q.Get("redirect_uri")+"?code=the-code&state="+url.QueryEscape(q.Get("state")), http.StatusFound)
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	_, secret, _ := r.BasicAuth()
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.FormValue("code") != "the-code" || secret != "client-secret-of-donghu" ||
		base64.RawURLEncoding.EncodeToString(sum[:]) != i.digest {
		w.WriteHeader(http.StatusBadRequest)
		writeJSON(w, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := maps.Clone(i.person)
	maps.Copy(
		claims,
		map[string]any{
			"iss":   i.server.URL,
			"aud":   "yilian-donghu",
			"exp":   time.Now().Add(i.ahead + time.Hour).Unix(),
			"iat":   time.Now().Add(i.ahead).Unix(),
			"nonce": i.nonce,
		},
	)
	if i.badNonce {
		claims["nonce"] = "another"
	}
	writeJSON(
		w,
		map[string]any{
			"access_token": "opaque",
			"token_type":   "Bearer",
			"id_token":     i.sign("one", jose.ES256, i.keys["one"], claims),
		},
	)
}

func (i *issuer) sign(kid string, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	opts := (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", kid)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, opts)
	if err != nil {
		i.t.Fatal(err)
	}
	payload, _ := json.Marshal(claims)
	jws, err := signer.Sign(payload)
	if err != nil {
		i.t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return raw
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// memory is a SessionStore for tests.
type memory struct {
	mu   sync.Mutex // guards rows
	rows map[[32]byte]*row
}

type row struct {
	org     consortium.OrgID
	sealed  []byte
	seen    time.Time
	expires time.Time
}

func (m *memory) CreateSession(
	_ context.Context, org consortium.OrgID, hash [32]byte, sealed []byte, now, expires time.Time,
) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rows[hash] = &row{org, sealed, now, expires}
	return nil
}

func (m *memory) TouchSession(
	_ context.Context, org consortium.OrgID, hash [32]byte, now time.Time, idle time.Duration,
) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.rows[hash]
	if !ok || r.org != org || !now.Before(r.expires) || now.Sub(r.seen) >= idle {
		return nil, fault.New(fault.NotFound, "SESSION_NOT_FOUND", "")
	}
	r.seen = now
	return r.sealed, nil
}

func (m *memory) DestroySession(_ context.Context, _ consortium.OrgID, hash [32]byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rows, hash)
	return nil
}

func (m *memory) SweepSessions(context.Context, consortium.OrgID, time.Time, time.Duration) (int64, error) {
	return 0, errors.New("not used")
}

// site is a gateway of donghu with one page that tells who is calling.
type site struct {
	t        *testing.T
	issuer   *issuer
	auth     *auth.Auth
	routes   http.Handler // set before any request
	sessions *memory
	server   *httptest.Server
	client   *http.Client // a browser: keeps cookies, does not follow redirects

	mu  sync.Mutex
	now time.Time
}

var indexKey = []byte("an index key for tests, 32 bytes")

func newSite(t *testing.T) *site {
	gin.SetMode(gin.TestMode)
	s := &site{t: t, issuer: newIssuer(t), sessions: &memory{rows: map[[32]byte]*row{}}, now: time.Now()}
	s.server = httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }),
	)
	t.Cleanup(s.server.Close)
	s.start(auth.Options{})
	jar, _ := cookiejar.New(nil)
	s.client = &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// start serves with a fresh Auth.
func (s *site) start(change auth.Options) {
	s.t.Helper()
	s.auth = s.newAuth(s.server.URL, change)
	r := gin.New()
	s.auth.Register(r, fail)
	pages := r.Group("/", s.auth.Authenticate(fail))
	pages.GET("/whoami", func(c *gin.Context) {
		actor, known := auth.ActorFrom(c.Request.Context())
		c.JSON(
			http.StatusOK, map[string]any{"known": known, "actor": actor, "purposes": auth.PurposesFrom(c.Request.Context())},
		)
	})
	pages.POST("/change", auth.Require(), func(c *gin.Context) { c.Status(http.StatusNoContent) })
	pages.GET("/ward", auth.Require(consortium.RoleClinician), func(c *gin.Context) { c.Status(http.StatusNoContent) })
	s.routes = r
}

// newAuth is donghu's, with the tests' issuer unless change names another.
func (s *site) newAuth(publicURL string, change auth.Options) *auth.Auth {
	s.t.Helper()
	sealer, err := auth.NewSealer([]byte("a secret for tests that is long enough"))
	if err != nil {
		s.t.Fatal(err)
	}
	o := auth.Options{
		Org:          "donghu",
		PublicURL:    publicURL,
		Issuer:       s.issuer.server.URL,
		ClientID:     "yilian-donghu",
		ClientSecret: "client-secret-of-donghu",
		Sessions:     s.sessions,
		Sealer:       sealer,
		Logger:       slog.New(slog.DiscardHandler),
		Now:          s.time,
		Patient: func(system, value string) (consortium.PatientRef, error) {
			return consortium.NewPatientRef(indexKey, system, value), nil
		},
	}
	if change.Issuer != "" {
		o.Issuer, o.ClientID, o.ClientSecret = change.Issuer, change.ClientID, change.ClientSecret
	}
	a, err := auth.New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *site) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
	s.issuer.mu.Lock()
	defer s.issuer.mu.Unlock()
	s.issuer.ahead += d
}

// run starts the gateway's search for its provider and waits until it is found.
func (s *site) run() {
	s.t.Helper()
	go func() { _ = s.auth.Run(s.t.Context()) }()
	for range 500 {
		if s.auth.Ready(s.t.Context()) == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatal("provider was not found in 5 s")
}

// fail answers as an API would.
func fail(c *gin.Context, err error) {
	status := map[fault.Kind]int{
		fault.Unauthorized: http.StatusUnauthorized,
		fault.Forbidden:    http.StatusForbidden,
		fault.Unavailable:  http.StatusServiceUnavailable,
	}[fault.KindOf(err)]
	if status == 0 {
		status = http.StatusInternalServerError
	}
	c.JSON(status, map[string]string{"code": string(fault.Of(err).Code)})
}

type answer struct {
	Status int
	Code   string           `json:"code"`
	Known  bool             `json:"known"`
	Actor  consortium.Actor `json:"actor"`

	Purposes []consortium.Purpose `json:"purposes"`

	Header http.Header `json:"-"`
}

func (s *site) do(req *http.Request) answer {
	s.t.Helper()
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	a := answer{Status: res.StatusCode, Header: res.Header}
	_ = json.NewDecoder(res.Body).Decode(&a)
	return a
}

func (s *site) request(method, path string) *http.Request {
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.server.URL+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return req
}

func (s *site) get(path string) answer { return s.do(s.request(http.MethodGet, path)) }

// newSiteForFuzz is the site's handler alone, with the provider found.
func newSiteForFuzz(f *testing.F) http.Handler {
	gin.SetMode(gin.TestMode)
	f.Helper()
	provider := httptest.NewServer(nil)
	f.Cleanup(provider.Close)
	provider.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		u := provider.URL
		writeJSON(w, map[string]any{"issuer": u, "authorization_endpoint": u, "token_endpoint": u, "jwks_uri": u})
	})
	sealer, err := auth.NewSealer([]byte("a secret for tests that is long enough"))
	if err != nil {
		f.Fatal(err)
	}
	a, err := auth.New(auth.Options{
		Org: "donghu", PublicURL: "http://127.0.0.1:1", Issuer: provider.URL, ClientID: "yilian-donghu",
		Sessions: &memory{rows: map[[32]byte]*row{}}, Sealer: sealer, Logger: slog.New(slog.DiscardHandler),
		Patient: func(string, string) (consortium.PatientRef, error) { return "", errors.New("not used") },
	})
	if err != nil {
		f.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	f.Cleanup(cancel)
	go func() { _ = a.Run(ctx) }()
	for a.Ready(ctx) != nil {
		time.Sleep(time.Millisecond)
	}
	r := gin.New()
	a.Register(r, fail)
	r.GET("/whoami", a.Authenticate(fail), func(c *gin.Context) {
		_, known := auth.ActorFrom(c.Request.Context())
		c.JSON(http.StatusOK, map[string]any{"known": known})
	})
	return r
}
