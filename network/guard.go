package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"yilian.example/network/internal/supervisor"
	"yilian.example/network/topology"
)

// kept are the names below the state directory that the network program makes; built programs are not among them.
func kept() []string {
	return []string{
		"consortium.json", "orgs", "channel", "roots", "idp", "secrets", "pg", "pg.new", "cockroach", "log", "run",
	}
}

// stateLock is held by the one supervisor of a state directory. The kernel lets go of it when the process ends, however
// that happens.
type stateLock struct {
	path string
	file *os.File
}

// lock makes sure that one supervisor runs per state directory.
func lock(state topology.State) (*stateLock, error) {
	err := os.MkdirAll(state.Path("run"), 0o755)
	if err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	l := &stateLock{path: lockPath(state)}
	l.file, err = os.OpenFile(l.path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	err = syscall.Flock(int(l.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("take lock: another supervisor uses %s: %w", state, err), l.file.Close())
	}
	// For whoever has nothing else left to find this process by.
	err = errors.Join(l.file.Truncate(0), writePID(l.file))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("write lock: %w", err), l.file.Close())
	}
	return l, nil
}

func lockPath(state topology.State) string { return state.Path("run", "lock") }

func writePID(file *os.File) error {
	_, err := file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func (l *stateLock) release() { _ = l.file.Close() } //nolint:errcheck // closing lets go of the lock in any case

// gone reports whether the lock's file is no longer where it was: then the state directory was removed, and what is in
// its place belongs to somebody else.
func (l *stateLock) gone() bool {
	there, err := os.Stat(l.path)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
	}
	mine, err := l.file.Stat()
	return err == nil && !os.SameFile(there, mine)
}

// awaitGone calls removed once when the state directory is gone. Processes that lost their files would hold the ports
// of the next start otherwise, with nothing left that tells how to end them.
func (l *stateLock) awaitGone(ctx context.Context, interval time.Duration, removed func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(interval):
		}
		if l.gone() {
			removed()
			return
		}
	}
}

// present reads the status file. One that a power cut damaged counts as none: whatever it told of ended then. Should a
// supervisor hold the lock all the same, the error says which.
func present(state topology.State) (supervisor.Status, error) {
	status, err := supervisor.ReadStatus(state.Status())
	if !errors.Is(err, supervisor.ErrDamaged) {
		return status, err
	}
	pid, held := lockHolder(state)
	if held {
		return supervisor.Status{}, fmt.Errorf(
			"%w, and process %s supervises this consortium: try again in a minute, or end it with kill %s", err, pid, pid,
		)
	}
	return supervisor.Status{}, nil
}

// lockHolder is the process that supervises a state directory, if one does.
func lockHolder(state topology.State) (string, bool) {
	file, err := os.Open(lockPath(state))
	if err != nil {
		return "", false
	}
	defer file.Close()
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		return "", false
	}
	content, err := os.ReadFile(lockPath(state))
	return strings.TrimSpace(string(content)), err == nil
}

// checkOwner refuses a state directory in which files of another user would stop the start halfway, as they are left by
// a run with sudo. Root needs no leave.
func checkOwner(state topology.State, uid int) error {
	if uid == 0 {
		return nil
	}
	var foreign []string
	roots := []string{string(state)}
	for _, name := range kept() {
		found, err := foreignBelow(state.Path(name), uid)
		if err != nil {
			return err
		}
		foreign = append(foreign, found...)
	}
	if len(foreign) == 0 {
		return nil
	}
	target, err := os.Readlink(state.Path("pg"))
	if err == nil {
		roots = append(roots, target)
	}
	for i, root := range roots {
		roots[i] = "'" + strings.ReplaceAll(root, "'", `'\''`) + "'"
	}
	more := ""
	if len(foreign) > 3 {
		more = fmt.Sprintf(" and %d more", len(foreign)-3)
	}
	return fmt.Errorf("%s%s belong to another user, as a run with sudo leaves them: type sudo chown -hR %d:%d %s",
		strings.Join(foreign[:min(3, len(foreign))], ", "), more, uid, os.Getgid(), strings.Join(roots, " "))
}

// foreignBelow lists what another user owns at a path and below it; of a directory that is another's, only itself.
func foreignBelow(path string, uid int) ([]string, error) {
	var foreign []string
	err := filepath.WalkDir(path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return skipMissing(err)
		}
		info, err := entry.Info()
		if err != nil {
			return skipMissing(err)
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || int(stat.Uid) == uid {
			return nil
		}
		foreign = append(foreign, path)
		if entry.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for other users' files: %w", err)
	}
	return foreign, nil
}

// skipMissing lets a walk go on past a file that went meanwhile.
func skipMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
