package idp

import (
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"errors"
	"strings"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// signInMax is how long a sign-in may take.
const signInMax = 15 * time.Minute

var errUnsupported = errors.New("not supported by the development provider")

// storage is what the provider library asks for clients, people and sign-ins. Sign-ins live in memory; tokens are not
// kept at all, since they say everything themselves.
type storage struct {
	clients map[string]*client
	people  []Person
	key     signingKey
	now     func() time.Time

	mu       sync.Mutex // guards all below
	requests map[string]*authRequest
	codes    map[string]string // code to id of the request
}

// choose ends a sign-in with a person of the client's organisation.
func (s *storage) choose(id, who string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok || s.now().Sub(r.made) > signInMax {
		return errors.New("sign-in is unknown or took too long")
	}
	person, err := find(s.people, r.client.org, "", who)
	if err != nil || who == "" {
		return errors.New("nobody of that name may sign in here")
	}
	r.person, r.done = person, s.now()
	return nil
}

// choices are the organisation of a sign-in and the people who may take part in it.
func (s *storage) choices(id string) (string, []Person, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok || s.now().Sub(r.made) > signInMax {
		return "", nil, errors.New("sign-in is unknown or took too long")
	}
	return r.client.org, at(s.people, r.client.org), nil
}

func (s *storage) CreateAuthRequest(_ context.Context, request *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, r := range s.requests {
		if s.now().Sub(r.made) > signInMax {
			delete(s.requests, id)
		}
	}
	for code, id := range s.codes {
		if _, ok := s.requests[id]; !ok {
			delete(s.codes, code)
		}
	}
	c, ok := s.clients[request.ClientID]
	if !ok {
		return nil, oidc.ErrInvalidClient()
	}
	if len(request.Prompt) == 1 && request.Prompt[0] == oidc.PromptNone {
		return nil, oidc.ErrLoginRequired()
	}
	if request.CodeChallenge == "" {
		return nil, oidc.ErrInvalidRequest().WithDescription("PKCE is required")
	}
	r := &authRequest{id: uuid.NewString(), client: c, request: *request, made: s.now()}
	s.requests[r.id] = r
	return r, nil
}

func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok {
		return nil, errors.New("unknown sign-in")
	}
	return r, nil
}

func (s *storage) AuthRequestByCode(_ context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[s.codes[code]]
	if !ok {
		return nil, errors.New("unknown code")
	}
	delete(s.codes, code) // good once, whatever comes of it
	return r, nil
}

func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	return nil
}

// CreateAccessToken returns the token an id that names the client, for userinfo: nothing else need be remembered.
func (s *storage) CreateAccessToken(_ context.Context, request op.TokenRequest) (string, time.Time, error) {
	c, _, err := caller(request)
	if err != nil {
		return "", time.Time{}, err
	}
	return c.id + "." + uuid.NewString(), s.now().Add(lifetime).UTC(), nil
}

// caller is who a token is for.
func caller(request op.TokenRequest) (*client, Person, error) {
	switch r := request.(type) {
	case *authRequest:
		return r.client, r.person, nil
	case *credentialsRequest:
		return r.client, r.person, nil
	}
	return nil, Person{}, errUnsupported
}

func (s *storage) GetPrivateClaimsFromRequest(
	_ context.Context, request op.TokenRequest, _ []string,
) (map[string]any, error) {
	c, person, err := caller(request)
	if err != nil {
		return nil, err
	}
	if r, ok := request.(*authRequest); ok {
		r.issued = true
	}
	return person.claims(c.org), nil
}

func (s *storage) SetUserinfoFromRequest(
	_ context.Context, info *oidc.UserInfo, request op.IDTokenRequest, _ []string,
) error {
	r, ok := request.(*authRequest)
	if !ok {
		return errUnsupported
	}
	fill(info, r.person, r.client.org)
	return nil
}

func (s *storage) SetUserinfoFromToken(_ context.Context, info *oidc.UserInfo, tokenID, subject, _ string) error {
	name, _, _ := strings.Cut(tokenID, ".")
	c, ok := s.clients[name]
	if !ok {
		return errors.New("unknown token")
	}
	person, err := find(s.people, c.org, "", subject)
	if err != nil {
		return errors.New("unknown token")
	}
	fill(info, person, c.org)
	return nil
}

