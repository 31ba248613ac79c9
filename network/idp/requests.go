package idp

import (
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// authRequest is one sign-in under way. The storage's mutex guards it.
type authRequest struct {
	id      string
	client  *client
	request oidc.AuthRequest
	made    time.Time
	person  Person    // once chosen
	done    time.Time // when that was; zero before
	issued  bool      // the access token has been made, the ID token comes next
}

// GetAudience is the gateway for the access token, and the client for the ID token, so that neither passes for the
// other. The library asks for the access token's first, then for its claims, then for the ID token's.
func (r *authRequest) GetAudience() []string {
	if r.issued {
		return []string{r.client.id}
	}
	return []string{r.client.audience}
}

func (r *authRequest) GetID() string  { return r.id }
func (r *authRequest) GetACR() string { return "" }
func (r *authRequest) GetAMR() []string {
	return []string{"none"} // choosing a name from a list proves nothing, and says so
}
func (r *authRequest) GetAuthTime() time.Time { return r.done }
func (r *authRequest) GetClientID() string    { return r.client.id }
func (r *authRequest) GetCodeChallenge() *oidc.CodeChallenge {
	if r.request.CodeChallenge == "" {
		return nil
	}
	return &oidc.CodeChallenge{Challenge: r.request.CodeChallenge, Method: r.request.CodeChallengeMethod}
}
func (r *authRequest) GetNonce() string                   { return r.request.Nonce }
func (r *authRequest) GetRedirectURI() string             { return r.request.RedirectURI }
func (r *authRequest) GetResponseType() oidc.ResponseType { return r.request.ResponseType }
func (r *authRequest) GetResponseMode() oidc.ResponseMode { return r.request.ResponseMode }
func (r *authRequest) GetScopes() []string                { return r.request.Scopes }
func (r *authRequest) GetState() string                   { return r.request.State }
func (r *authRequest) GetSubject() string                 { return r.person.ID }
func (r *authRequest) Done() bool                         { return !r.done.IsZero() }

// credentialsRequest is a request by a client for itself, or by the development client for somebody.
type credentialsRequest struct {
	client *client
	person Person
	scopes []string
}

func (r *credentialsRequest) GetSubject() string    { return r.person.ID }
func (r *credentialsRequest) GetAudience() []string { return []string{r.client.audience} }
func (r *credentialsRequest) GetScopes() []string   { return r.scopes }

var (
	_ op.AuthRequest  = (*authRequest)(nil)
	_ op.TokenRequest = (*credentialsRequest)(nil)
)
