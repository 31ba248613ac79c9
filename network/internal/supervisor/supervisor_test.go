package supervisor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets this test program stand in for a supervisor that is killed: see TestChildrenEndWithTheirSupervisor.
func TestMain(m *testing.M) {
	if dir := os.Getenv("SUPERVISOR_TEST_DIR"); dir != "" {
		s, err := New(
			filepath.Join(dir, "status.json"), func(n string) string { return filepath.Join(dir, n+".log") }, quiet(),
			time.Now,
		)
		if err == nil {
			err = s.Start(sleeper("one"))
		}
		fmt.Println("started", err)
		select {}
	}
	os.Exit(m.Run())
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func sleeper(name string) Process {
	return Process{Name: name, Path: "/bin/sleep", Args: []string{"1000"}}
}

func newSupervisor(t *testing.T) (*Supervisor, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := New(
		filepath.Join(dir, "run", "status.json"), func(n string) string { return filepath.Join(dir, "log", n+".log") },
		quiet(), time.Now,
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.Status().Phase != "stopped" {
			s.Stop()
		}
	})
	return s, dir
}

// eventually waits until the status file says so, as scripts read it.
func eventually(t *testing.T, dir string, what string, ok func(Status) bool) Status {
	t.Helper()
	var last Status
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := Wait(ctx, 10*time.Millisecond, func(context.Context) error {
		status, err := ReadStatus(filepath.Join(dir, "run", "status.json"))
		if err != nil {
			return err
		}
		last = status
		if !ok(status) {
			return fmt.Errorf("not yet: %+v", status)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return last
}

func TestKilledProcessIsRestarted(t *testing.T) {
	s, dir := newSupervisor(t)
	err := s.Start(sleeper("one"))
	if err != nil {
		t.Fatal(err)
	}
	first := eventually(t, dir, "start", func(s Status) bool { return s.Processes[0].State == "running" }).Processes[0]
	err = syscall.Kill(first.PID, syscall.SIGKILL)
	if err != nil {
		t.Fatal(err)
	}
	second := eventually(t, dir, "restart", func(s Status) bool { return s.Processes[0].Restarts == 1 }).Processes[0]
	if second.PID == first.PID || second.State != "running" || second.Last != "signal: killed" {
		t.Errorf("after the restart: %+v", second)
	}
}

func TestBackOffGrows(t *testing.T) {
	s, dir := newSupervisor(t)
	began := time.Now()
	err := s.Start(Process{Name: "failing", Path: "/bin/sh", Args: []string{"-c", "echo oh dear; exit 3"}})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, dir, "third restart", func(s Status) bool { return s.Processes[0].Restarts == 3 })
	if took, least := time.Since(began), 7*firstDelay; took < least {
		t.Errorf("three restarts took %v, want at least %v", took, least)
	}
	log, err := os.ReadFile(filepath.Join(dir, "log", "failing.log"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), "Z oh dear\n") || !strings.Contains(string(log), "ended: exit status 3") {
		t.Errorf("log:\n%s", log)
	}
}

func TestStopEndsLayersFromTheHighest(t *testing.T) {
	s, dir := newSupervisor(t)
	order := filepath.Join(dir, "order")
	for name, layer := range map[string]int{"database": 0, "ledger": 1, "gateway": 2} {
		script := fmt.Sprintf(
			`trap 'echo %s >> %s; exit 0' TERM; echo ready >> %s.%s; while :; do sleep 0.01; done`,
			name,
			order,
			order,
			name,
		)
		err := s.Start(Process{Name: name, Path: "/bin/sh", Args: []string{"-c", script}, Layer: layer})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		err = Wait(
			ctx, 10*time.Millisecond, func(context.Context) error { _, err := os.Stat(order + "." + name); return err },
		)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
	}
	s.Stop()
	got, err := os.ReadFile(order)
	if err != nil || string(got) != "gateway\nledger\ndatabase\n" {
		t.Errorf("order of stopping: %q, %v", got, err)
	}
	for _, p := range s.Status().Processes {
		if p.State != "stopped" || p.PID != 0 {
			t.Errorf("after Stop: %+v", p)
		}
	}
}

func TestStubbornProcessIsKilled(t *testing.T) {
	s, dir := newSupervisor(t)
	script := `trap '' TERM; echo ready > ` + dir + `/ready; while :; do sleep 0.01; done`
	err := s.Start(
		Process{Name: "stubborn", Path: "/bin/sh", Args: []string{"-c", script}, StopTimeout: 200 * time.Millisecond},
	)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err = Wait(ctx, 10*time.Millisecond, func(context.Context) error { _, err := os.Stat(dir + "/ready"); return err })
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	if last := s.Status().Processes[0].Last; last != "signal: killed" {
		t.Errorf("ended by %q", last)
	}
}

func TestMissingProgram(t *testing.T) {
	s, _ := newSupervisor(t)
	err := s.Start(Process{Name: "missing", Path: "/does/not/exist"})
	if err == nil || !strings.Contains(err.Error(), "start missing") {
		t.Errorf("got %v", err)
	}
}

// startDoomed runs a supervisor in a process of its own, and returns when its child runs.
func startDoomed(t *testing.T) (*exec.Cmd, Status, string) {
	t.Helper()
	dir := t.TempDir()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), "SUPERVISOR_TEST_DIR="+dir)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	err = command.Start()
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "started <nil>\n" {
		t.Fatalf("supervisor says %q, %v", line, err)
	}
	status, err := ReadStatus(filepath.Join(dir, "status.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !status.Alive() || !alive(status.Processes[0].PID, status.Processes[0].Started) {
		t.Fatalf("not alive: %+v", status)
	}
	return command, status, dir
}

func TestChildrenEndWithTheirSupervisor(t *testing.T) {
	command, status, _ := startDoomed(t)
	err := command.Process.Kill()
	if err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // killed, as it should be
	if status.Alive() {
		t.Error("a killed supervisor is said to be alive")
	}
	child := status.Processes[0]
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err = Wait(ctx, 10*time.Millisecond, func(context.Context) error {
		if alive(child.PID, child.Started) {
			return fmt.Errorf("process %d lives on", child.PID)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestOrphansAreTakenDown(t *testing.T) {
	command := exec.Command("/bin/sleep", "1000")
	err := command.Start()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	ticks, _, err := processStat(command.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	// The same id with another start time is somebody else's process: it must be left alone.
	TakeDownOrphans(Status{Processes: []ProcessStatus{{PID: command.Process.Pid, Started: ticks + 1}}}, time.Second)
	select {
	case <-ended:
		t.Fatal("a stranger's process was ended")
	case <-time.After(100 * time.Millisecond):
	}
	TakeDownOrphans(Status{Processes: []ProcessStatus{{PID: command.Process.Pid, Started: ticks}}}, 5*time.Second)
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		t.Fatal("the orphan lives on")
	}
}

func TestStatusOfNothing(t *testing.T) {
	status, err := ReadStatus(filepath.Join(t.TempDir(), "status.json"))
	if err != nil || status.Alive() {
		t.Errorf("got %+v, %v", status, err)
	}
}

// A power cut can leave an empty file, or half of one. Whoever reads it must be able to tell that from one that may not
// be read.
func TestDamagedStatus(t *testing.T) {
	path := filepath.Join(t.TempDir(), "status.json")
	for _, content := range []string{"", "{\"pid\": 12", "\x00\x00\x00"} {
		err := os.WriteFile(path, []byte(content), 0o600)
		if err != nil {
			t.Fatal(err)
		}
		status, err := ReadStatus(path)
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) || status.Alive() {
			t.Errorf("%q: %+v, %v", content, status, err)
		}
	}
}

// On a full disk the supervisor's last words stood on: three orderers were dead and shown as running.
func TestDeadProcessIsNotShownAsRunning(t *testing.T) {
	s, _ := newSupervisor(t)
	for _, name := range []string{"one", "two", "three"} {
		err := s.Start(sleeper(name))
		if err != nil {
			t.Fatal(err)
		}
	}
	written := s.Status() // and nothing after it
	err := syscall.Kill(written.Processes[0].PID, syscall.SIGSTOP)
	if err != nil {
		t.Fatal(err)
	}
	s.Restart("two", "a test wants it")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err = Wait(ctx, 5*time.Millisecond, func(context.Context) error {
		seen := written.Observed().Processes
		if seen[0].State != "running" || !strings.Contains(seen[0].Trouble, "SIGSTOP") ||
			seen[1].State != "dead" || seen[1].Trouble == "" || seen[2] != written.Processes[2] {
			return fmt.Errorf("seen %+v", seen)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if written.Processes[1].State != "running" {
		t.Error("what was read is changed")
	}
	err = syscall.Kill(written.Processes[0].PID, syscall.SIGCONT)
	if err != nil {
		t.Fatal(err)
	}
}

// A status that could not be written is written as soon as that can be done, without anything happening.
func TestStatusIsWrittenOnceThereIsRoom(t *testing.T) {
	s, dir := newSupervisor(t)
	path := filepath.Join(dir, "run", "status.json")
	err := errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "in-the-way"), 0o700))
	if err != nil {
		t.Fatal(err)
	}
	s.Phase("a phase that nobody can read of")
	err = os.RemoveAll(path)
	if err != nil {
		t.Fatal(err)
	}
	s.Refresh()
	status, err := ReadStatus(path)
	if err != nil || status.Phase != s.Status().Phase {
		t.Errorf("got %+v, %v", status, err)
	}
}

// After its directory was removed, a supervisor must leave no trace in a new one of the same name.
func TestDisownedStatusIsNotWritten(t *testing.T) {
	s, dir := newSupervisor(t)
	err := s.Start(sleeper("one"))
	if err != nil {
		t.Fatal(err)
	}
	s.Disown()
	other := []byte(`{"pid": 1}`)
	path := filepath.Join(dir, "run", "status.json")
	err = os.WriteFile(path, other, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != string(other) {
		t.Errorf("got %s, %v", got, err)
	}
	if p := s.Status().Processes[0]; p.State != "stopped" {
		t.Errorf("after Stop: %+v", p)
	}
}

func TestLogSplitsLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	at := time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)
	log, err := openLog(path, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"one\ntw", "o\n", "unfinished"} {
		_, err = log.Write([]byte(part))
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	want := "2026-11-21T20:00:00.000Z one\n2026-11-21T20:00:00.000Z two\n"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
}
