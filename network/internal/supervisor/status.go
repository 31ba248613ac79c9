package supervisor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"yilian.example/network/internal/durable"
)

// Status is what the supervisor writes into its status file: scripts find process ids here.
type Status struct {
	PID int `json:"pid"` // of the supervisor
	// its start time in kernel ticks, so that a reused id is not mistaken for it
	Started   uint64          `json:"started"`
	Phase     string          `json:"phase"`     // what it is doing, for people
	Healthy   bool            `json:"healthy"`   // all that was asked for has been up
	Error     string          `json:"error"`     // why coming up failed
	Processes []ProcessStatus `json:"processes"` // in order of starting
}

// ProcessStatus is one supervised process.
type ProcessStatus struct {
	Name     string    `json:"name"`
	PID      int       `json:"pid"`      // 0 while it does not run
	Started  uint64    `json:"started"`  // kernel ticks
	State    string    `json:"state"`    // running, waiting (to be restarted), stopped or dead
	Restarts int       `json:"restarts"` //
	Since    time.Time `json:"since"`    // of the state
	Last     string    `json:"last"`     // how it ended last, if it did
	Trouble  string    `json:"trouble"`  // what is wrong with it though it runs
}

// Alive reports whether the supervisor that wrote the status still runs.
func (s Status) Alive() bool { return alive(s.PID, s.Started) }

// ErrDamaged is the error of a status file that is empty or cut off: a disk can lose what was not yet written when the
// power went.
var ErrDamaged = errors.New("status file is damaged")

// Observed compares the status with what the kernel says: a supervisor that cannot write, as on a full disk, leaves its
// last words standing. What it finds stands in State and Trouble.
func (s Status) Observed() Status {
	s.Processes = slices.Clone(s.Processes)
	for i := range s.Processes {
		p := &s.Processes[i]
		if p.State != "running" {
			continue
		}
		_, state, err := processStat(p.PID)
		switch {
		case err != nil || !alive(p.PID, p.Started):
			p.State, p.Trouble = "dead", "process ended, and the status file does not say so"
		case state == "T" && p.Trouble == "":
			p.Trouble = "is stopped by a signal (SIGSTOP)"
		}
	}
	return s
}

// ReadStatus reads a status file. A missing file is an empty status.
func ReadStatus(path string) (Status, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Status{}, nil
	}
	if err != nil {
		return Status{}, fmt.Errorf("read status: %w", err)
	}
	var s Status
	err = json.Unmarshal(content, &s)
	if err != nil {
		return Status{}, fmt.Errorf("%w: %s: %w", ErrDamaged, path, err)
	}
	return s, nil
}

// TakeDownOrphans ends processes that a dead supervisor left behind. They normally end with it; this is for those that
// did not.
func TakeDownOrphans(s Status, timeout time.Duration) {
	if s.Alive() {
		return
	}
	deadline := time.Now().Add(timeout)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		left := s.running()
		for _, pid := range left {
			_ = syscall.Kill(pid, signal) //nolint:errcheck // it may end in this moment
		}
		for len(left) > 0 && time.Now().Before(deadline) {
			time.Sleep(50 * time.Millisecond)
			left = s.running()
		}
		if len(left) == 0 {
			return
		}
		deadline = time.Now().Add(2 * time.Second)
	}
}

// running returns the ids of the processes that still run.
func (s Status) running() []int {
	var ids []int
	for _, p := range s.Processes {
		if alive(p.PID, p.Started) {
			ids = append(ids, p.PID)
		}
	}
	return ids
}

// alive reports whether a process with this id and start time runs; a zombie does not.
func alive(pid int, started uint64) bool {
	if pid <= 0 {
		return false
	}
	ticks, state, err := processStat(pid)
	return err == nil && ticks == started && state != "Z" && state != "X"
}

// processStat reads start time (field 22) and state (field 3) of a process, see proc(5).
func processStat(pid int) (uint64, string, error) {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, "", fmt.Errorf("read process: %w", err)
	}
	// The command name stands in brackets and may hold anything, brackets included.
	_, rest, ok := cutLast(string(content), ") ")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 20 {
		return 0, "", errors.New("read process: unknown shape")
	}
	ticks, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return 0, "", fmt.Errorf("read process start: %w", err)
	}
	return ticks, fields[0], nil
}

func cutLast(s, sep string) (string, string, bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// writeStatus replaces the file as a whole, so that no reader sees half of it.
func writeStatus(path string, s Status) error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	return durable.Replace(path, content, 0o644)
}
