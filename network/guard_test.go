package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"yilian.example/network/topology"
)

// run runs one command line and returns what it printed.
func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	c := command()
	c.SetArgs(args)
	c.SetOut(&out)
	c.SetErr(io.Discard)
	err := c.ExecuteContext(t.Context())
	return out.String(), err
}

func write(t *testing.T, path, content string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err != nil {
		t.Fatal(err)
	}
	err = os.WriteFile(path, []byte(content), 0o600)
	if err != nil {
		t.Fatal(err)
	}
}

// All four commands failed with "unexpected end of JSON input" after a power cut.
func TestDamagedStatusStopsNoCommand(t *testing.T) {
	for _, content := range []string{"", "{\"pid\": 1", "\x00\x00"} {
		state := topology.State(t.TempDir())
		write(t, state.Status(), content)
		for _, name := range []string{"status", "down", "up", "clean"} {
			out, err := run(t, name, "--state", string(state), "--bin", "/nowhere", "--port-offset", "9000")
			if name == "up" { // it comes as far as the programs
				if err == nil || !strings.Contains(err.Error(), "find program") {
					t.Errorf("%q: up: %v", content, err)
				}
				write(t, state.Status(), content)
				continue
			}
			if err != nil || name != "clean" && !strings.HasPrefix(out, "not running\n") {
				t.Errorf("%q: %s prints %q, %v", content, name, out, err)
			}
		}
	}
}

// The status file tells nothing, but the kernel knows that somebody supervises here.
func TestDamagedStatusOfALiveSupervisor(t *testing.T) {
	state := topology.State(t.TempDir())
	held, err := lock(state)
	if err != nil {
		t.Fatal(err)
	}
	defer held.release()
	write(t, state.Status(), "")
	_, err = run(t, "down", "--state", string(state))
	if want := "kill " + strconv.Itoa(os.Getpid()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestRemovedStateIsNoticed(t *testing.T) {
	for name, remove := range map[string]func(topology.State) error{
		"removed": func(s topology.State) error { return os.RemoveAll(string(s)) },
		"replaced": func(s topology.State) error {
			err := os.Rename(string(s), string(s)+".old")
			if err != nil {
				return err
			}
			other, err := lock(s)
			if err == nil {
				other.release()
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			state := topology.State(filepath.Join(t.TempDir(), "state"))
			held, err := lock(state)
			if err != nil {
				t.Fatal(err)
			}
			defer held.release()
			if held.gone() {
				t.Fatal("gone at once")
			}
			noticed := make(chan struct{})
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			go held.awaitGone(ctx, time.Millisecond, func() { close(noticed) })
			err = remove(state)
			if err != nil {
				t.Fatal(err)
			}
			select {
			case <-noticed:
			case <-ctx.Done():
				t.Error("not noticed")
			}
		})
	}
}

func TestFilesOfAnotherUserAreNamed(t *testing.T) {
	state := topology.State(filepath.Join(t.TempDir(), "it's here"))
	for _, name := range []string{"log/up.log", "run/lock", "secrets/database", "bin/peer", "orgs/donghu/gateway.yaml"} {
		write(t, state.Path(name), "x")
	}
	self := os.Getuid()
	if self == 0 { // root needs no leave, so somebody else has to ask
		for _, name := range kept() {
			_, err := os.Stat(state.Path(name))
			if err == nil {
				chown(t, state.Path(name), 4321)
			}
		}
		self = 4321
	}
	err := checkOwner(state, self)
	if err != nil {
		t.Fatalf("own files: %v", err)
	}
	err = checkOwner(state, 1234)
	if err == nil {
		t.Fatal("files of another user block the start without a word")
	}
	for _, want := range []string{
		state.Path("orgs") + ", ", " and 1 more", "sudo chown -hR 1234:", `/it'\''s here'`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if strings.Contains(err.Error(), state.Path("bin")) {
		t.Errorf("built programs may be anybody's: %v", err)
	}
	if checkOwner(state, 0) != nil {
		t.Error("root is stopped")
	}
	if checkOwner(topology.State(filepath.Join(t.TempDir(), "new")), 1234) != nil {
		t.Error("a new state directory is stopped")
	}
}

// chown makes a user the owner of a directory and all in it.
func chown(t *testing.T, dir string, uid int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, -1)
	})
	if err != nil {
		t.Fatal(err)
	}
}
