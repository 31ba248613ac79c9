package e2e

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"yilian.example/exchange/consortium"
)

// TestTokensThatAreNotValid signs tokens with the development provider's own key, so that nothing but the named fault
// stands against each.
func TestTokensThatAreNotValid(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		name   string
		change func(claims map[string]any)
		status int
	}{
		{"nothing changed", func(map[string]any) {}, 200},
		{"expired", func(m map[string]any) { m["exp"] = now.Add(-time.Minute).Unix() }, 401},
		{"for another audience", func(m map[string]any) { m["aud"] = []string{under.Members[qingshan].URL} }, 401},
		{"of another issuer", func(m map[string]any) { m["iss"] = "http://127.0.0.1:1" }, 401},
		{"without a subject", func(m map[string]any) { delete(m, "sub") }, 401},
		{"of another organisation", func(m map[string]any) { m["yilian_org"] = "qingshan" }, 403},
		{"in a role that nobody has", func(m map[string]any) { m["yilian_role"] = "owner" }, 403},
		{"in the role of a gateway", func(m map[string]any) { m["yilian_role"] = "gateway" }, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			claims, header := decoded(t)
			c.change(claims)
			before := counts(t)
			client := under.Members[donghu].With(signed(t, claims, header))
			answer, err := client.Send(within(t, 30*time.Second), "GET", "/api/v1/log", "", nil)
			if err != nil {
				t.Fatal(err)
			}
			statusIs(t, answer.Status, c.status)
			if c.status >= 400 {
				clearError(t, "/api/v1/log", answer)
			}
			for table, n := range counts(t) {
				if n != before[table] {
					t.Errorf("table %s went from %d to %d rows", table, before[table], n)
				}
			}
		})
	}
}

// decoded takes a good token apart.
func decoded(t *testing.T) (claims, header map[string]any) {
	t.Helper()
	token, err := under.Tokens(donghu, consortium.RoleSystem, "")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatal("token is not a compact JWS")
	}
	for i, into := range []*map[string]any{&header, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	return claims, header
}

// signed makes a token with the provider's key.
func signed(t *testing.T, claims, header map[string]any) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(under.State, "idp", "signing.key"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(content)
	if block == nil {
		t.Fatal("the provider's key is not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	options := &jose.SignerOptions{}
	for name, value := range header {
		if name != "alg" && name != "kid" {
			options.WithHeader(jose.HeaderKey(name), value)
		}
	}
	kid, _ := header["kid"].(string)
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, options,
	)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := object.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return compact
}
