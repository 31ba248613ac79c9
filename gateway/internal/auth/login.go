package auth

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gin-gonic/gin"
	"golang.org/x/oauth2"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// Where people sign in and out.
const (
	LoginPath    = "/login" // GET, with an optional next= (a path on this site)
	callbackPath = "/login/callback"
	LogoutPath   = "/logout" // POST
)

// loginMax is how long a person may take at the provider.
const loginMax = 10 * time.Minute

// login is the state of one sign-in, sealed in a cookie: it ties the provider's answer to the browser that asked (RFC
// 6749, 10.12), to one ID token (nonce) and to one code (PKCE, RFC 7636).
type login struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Next     string    `json:"next"`
	Expires  time.Time `json:"expires"`
}

// Register adds the sign-in and sign-out endpoints. They must not stand behind Authenticate: a session that has ended
// must not stop anybody from beginning a new one.
func (a *Auth) Register(r gin.IRouter, fail Fail) {
	r.GET(LoginPath, a.handle(fail, a.login))
	r.GET(callbackPath, a.handle(fail, a.callback))
	r.POST(LogoutPath, a.handle(fail, a.logout))
}

func (a *Auth) handle(fail Fail, h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Header("Cache-Control", "no-store")
		if err := h(c); err != nil {
			fail(c, err)
			c.Abort()
		}
	}
}

func (a *Auth) login(c *gin.Context) error {
	p, err := a.found()
	if err != nil {
		return err
	}
	l := login{Next: SafeNext(c.Query("next")), Expires: a.opts.Now().Add(loginMax)}
	for _, field := range []*string{&l.State, &l.Nonce, &l.Verifier} {
		if *field, err = a.token(); err != nil {
			return err
		}
	}
	cookie, err := a.sealLogin(l)
	if err != nil {
		return err
	}
	a.setCookie(c.Writer, a.cookieName("login"), cookie, int(loginMax.Seconds()))
	// prompt=login: ward computers are shared, so nobody must be signed in as the person before them.
	to := p.oauth2.AuthCodeURL(
		l.State, oidc.Nonce(l.Nonce), oauth2.S256ChallengeOption(l.Verifier), oauth2.SetAuthURLParam("prompt", "login"),
	)
	c.Redirect(http.StatusSeeOther, to)
	return nil
}

func (a *Auth) callback(c *gin.Context) error {
	p, err := a.found()
	if err != nil {
		return err
	}
	sealed, err := c.Cookie(a.cookieName("login"))
	if err != nil {
		return loginFailed(errors.New("no login cookie"))
	}
	a.setCookie(c.Writer, a.cookieName("login"), "", -1) // one answer for one question
	l, err := a.openLogin(sealed)
	if err != nil {
		return loginFailed(err)
	}
	if subtle.ConstantTimeCompare([]byte(l.State), []byte(c.Query("state"))) != 1 {
		return loginFailed(errors.New("state does not match"))
	}
	if c.Query("error") != "" {
		return loginFailed(errors.New("provider refused"))
	}
	actor, err := a.redeem(c.Request.Context(), p, c.Query("code"), l)
	if err != nil {
		return err
	}
	if old, err := c.Cookie(a.sessionCookie()); err == nil {
		if err := a.end(c.Request.Context(), old); err != nil {
			return err
		}
	}
	id, err := a.begin(c.Request.Context(), actor)
	if err != nil {
		return err
	}
	a.setCookie(c.Writer, a.sessionCookie(), id, 0)
	c.Redirect(http.StatusSeeOther, l.Next)
	return nil
}

// redeem turns the provider's code into the person.
func (a *Auth) redeem(ctx context.Context, p *provider, code string, l login) (consortium.Actor, error) {
	ctx = oidc.ClientContext(ctx, a.opts.Client)
	tokens, err := p.oauth2.Exchange(ctx, code, oauth2.VerifierOption(l.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			return consortium.Actor{}, loginFailed(fmt.Errorf("redeem code: provider answered %q", refused.ErrorCode))
		}
		return consortium.Actor{}, fault.Wrap(
			err, fault.Unavailable, CodeIdentityUnavailable,
			"The sign-in service does not answer. Please try again in a moment.",
		)
	}
	raw, ok := tokens.Extra("id_token").(string)
	if !ok {
		return consortium.Actor{}, loginFailed(errors.New("provider gave no ID token"))
	}
	id, err := verify(ctx, p, p.people, raw)
	if err != nil {
		return consortium.Actor{}, err
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(l.Nonce)) != 1 {
		return consortium.Actor{}, loginFailed(errors.New("nonce does not match"))
	}
	payload, err := a.personClaims(ctx, p, id, tokens)
	if err != nil {
		return consortium.Actor{}, err
	}
	return readActor(payload, a.opts.Org, a.opts.Patient)
}

