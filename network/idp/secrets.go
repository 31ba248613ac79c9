// Package idp is the development OpenID provider: seeded people in every role, one issuer for all members, for one
// machine only. A production member brings its own provider; the gateway knows no more of either than OpenID Connect.
package idp

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"yilian.example/network/internal/durable"
	"yilian.example/network/topology"
)

// PeopleClient is the client id of a member's gateway for signing people in.
func PeopleClient(org string) string { return "yilian-" + org }

// SystemClient is the client id of a member's own systems.
func SystemClient(org string) string { return org + "-system" }

// PeopleSecret is the file with the secret of PeopleClient.
func PeopleSecret(state topology.State, org string) string {
	return state.Org(org, "gateway", "oidc.secret")
}

// SystemSecret is the file with the secret of SystemClient.
func SystemSecret(state topology.State, org string) string {
	return state.Path("idp", org+"-system.secret")
}

// readOrMake reads a secret, and makes it first if it is missing.
func readOrMake(path string, bytes int) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read secret: %w", err)
	}
	present := strings.TrimSpace(string(content))
	if present != "" { // a power cut may have emptied the file
		return present, nil
	}
	random := make([]byte, bytes)
	_, err = rand.Read(random)
	if err != nil {
		return "", fmt.Errorf("generate secret: %w", err)
	}
	value := hex.EncodeToString(random)
	return value, durable.WriteFile(path, []byte(value+"\n"))
}