func fill(info *oidc.UserInfo, p Person, org string) {
	info.Subject, info.Name = p.ID, p.Name
	for name, value := range p.claims(org) {
		if name != "name" {
			info.AppendClaims(name, value)
		}
	}
}

func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	c, ok := s.clients[id]
	if !ok {
		return nil, errors.New("unknown client")
	}
	return c, nil
}

func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	c, ok := s.clients[id]
	if !ok {
		return errors.New("unknown client")
	}
	return c.authorise(secret)
}

func (s *storage) ClientCredentials(_ context.Context, id, secret string) (op.Client, error) {
	c, ok := s.clients[id]
	if !ok {
		return nil, errors.New("unknown client")
	}
	return c, c.authorise(secret)
}

// ClientCredentialsTokenRequest makes a system's request for itself, or the development client's for whom its scopes
// name.
func (s *storage) ClientCredentialsTokenRequest(
	_ context.Context, id string, scopes []string,
) (op.TokenRequest, error) {
	c, ok := s.clients[id]
	if !ok {
		return nil, errors.New("unknown client")
	}
	if !c.dev {
		return &credentialsRequest{client: c, person: Person{ID: c.id, Role: "system", Name: c.id}, scopes: scopes}, nil
	}
	role, who := "", ""
	for _, scope := range scopes {
		if value, ok := strings.CutPrefix(scope, scopeRole); ok {
			role = value
		}
		if value, ok := strings.CutPrefix(scope, scopePerson); ok {
			raw, err := base64.RawURLEncoding.DecodeString(value)
			if err != nil {
				return nil, oidc.ErrInvalidScope().WithDescription("person is not base64url")
			}
			who = string(raw)
		}
	}
	person, err := find(s.people, c.org, role, who)
	if err != nil {
		return nil, oidc.ErrInvalidScope().WithDescription("%s", err)
	}
	return &credentialsRequest{client: c, person: person, scopes: scopes}, nil
}

func (s *storage) Health(context.Context) error { return nil }

func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return s.key, nil }

func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.ES256}, nil
}

func (s *storage) KeySet(context.Context) ([]op.Key, error) { return []op.Key{publicKey{s.key}}, nil }

// signingKey signs all tokens.
type signingKey struct {
	id  string
	key *ecdsa.PrivateKey
}

func (k signingKey) ID() string                                  { return k.id }
func (k signingKey) Key() any                                    { return k.key }
func (k signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.ES256 }

// publicKey is its public half.
type publicKey struct{ signingKey }

func (k publicKey) Algorithm() jose.SignatureAlgorithm { return jose.ES256 }
func (k publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                           { return &k.key.PublicKey }

// The rest of the interface is for what this provider does not do: refresh tokens, revocation, introspection,
// assertions.

func (s *storage) CreateAccessAndRefreshTokens(
	context.Context, op.TokenRequest, string,
) (string, string, time.Time, error) {
	return "", "", time.Time{}, errUnsupported
}
func (s *storage) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, errUnsupported
}
func (s *storage) TerminateSession(context.Context, string, string) error { return nil }
func (s *storage) RevokeToken(context.Context, string, string, string) *oidc.Error {
	return oidc.ErrInvalidRequest().WithDescription("not supported")
}
func (s *storage) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}
func (s *storage) SetUserinfoFromScopes(context.Context, *oidc.UserInfo, string, string, []string) error {
	return nil
}

func (s *storage) SetIntrospectionFromToken(
	context.Context, *oidc.IntrospectionResponse, string, string, string,
) error {
	return errUnsupported
}
func (s *storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, errUnsupported
}
func (s *storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errUnsupported
}
func (s *storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errUnsupported
}

var (
	_ op.Storage                        = (*storage)(nil)
	_ op.ClientCredentialsStorage       = (*storage)(nil)
	_ op.CanSetUserinfoFromRequest      = (*storage)(nil)
	_ op.CanGetPrivateClaimsFromRequest = (*storage)(nil)
)