// personClaims returns the claims of the ID token, or those of the userinfo endpoint where the provider tells
// organisation and role only there (OpenID Connect Core 5.3). The subject must be the same.
func (a *Auth) personClaims(
	ctx context.Context, p *provider, id *oidc.IDToken, tokens *oauth2.Token,
) (json.RawMessage, error) {
	var payload json.RawMessage
	var c claims
	if err := errors.Join(id.Claims(&payload), id.Claims(&c)); err != nil {
		return nil, invalidToken(fmt.Errorf("read ID token: %w", err))
	}
	if c.Org != "" || p.oidc.UserInfoEndpoint() == "" {
		return payload, nil
	}
	info, err := p.oidc.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return nil, fault.Wrap(
			err, fault.Unavailable, CodeIdentityUnavailable,
			"The sign-in service does not answer. Please try again in a moment.",
		)
	}
	if info.Subject != id.Subject {
		return nil, loginFailed(errors.New("userinfo is of another person"))
	}
	if err := info.Claims(&payload); err != nil {
		return nil, invalidToken(fmt.Errorf("read userinfo: %w", err))
	}
	return payload, nil
}

func (a *Auth) logout(c *gin.Context) error {
	if err := a.csrf.Check(c.Request); err != nil {
		return crossOrigin(err)
	}
	if id, err := c.Cookie(a.sessionCookie()); err == nil {
		if err := a.end(c.Request.Context(), id); err != nil {
			return err
		}
	}
	a.setCookie(c.Writer, a.sessionCookie(), "", -1)
	c.Redirect(http.StatusSeeOther, "/")
	return nil
}

// SafeNext returns a path on this site to go to after signing in; "/" for whatever could lead elsewhere. Browsers read
// a backslash as a slash and drop tabs and line ends, so none of these may occur at all.
func SafeNext(next string) string {
	if len(next) > 1024 || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") {
		return "/"
	}
	for _, r := range next {
		if r <= ' ' || r == '\\' || r == 0x7f || r > 0x7e {
			return "/"
		}
	}
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || strings.HasPrefix(u.Path, "//") {
		return "/"
	}
	if u.Path == LoginPath || u.Path == callbackPath || u.Path == LogoutPath {
		return "/"
	}
	return next
}

const loginContext = "yilian/login/v1\n"

func (a *Auth) sealLogin(l login) (string, error) {
	plain, err := json.Marshal(l)
	if err != nil {
		return "", fmt.Errorf("write login: %w", err)
	}
	sealed, err := a.opts.Sealer.Encrypt(plain, []byte(loginContext+string(a.opts.Org)))
	if err != nil {
		return "", fmt.Errorf("seal login: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

func (a *Auth) openLogin(cookie string) (login, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil {
		return login{}, errors.New("login cookie is not base64")
	}
	plain, err := a.opts.Sealer.Decrypt(sealed, []byte(loginContext+string(a.opts.Org)))
	if err != nil {
		return login{}, err
	}
	var l login
	if err := json.Unmarshal(plain, &l); err != nil {
		return login{}, fmt.Errorf("read login: %w", err)
	}
	if !a.opts.Now().Before(l.Expires) {
		return login{}, errors.New("sign-in took too long")
	}
	return l, nil
}

// token is 32 random bytes in base64url: 43 characters, as PKCE allows.
func (a *Auth) token() (string, error) {
	raw := make([]byte, 32)
	if _, err := io.ReadFull(a.opts.Random, raw); err != nil {
		return "", fmt.Errorf("read randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

func loginFailed(err error) error {
	return fault.Wrap(
		err, fault.Unauthorized, CodeSignInFailed, "Signing in did not work, or took too long. Please try again.",
	)
}
