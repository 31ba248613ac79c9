package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// Options is what New needs. Every field is required but where it says otherwise.
type Options struct {
	Org          consortium.OrgID
	PublicURL    string // where people reach this gateway; cookies are Secure when it is https
	Issuer       string // the OpenID provider
	ClientID     string
	ClientSecret string
	Audience     string // that bearer tokens must name; empty: PublicURL

	Sessions SessionStore
	Sealer   Sealer // seals the login cookie and what sessions hold; the same at all gateways of the organisation

	// Patient derives the reference of a person from a national identifier's FHIR system and value.
	Patient func(system, value string) (consortium.PatientRef, error)

	Client *http.Client     // to the provider; nil: one with a timeout of 10 s
	Now    func() time.Time // nil: time.Now
	Random io.Reader        // nil: crypto/rand
	Logger *slog.Logger
}

// Sealer encrypts with associated data. tink's AEAD is one, and so is NewSealer's result.
type Sealer interface {
	Encrypt(plaintext, associatedData []byte) ([]byte, error)
	Decrypt(ciphertext, associatedData []byte) ([]byte, error)
}

// Auth knows callers. It is safe for concurrent use.
type Auth struct {
	opts     Options
	secure   bool // cookies are for https only
	csrf     *http.CrossOriginProtection
	provider atomic.Pointer[provider] // nil until discovery succeeded
}

// provider is what discovery found.
type provider struct {
	oidc   *oidc.Provider
	oauth2 oauth2.Config
	keys   *keySet
	people *oidc.IDTokenVerifier // of ID tokens, audience: the client
	bearer *oidc.IDTokenVerifier // of access tokens, audience: this gateway
}

// algorithms are the signatures that are accepted: asymmetric ones only, so that no token can be signed with a public
// key as a secret.
var algorithms = []string{oidc.RS256, oidc.PS256, oidc.ES256, oidc.EdDSA}

// Discovery is retried with these pauses while the provider does not answer.
const (
	discoveryMin = 500 * time.Millisecond
	discoveryMax = 10 * time.Second
)

// New checks the options. It does not call the provider: Run does, and until that succeeded Ready says so and sign-in
// answers 503.
func New(o Options) (*Auth, error) {
	base, err := url.Parse(o.PublicURL)
	if err != nil || base.Host == "" {
		return nil, errors.New("auth: PublicURL needs scheme and host")
	}
	if !o.Org.Valid() || o.Issuer == "" || o.ClientID == "" || o.Sessions == nil || o.Sealer == nil || o.Patient == nil ||
		o.Logger == nil {
		return nil, errors.New("auth: Org, Issuer, ClientID, Sessions, Sealer, Patient and Logger are required")
	}
	if o.Audience == "" {
		o.Audience = o.PublicURL
	}
	if o.Client == nil {
		o.Client = &http.Client{Timeout: 10 * time.Second}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	o.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	csrf := http.NewCrossOriginProtection()
	if err := csrf.AddTrustedOrigin(base.Scheme + "://" + base.Host); err != nil {
		return nil, fmt.Errorf("auth: read PublicURL: %w", err)
	}
	return &Auth{opts: o, secure: base.Scheme == "https", csrf: csrf}, nil
}

// Run finds the provider, trying again until it answers, and then sweeps ended sessions until ctx is over.
func (a *Auth) Run(ctx context.Context) error {
	pause := discoveryMin
	for {
		err := a.discover(ctx)
		if err == nil {
			break
		}
		a.opts.Logger.WarnContext(ctx, "identity provider does not answer", "error", err, "retry_in", pause)
		if !sleep(ctx, pause) {
			return nil
		}
		pause = min(pause*2, discoveryMax)
	}
	a.opts.Logger.InfoContext(ctx, "identity provider found", "issuer", a.opts.Issuer)
	for sleep(ctx, sweepEvery) {
		n, err := a.opts.Sessions.SweepSessions(ctx, a.opts.Org, a.opts.Now(), sessionIdle)
		if err != nil {
			a.opts.Logger.WarnContext(ctx, "sweep sessions", "error", err)
			continue
		}
		a.opts.Logger.DebugContext(ctx, "swept sessions", "count", n)
	}
	return nil
}

// Ready says why nobody can sign in, or nil.
func (a *Auth) Ready(context.Context) error {
	_, err := a.found()
	return err
}

func (a *Auth) found() (*provider, error) {
	p := a.provider.Load()
	if p == nil {
		return nil, fault.New(
			fault.Unavailable, CodeIdentityUnavailable,
			"The sign-in service does not answer yet. Please try again in a moment.",
		)
	}
	return p, nil
}

func (a *Auth) discover(ctx context.Context) error {
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, a.opts.Client), a.opts.Issuer)
	if err != nil {
		return fmt.Errorf("discover provider: %w", err)
	}
	var meta struct {
		JWKS string `json:"jwks_uri"`
	}
	if err := found.Claims(&meta); err != nil {
		return fmt.Errorf("read provider's metadata: %w", err)
	}
	keys := newKeySet(meta.JWKS, a.opts.Client, a.opts.Now)
	verifier := func(audience string) *oidc.IDTokenVerifier {
		return oidc.NewVerifier(
			a.opts.Issuer, keys, &oidc.Config{ClientID: audience, SupportedSigningAlgs: algorithms, Now: a.opts.Now},
		)
	}
	a.provider.Store(&provider{
		oidc: found,
		oauth2: oauth2.Config{
			ClientID:     a.opts.ClientID,
			ClientSecret: a.opts.ClientSecret,
			Endpoint:     found.Endpoint(),
			RedirectURL:  a.opts.PublicURL + callbackPath,
			Scopes:       []string{oidc.ScopeOpenID, "profile"},
		},
		keys:   keys,
		people: verifier(a.opts.ClientID),
		bearer: verifier(a.opts.Audience),
	})
	return nil
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
