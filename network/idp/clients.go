package idp

import (
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"yilian.example/network/topology"
)

// lifetime of every token: a working day, so that nobody in development signs in twice.
const lifetime = 8 * time.Hour

// client is one registered client: a gateway's (for people), a hospital system's, or the development client, which gets
// tokens for people without their being there.
type client struct {
	id       string
	org      string
	audience string // the gateway that the tokens are for
	secret   string
	grants   []oidc.GrantType
	redirect []string
	dev      bool
}

// DevelopmentClient is the client id by which `network token` gets a person's token. A real provider has nothing of the
// kind.
func DevelopmentClient(org string) string { return org + "-development" }

// DevelopmentSecret is the file with its secret.
func DevelopmentSecret(state topology.State, org string) string {
	return state.Path("idp", org+"-development.secret")
}

// makeClients registers three clients for each member, and makes the secrets that are missing.
func makeClients(state topology.State, t *topology.Topology) (map[string]*client, error) {
	all := map[string]*client{}
	for _, m := range t.Members {
		for _, c := range []struct {
			client
			file string
		}{
			{
				client{
					id: PeopleClient(m.ID), grants: []oidc.GrantType{oidc.GrantTypeCode},
					redirect: []string{m.PublicURL() + "/login/callback"},
				},
				PeopleSecret(state, m.ID),
			},
			{
				client{id: SystemClient(m.ID), grants: []oidc.GrantType{oidc.GrantTypeClientCredentials}},
				SystemSecret(state, m.ID),
			},
			{
				client{id: DevelopmentClient(m.ID), grants: []oidc.GrantType{oidc.GrantTypeClientCredentials}, dev: true},
				DevelopmentSecret(state, m.ID),
			},
		} {
			secret, err := readOrMake(c.file, 24)
			if err != nil {
				return nil, err
			}
			registered := c.client
			registered.org, registered.audience, registered.secret = m.ID, m.PublicURL(), secret
			all[registered.id] = &registered
		}
	}
	return all, nil
}

// authorise compares the secret.
func (c *client) authorise(secret string) error {
	if subtle.ConstantTimeCompare([]byte(c.secret), []byte(secret)) != 1 {
		return errors.New("wrong secret")
	}
	return nil
}

// The rest makes it an op.Client.

func (c *client) GetID() string                       { return c.id }
func (c *client) RedirectURIs() []string              { return c.redirect }
func (c *client) PostLogoutRedirectURIs() []string    { return []string{c.audience + "/"} }
func (c *client) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }
func (c *client) AuthMethod() oidc.AuthMethod         { return oidc.AuthMethodBasic }
func (c *client) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}
func (c *client) GrantTypes() []oidc.GrantType         { return c.grants }
func (c *client) LoginURL(request string) string       { return "/login?request=" + request }
func (c *client) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeJWT }
func (c *client) IDTokenLifetime() time.Duration       { return lifetime }
func (c *client) DevMode() bool                        { return true } // lets redirects be plain http on loopback
func (c *client) IDTokenUserinfoClaimsAssertion() bool { return true }
func (c *client) ClockSkew() time.Duration             { return 0 }
func (c *client) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return slices.Clone[[]string]
}
func (c *client) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return slices.Clone[[]string]
}

// IsScopeAllowed lets the development client say by scope whom it wants a token for.
func (c *client) IsScopeAllowed(scope string) bool {
	return c.dev && (strings.HasPrefix(scope, scopeRole) || strings.HasPrefix(scope, scopePerson))
}

// Scopes of the development client: whose token.
const (
	scopeRole   = "role:"
	scopePerson = "person:" // followed by id, name or identifier, in base64url
)

var _ op.Client = (*client)(nil)
