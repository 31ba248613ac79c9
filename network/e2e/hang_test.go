package e2e

import (
	"context"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"yilian.example/scripts/journey"
)

// shown is what `network status --json` tells of hung orderers.
type shown struct {
	Processes []journey.Process `json:"processes"`
	Warnings  []string          `json:"warnings"`
	Members   []struct {
		ID            string  `json:"id"`
		PeerHeight    *uint64 `json:"peer_height"`
		OrdererHeight *uint64 `json:"orderer_height"`
	} `json:"members"`
}

func showStatus(t *testing.T, ctx context.Context) shown {
	t.Helper()
	command := append(journey.NetworkCommand(checkout), "status", "--json", "--state", under.State)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir = checkout
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("show status: %v", err)
	}
	var s shown
	err = json.Unmarshal(out, &s)
	if err != nil {
		t.Fatalf("show status: %v\n%s", err, out)
	}
	return s
}

// process finds a process by its name.
func (s shown) process(name string) journey.Process {
	i := slices.IndexFunc(s.Processes, func(p journey.Process) bool { return p.Name == name })
	if i < 0 {
		return journey.Process{}
	}
	return s.Processes[i]
}

// level reports whether a member's orderer holds as many blocks as its peer, give or take the last ones.
func (s shown) level(org string) bool {
	for _, m := range s.Members {
		if m.ID == org && m.PeerHeight != nil && m.OrdererHeight != nil {
			return *m.OrdererHeight+2 >= *m.PeerHeight
		}
	}
	return false
}

// TestHungOrderer stops an orderer without ending it. It was shown as running for as long as one looked; now it is
// named within a minute, started again, and level with the others.
func TestHungOrderer(t *testing.T) {
	const name = "orderer-anhe"
	ctx := within(t, 2*time.Minute)
	before := showStatus(t, ctx).process(name)
	err := syscall.Kill(before.PID, syscall.SIGSTOP)
	if err != nil {
		t.Fatalf("stop %s, process %d: %v", name, before.PID, err)
	}
	began := time.Now()
	named := false
	for {
		s := showStatus(t, ctx)
		if !named && strings.Contains(strings.Join(s.Warnings, "\n"), name+": gives no answer") {
			named = true
			t.Logf("named after %s", time.Since(began).Round(time.Second))
		}
		if s.process(name).Restarts > before.Restarts && s.level("anhe") {
			break
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("after a minute: named %v, %+v", named, s)
		}
		time.Sleep(time.Second)
	}
	if !named {
		t.Error("it was started again without a word")
	}
	t.Logf("level again after %s", time.Since(began).Round(time.Second))
}
