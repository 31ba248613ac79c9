package database

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"yilian.example/network/topology"
)

// oldest is the oldest PostgreSQL that the gateway's SQL is tested with.
const oldest = 15

// findPostgres finds the newest installed server's programs: where Debian and Ubuntu put them, else on PATH.
func findPostgres(ctx context.Context) (string, error) {
	best, dir := 0, ""
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	for _, program := range found {
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(program))))
		if err == nil && version > best {
			best, dir = version, filepath.Dir(program)
		}
	}
	if best >= oldest {
		return dir, nil
	}
	program, err := exec.LookPath("postgres")
	if err != nil {
		return "", fmt.Errorf("no PostgreSQL %d or newer on this machine: run scripts/setup.sh, or set DATABASE_URL", oldest)
	}
	output, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ask PostgreSQL for its version: %w", err)
	}
	fields := strings.Fields(string(output))
	if len(fields) >= 3 {
		major, _, _ := strings.Cut(fields[2], ".")
		version, err := strconv.Atoi(major)
		if err == nil && version >= oldest {
			return filepath.Dir(program), nil
		}
	}
	return "", fmt.Errorf("%s is older than version %d", bytes.TrimSpace(output), oldest)
}

// postgresUser is the user that runs the server: ourselves, or, since PostgreSQL refuses to be run by root, the one
// that its package makes.
func postgresUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, candidate := range []string{"postgres", name, "nobody"} {
		account, err := user.Lookup(candidate)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(account.Uid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("parse user id of %s: %w", candidate, err)
		}
		gid, err := strconv.ParseUint(account.Gid, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("parse group id of %s: %w", candidate, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New(
		"PostgreSQL refuses to be run by root, and there is no user postgres, yilian or nobody: useradd --system yilian",
	)
}

// makeCluster makes the data directory if it is missing.
func makeCluster(
	ctx context.Context, data, programs string, credential *syscall.Credential, password string,
) error {
	if isCluster(data) {
		return nil
	}
	// Made beside its place and moved there at the end: initdb writes PG_VERSION early, so an interrupted one looks like a
	// whole one.
	unfinished := data + ".new"
	err := os.RemoveAll(unfinished)
	if err != nil {
		return fmt.Errorf("remove unfinished cluster: %w", err)
	}
	err = os.MkdirAll(unfinished, 0o700)
	if err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	if credential != nil {
		err = os.Chown(unfinished, int(credential.Uid), int(credential.Gid))
		if err != nil {
			return fmt.Errorf("give data directory away: %w", err)
		}
	}
	err = initialise(ctx, programs, unfinished, credential, password)
	if err != nil {
		return err
	}
	err = os.Rename(unfinished, data)
	if err != nil {
		return fmt.Errorf("put data directory in place: %w", err)
	}
	return nil
}

// initialise runs initdb. The password goes through a file that only the server's user can read, for as long as that
// takes.
func initialise(ctx context.Context, programs, data string, credential *syscall.Credential, password string) error {
	file, err := os.CreateTemp("", "yilian-initdb-")
	if err != nil {
		return fmt.Errorf("make password file: %w", err)
	}
	defer os.Remove(file.Name())
	_, err = file.WriteString(password + "\n")
	if err != nil {
		return fmt.Errorf("write password file: %w", err)
	}
	if credential != nil {
		err = file.Chown(int(credential.Uid), int(credential.Gid))
		if err != nil {
			return fmt.Errorf("give password file away: %w", err)
		}
	}
	err = file.Close()
	if err != nil {
		return fmt.Errorf("close password file: %w", err)
	}
	command := exec.CommandContext(
		ctx, filepath.Join(programs, "initdb"), "-D", data, "-U", name, "-E", "UTF8", "--locale=C", "--auth=scram-sha-256",
		"--pwfile="+file.Name(), "--no-instructions",
	)
	command.Dir = data
	command.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("run initdb: %w: %s", err, bytes.TrimSpace(output))
	}
	return nil
}

func isCluster(data string) bool {
	_, err := os.Stat(filepath.Join(data, "PG_VERSION"))
	return err == nil
}

// placeCluster is <state>/pg, unless another user must run the server and cannot come there (a checkout below /root):
// then it is a directory below /var/lib, to which <state>/pg links.
func placeCluster(state topology.State, credential *syscall.Credential) (string, error) {
	data, linked := state.Path("pg"), true
	target, err := os.Readlink(data)
	switch {
	case err == nil:
		data = target
	case credential != nil && !passable(string(state)):
		data, linked = outside(state), false
	}
	err = checkPassword(state, data, linked)
	if err != nil || linked {
		return data, err
	}
	err = os.Symlink(data, state.Path("pg"))
	if err != nil {
		return "", fmt.Errorf("link data directory: %w", err)
	}
	return data, nil
}

// outside is the place of the cluster of a state directory into which the server's user cannot come.
func outside(state topology.State) string {
	sum := sha256.Sum256([]byte(state))
	return filepath.Join("/var/lib", name+"-"+hex.EncodeToString(sum[:6]))
}

// checkPassword sees to it that no server is started whose password is not known: it would refuse everybody for a
// minute and tell nobody why. What a state directory that was removed by hand left outside of it is set aside.
func checkPassword(state topology.State, data string, linked bool) error {
	file := state.Path("secrets", "database")
	password, err := readSecret(file)
	if err != nil || password != "" || !isCluster(data) {
		return err
	}
	if linked {
		return fmt.Errorf("%s is missing or empty, and the database in %s opens with nothing else: put it back from a "+
			"backup, or, if all data of this consortium may go, type network clean --state '%s'", file, data, state)
	}
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.removed-%d", data, n)
		_, err = os.Lstat(aside)
		if err == nil {
			continue
		}
		err = os.Rename(data, aside)
		if err != nil {
			return fmt.Errorf("set aside the database of a removed state directory: %w", err)
		}
		return nil
	}
}

// passable reports whether every user may pass through a directory and all above it.
func passable(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return true
		}
		dir = parent
	}
}

// Remove deletes the cluster with what lies outside the state directory.
func Remove(state topology.State) error {
	target, err := os.Readlink(state.Path("pg"))
	if err != nil {
		return nil
	}
	if !strings.HasPrefix(target, "/var/lib/"+name+"-") {
		return fmt.Errorf("remove database: %s does not look like ours", target)
	}
	aside, err := filepath.Glob(target + ".removed-*")
	if err != nil {
		return fmt.Errorf("remove database: %w", err)
	}
	for _, dir := range append(aside, target, target+".new") {
		err = os.RemoveAll(dir)
		if err != nil {
			return fmt.Errorf("remove database: %w", err)
		}
	}
	return nil
}
