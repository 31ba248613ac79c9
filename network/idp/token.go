package idp

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"yilian.example/network/topology"
)

// Token gets an access token from the running provider: a system's for itself, or, through the development client, a
// person's. who is a person's id, name or identifier; empty for the first in the role.
func Token(ctx context.Context, state topology.State, t *topology.Topology, org, role, who string) (string, error) {
	_, ok := t.Member(org)
	if !ok {
		return "", fmt.Errorf("get token: no member %q", org)
	}
	id, file, scopes := SystemClient(org), SystemSecret(state, org), []string(nil)
	if role != "system" {
		id, file = DevelopmentClient(org), DevelopmentSecret(state, org)
		scopes = append(scopes, scopeRole+role)
		if who != "" {
			scopes = append(scopes, scopePerson+base64.RawURLEncoding.EncodeToString([]byte(who)))
		}
	}
	secret, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("get token (has the consortium been started?): %w", err)
	}
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {strings.Join(scopes, " ")}}
	request, err := http.NewRequestWithContext(
		ctx, http.MethodPost, t.Issuer()+"/oauth/token", strings.NewReader(form.Encode()),
	)
	if err != nil {
		return "", fmt.Errorf("get token: %w", err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(strings.TrimSpace(string(secret))))
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		return "", fmt.Errorf("get token: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", fmt.Errorf("get token: %w", err)
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	err = json.Unmarshal(body, &answer)
	if err != nil {
		return "", fmt.Errorf("get token: %s: %w", response.Status, err)
	}
	if answer.AccessToken == "" {
		return "", errors.New("get token: " + answer.Error + ": " + answer.Description)
	}
	return answer.AccessToken, nil
}
