// Package auth answers one question: who is calling? People sign in with the organisation's OpenID provider (code flow
// with PKCE) and get a session; systems bring a bearer token; other members' gateways bring a certificate. It grants
// and refuses no permission: what an actor may see is the consent domain's to decide. It logs no token, cookie or
// identifier.
package auth

import (
	"context"
	"slices"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

type actorKey struct{}

// WithActor returns a context that carries the caller. Tests and the exchange listener use it; for HTTP, Authenticate
// does.
func WithActor(ctx context.Context, a consortium.Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorFrom returns the caller, or false when nobody is signed in.
func ActorFrom(ctx context.Context) (consortium.Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(consortium.Actor)
	return a, ok
}

type purposesKey struct{}

// WithPurposes returns a context that carries the purposes which the caller's access token was issued for.
func WithPurposes(ctx context.Context, purposes []consortium.Purpose) context.Context {
	return context.WithValue(ctx, purposesKey{}, purposes)
}

// PurposesFrom returns the purposes which the caller's access token was issued for; none where it names none.
func PurposesFrom(ctx context.Context) []consortium.Purpose {
	purposes, _ := ctx.Value(purposesKey{}).([]consortium.Purpose)
	return purposes
}

// Fail answers a request with an error, in the manner of the surface that the request is for: a page, a problem
// document or an OperationOutcome. It must not leave the response empty.
type Fail func(c *gin.Context, err error)

// failKey is where Authenticate leaves its Fail for Require.
const failKey = "yilian.auth.fail"

// Require lets only callers with one of the roles pass; with no role named, any caller who is known. It must come after
// Authenticate. This is a matter of which pages and endpoints are for whom, not of who may see which data.
func Require(roles ...consortium.Role) gin.HandlerFunc {
	return func(c *gin.Context) {
		actor, ok := ActorFrom(c.Request.Context())
		switch {
		case !ok:
			failWith(c, fault.New(fault.Unauthorized, CodeSignIn, "Please sign in, or send a bearer token."))
		case len(roles) > 0 && !slices.Contains(roles, actor.Role):
			failWith(
				c,
				fault.New(
					fault.Forbidden, CodeWrongRole, "This is not open to your role. Please use an account that is meant for it.",
				),
			)
		default:
			c.Next()
		}
	}
}

// SetFail leaves fail for Require. Authenticate does it; only what stands in for Authenticate, as in tests of pages,
// has to.
func SetFail(c *gin.Context, fail Fail) { c.Set(failKey, fail) }

// failWith ends the request with err.
func failWith(c *gin.Context, err error) {
	if fail, ok := c.MustGet(failKey).(Fail); ok {
		fail(c, err)
	}
	c.Abort()
}
