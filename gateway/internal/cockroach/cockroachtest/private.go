package cockroachtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// startPrivate starts a server for this process alone and gives the URL of its first database.
//
// Go tests have no hook at the end of a process, so a small shell waits for the process to go and then stops the server
// and removes its files, however the process ended.
func startPrivate() (string, error) {
	if bin := postgresBin(); bin != "" {
		return startPostgres(bin)
	}
	if bin, err := exec.LookPath("cockroach"); err == nil {
		return startCockroach(bin)
	}
	return "", errors.New(
		"set DATABASE_URL, or install PostgreSQL 15 or newer, or put a cockroach binary on PATH (scripts/setup.sh does it)",
	)
}

// postgresBin returns the folder of the newest PostgreSQL's programs, or nothing.
func postgresBin() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	sort.Slice(found, func(i, j int) bool { return majorOf(found[i]) > majorOf(found[j]) })
	if len(found) > 0 {
		return filepath.Dir(found[0])
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return ""
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return filepath.Dir(path)
}

func majorOf(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return n
}

func startPostgres(bin string) (string, error) {
	dir, err := os.MkdirTemp("", "yilian-pg-")
	if err != nil {
		return "", err
	}
	cred, err := unprivileged()
	if err != nil {
		return "", err
	}
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return "", err
		}
	}
	data := filepath.Join(dir, "data")
	if err := run(cred, dir, filepath.Join(bin, "initdb"), "-D", data, "-U", "yilian", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"); err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	// A test's data need not survive a power cut; concurrency and rollback behave the same without fsync.
	server := exec.Command(
		filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(port), "-k", dir, "-h", "127.0.0.1", "-c",
		"fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=300", "-c",
		"shared_buffers=64MB", "-c", "autovacuum=off", "-c", "log_min_messages=fatal",
	)
	url := fmt.Sprintf("postgresql://yilian@127.0.0.1:%d/postgres?sslmode=disable", port)
	return url, launch(server, cred, dir, url)
}

func startCockroach(bin string) (string, error) {
	dir, err := os.MkdirTemp("", "yilian-crdb-")
	if err != nil {
		return "", err
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	server := exec.Command(bin, "start-single-node", "--insecure", "--store=type=mem,size=1GiB",
		"--listen-addr=127.0.0.1:"+strconv.Itoa(port), "--http-addr=127.0.0.1:0")
	url := fmt.Sprintf("postgresql://root@127.0.0.1:%d/defaultdb?sslmode=disable", port)
	return url, launch(server, nil, dir, url)
}

// launch starts the server, and with it the shell that ends it after this process; then it waits until the server
// answers.
func launch(server *exec.Cmd, cred *syscall.Credential, dir, url string) error {
	logFile, err := os.Create(filepath.Join(dir, "server.log"))
	if err != nil {
		return err
	}
	defer logFile.Close()
	server.Dir, server.Stdout, server.Stderr = dir, logFile, logFile
	server.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: cred}
	if err := server.Start(); err != nil {
		return err
	}
	gone := make(chan error, 1)
	go func() { gone <- server.Wait() }()

	const reaper = `while kill -0 "$1" 2>/dev/null; do sleep 0.3; done; kill -QUIT "$2" 2>/dev/null; sleep 0.5; kill -KILL "$2" 2>/dev/null; rm -rf "$3"`
	watch := exec.Command("/bin/sh", "-c", reaper, "sh", strconv.Itoa(os.Getpid()), strconv.Itoa(server.Process.Pid), dir)
	watch.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := watch.Start(); err != nil {
		_ = server.Process.Kill()
		return err
	}
	go func() { _ = watch.Wait() }()
	return waitReady(url, gone, logFile.Name())
}

func waitReady(url string, gone <-chan error, logName string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, url)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case exit := <-gone:
			text, _ := os.ReadFile(logName)
			return fmt.Errorf("database server ended at once (%v): %s", exit, strings.TrimSpace(string(text)))
		case <-ctx.Done():
			return fmt.Errorf("database server did not answer in time: %w", err)
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// unprivileged is the user to run PostgreSQL as: it refuses to run as root. It is nil when this process is not root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")
}

func run(cred *syscall.Credential, dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s: %w: %s", filepath.Base(name), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// removeAtExit drops a database of a server that outlives this process.
func removeAtExit(adminURL, name string) {
	if os.Getenv("DATABASE_URL") == "" {
		return // the private server goes as a whole
	}
	psql, err := exec.LookPath("psql")
	if err != nil {
		return // one small database named yilian_test_template_… remains
	}
	const reaper = `while kill -0 "$1" 2>/dev/null; do sleep 0.3; done; "$2" "$PGURL" -qc "$3" >/dev/null 2>&1`
	watch := exec.Command("/bin/sh", "-c", reaper, "sh", strconv.Itoa(os.Getpid()), psql, "DROP DATABASE IF EXISTS "+name)
	watch.Env = append(os.Environ(), "PGURL="+adminURL) // not on the command line: it may carry a password
	watch.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := watch.Start(); err == nil {
		go func() { _ = watch.Wait() }()
	}
}
