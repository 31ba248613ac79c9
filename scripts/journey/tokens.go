package journey

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"time"

	"yilian.example/exchange/consortium"
)

// tokenKept is how long a token is used again: well below what development tokens live.
const tokenKept = 5 * time.Minute

// CommandTokens gets tokens from the network program: command is how it is run, for example "go run ./network" or the
// path of its binary, in the directory dir. Tokens are kept for some minutes, so that load programs start it once per
// caller.
func CommandTokens(dir, state string, command ...string) Tokens {
	type caller struct {
		org    consortium.OrgID
		role   consortium.Role
		person string
	}
	type kept struct {
		token string
		until time.Time
	}
	var mu sync.Mutex
	cache := map[caller]kept{}
	return func(org consortium.OrgID, role consortium.Role, person string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		who := caller{org, role, person}
		if k, ok := cache[who]; ok && time.Now().Before(k.until) {
			return k.token, nil
		}
		args := append([]string{}, command[1:]...)
		args = append(args, "token", "--state", state, "--org", string(org), "--role", string(role))
		if person != "" {
			args = append(args, "--person", person)
		}
		token, err := run(dir, command[0], args)
		if err != nil {
			return "", err
		}
		cache[who] = kept{token: token, until: time.Now().Add(tokenKept)}
		return token, nil
	}
}

func run(dir, name string, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var errs bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Stderr = dir, &errs
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("run %s: %w: %s", name, err, strings.TrimSpace(errs.String()))
	}
	return strings.TrimSpace(string(out)), nil
}
