package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/gin-gonic/gin"
	jose "github.com/go-jose/go-jose/v4"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// maxToken bounds a bearer token, before anything reads it.
const maxToken = 16 << 10

// Authenticate puts the caller into the request's context: from the bearer token where there is one, else from the
// session cookie. Without either the request goes on with nobody in its context; a bad token or an ended session is
// refused, never treated as nobody. A request that changes something and rests on a cookie must come from our own
// pages.
func (a *Auth) Authenticate(fail Fail) gin.HandlerFunc {
	return func(c *gin.Context) {
		SetFail(c, fail)
		ctx, err := a.known(c)
		if err != nil {
			if fault.Of(err).Code == CodeSessionEnded {
				a.setCookie(c.Writer, a.sessionCookie(), "", -1)
			}
			if fault.Is(err, fault.Unauthorized) {
				c.Header("WWW-Authenticate", `Bearer error="invalid_token"`)
			}
			fail(c, err)
			c.Abort()
			return
		}
		c.Request = c.Request.WithContext(ctx)
		c.Next()
	}
}

// known returns the request's context with the caller, if there is one, and what their token is for.
func (a *Auth) known(c *gin.Context) (context.Context, error) {
	ctx := c.Request.Context()
	if headers := c.Request.Header.Values("Authorization"); len(headers) > 0 {
		raw, err := bearer(headers)
		if err != nil {
			return nil, err
		}
		actor, purposes, err := a.VerifyBearer(ctx, raw)
		if err != nil {
			return nil, err
		}
		return WithPurposes(WithActor(ctx, actor), purposes), nil
	}
	cookie, err := c.Cookie(a.sessionCookie())
	if err != nil || cookie == "" {
		return ctx, nil
	}
	if err := a.csrf.Check(c.Request); err != nil {
		return nil, crossOrigin(err)
	}
	actor, err := a.resume(ctx, cookie)
	if err != nil {
		return nil, err
	}
	return WithActor(ctx, actor), nil
}

// bearer reads the token of an Authorization header (RFC 6750, 2.1).
func bearer(headers []string) (string, error) {
	if len(headers) != 1 {
		return "", invalidToken(errors.New("more than one Authorization header"))
	}
	scheme, raw, ok := strings.Cut(headers[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || raw == "" || len(raw) > maxToken {
		return "", invalidToken(errors.New("not a bearer token, or a far too long one"))
	}
	return raw, nil
}

// VerifyBearer returns the caller of an access token, and the purposes that it was issued for where it names some:
// signature by the provider, issuer, audience, time, organisation and role.
func (a *Auth) VerifyBearer(ctx context.Context, raw string) (consortium.Actor, []consortium.Purpose, error) {
	p, err := a.found()
	if err != nil {
		return consortium.Actor{}, nil, err
	}
	token, err := verify(oidc.ClientContext(ctx, a.opts.Client), p, p.bearer, raw)
	if err != nil {
		return consortium.Actor{}, nil, err
	}
	var payload json.RawMessage
	if err := token.Claims(&payload); err != nil {
		return consortium.Actor{}, nil, invalidToken(fmt.Errorf("read claims: %w", err))
	}
	actor, err := readActor(payload, a.opts.Org, a.opts.Patient)
	if err != nil {
		return consortium.Actor{}, nil, err
	}
	purposes, err := readPurposes(payload)
	return actor, purposes, err
}

// verify checks a token, in the compact form alone: RFC 6750 knows no other, and two forms of one token are two ways to
// read it. The key is looked up first, since the verifier does not tell "provider is down" from "bad
// signature" and the caller must: one is 503, the other 401.
func verify(ctx context.Context, p *provider, v *oidc.IDTokenVerifier, raw string) (*oidc.IDToken, error) {
	jws, err := jose.ParseSignedCompact(raw, joseAlgorithms())
	if err != nil {
		return nil, invalidToken(errors.New("not a compact token of an accepted algorithm"))
	}
	if _, err := p.keys.find(ctx, jws.Signatures[0].Header); err != nil {
		if fault.Is(err, fault.Unavailable) {
			return nil, err
		}
		return nil, invalidToken(err)
	}
	token, err := v.Verify(ctx, raw)
	if err != nil {
		return nil, invalidToken(fmt.Errorf("verify token: %w", redact(err)))
	}
	return token, nil
}

// redact keeps the kind of fault and drops the text, which may quote the token's claims.
func redact(err error) error {
	var expired *oidc.TokenExpiredError
	if errors.As(err, &expired) {
		return errors.New("expired")
	}
	for _, known := range []string{"different provider", "audience", "not before", "signature"} {
		if strings.Contains(err.Error(), known) {
			return errors.New("wrong " + known)
		}
	}
	return errors.New("malformed")
}

func crossOrigin(err error) error {
	return fault.Wrap(
		err, fault.Forbidden, CodeCrossOrigin,
		"This request came from another site and was refused. Please use the pages of this site.",
	)
}
