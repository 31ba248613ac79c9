// Package supervisor starts processes, restarts those that die, writes down what they print, and stops them in order.
// It knows nothing of what they are. It is for Linux: children are told by the kernel when their supervisor is gone.
package supervisor

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"
)

// Back-off between restarts, and how long a process must have run for the next to be the first again.
const (
	firstDelay = 200 * time.Millisecond
	lastDelay  = 5 * time.Second
	settled    = 10 * time.Second
)

// lifetime is the context of the supervisor's log lines: what it reports belongs to no call, since it watches over its
// processes until Stop, whoever started them.
var lifetime = context.Background()

// Process is what to run.
type Process struct {
	Name        string
	Path        string
	Args        []string
	Env         []string // beside the supervisor's own environment
	Dir         string
	Credential  *syscall.Credential // another user, or nil
	Signal      syscall.Signal      // that ends it; SIGTERM by default
	StopTimeout time.Duration       // after which it is killed; 10s by default
	Layer       int                 // higher layers are stopped first
}

// Supervisor keeps processes running.
type Supervisor struct {
	logger *slog.Logger
	now    func() time.Time
	path   string                   // of the status file
	logs   func(name string) string // of log files
	spawn  chan func()              // run on the one thread that starts children

	mu       sync.Mutex // guards all below
	status   Status
	disowned bool // the status file is another's: see Disown
	stale    bool // the status file could not be written, as on a full disk
	children []*child
}

// child is one process that is kept running. Its goroutine owns it, but for what the supervisor's mutex guards.
type child struct {
	process Process
	log     *logFile
	stop    chan struct{} // closed to end it
	done    chan struct{} // closed when it has ended for good
	why     string        // it was killed to be started again; the supervisor's mutex guards it
}

// New makes a supervisor that says what it does in the file at path.
func New(path string, logs func(name string) string, logger *slog.Logger, now func() time.Time) (*Supervisor, error) {
	ticks, _, err := processStat(os.Getpid())
	if err != nil {
		return nil, err
	}
	s := &Supervisor{
		logger: logger, now: now, path: path, logs: logs, spawn: make(chan func()),
		status: Status{PID: os.Getpid(), Started: ticks, Phase: "starting"},
	}
	err = os.MkdirAll(filepath.Dir(path), 0o755)
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	go s.spawner()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s, writeStatus(path, s.status)
}

// spawner starts all children from one thread that lives as long as the program: the kernel sends a child its
// parent-death signal when the thread that started it ends, not when the process does (prctl(2), PR_SET_PDEATHSIG).
func (s *Supervisor) spawner() {
	runtime.LockOSThread()
	for start := range s.spawn {
		start()
	}
}

// Phase says what is being done.
func (s *Supervisor) Phase(phase string) {
	s.logger.InfoContext(lifetime, "phase", "phase", phase)
	s.update(func(status *Status) { status.Phase = phase })
}

// Healthy says that all is up.
func (s *Supervisor) Healthy() {
	s.update(func(status *Status) { status.Healthy, status.Phase = true, "running" })
}

// Fail says why coming up failed.
func (s *Supervisor) Fail(err error) {
	s.update(func(status *Status) { status.Error, status.Phase = err.Error(), "failed" })
}

// Status is a copy of the present status.
func (s *Supervisor) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := s.status
	status.Processes = slices.Clone(status.Processes)
	return status
}

// Disown ends the writing of the status file: somebody removed the directory it was in, and a file in that place is
// another supervisor's.
func (s *Supervisor) Disown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disowned = true
}

func (s *Supervisor) update(change func(*Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.status)
	s.write()
}

// write writes the status file; the mutex is held.
func (s *Supervisor) write() {
	if s.disowned {
		return
	}
	err := writeStatus(s.path, s.status)
	s.stale = err != nil
	if err != nil {
		s.logger.ErrorContext(lifetime, "write status", "error", err)
	}
}

// Refresh writes the status file again if the last time it could not be written, so that it is right again soon after
// there is room on the disk.
func (s *Supervisor) Refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stale {
		s.write()
	}
}

// Trouble notes what is wrong with a process that runs, or, when empty, that nothing is.
func (s *Supervisor) Trouble(process, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.status.Processes {
		p := &s.status.Processes[i]
		if p.Name != process || p.Trouble == what {
			continue
		}
		if what == "" {
			s.logger.InfoContext(lifetime, "process is well again", "process", process)
		} else if p.Trouble == "" {
			s.logger.WarnContext(lifetime, "process does not work", "process", process, "trouble", what)
		}
		p.Trouble = what
		s.write()
	}
}

// Restart kills a process that runs but does not work, so that it is started again as one that died. It is not asked to
// end: one that hangs does not hear.
func (s *Supervisor) Restart(process, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.children {
		for _, p := range s.status.Processes {
			if p.Name != process || c.process.Name != process || !alive(p.PID, p.Started) {
				continue
			}
			s.logger.WarnContext(lifetime, "restart process", "process", process, "trouble", why)
			c.why = why
			_ = syscall.Kill(-p.PID, syscall.SIGKILL) //nolint:errcheck // it may end in this moment
		}
	}
}

// Start starts a process and keeps it running until Stop. It fails only when the process cannot be started at all.
func (s *Supervisor) Start(p Process) error {
	if p.Signal == 0 {
		p.Signal = syscall.SIGTERM
	}
	if p.StopTimeout == 0 {
		p.StopTimeout = 10 * time.Second
	}
	log, err := openLog(s.logs(p.Name), s.now)
	if err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	c := &child{process: p, log: log, stop: make(chan struct{}), done: make(chan struct{})}
	s.update(func(status *Status) {
		status.Processes = append(status.Processes, ProcessStatus{Name: p.Name, State: "waiting", Since: s.now()})
		s.children = append(s.children, c)
	})
	command, err := s.launch(c)
	if err != nil {
		close(c.done)
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	go s.keep(c, command)
	return nil
}

// launch starts the process once.
func (s *Supervisor) launch(c *child) (*exec.Cmd, error) {
	command := exec.Command(c.process.Path, c.process.Args...)
	command.Env = append(os.Environ(), c.process.Env...)
	command.Dir = c.process.Dir
	command.Stdout, command.Stderr = c.log, c.log
	command.WaitDelay = 2 * time.Second
	command.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:    true,
		Pdeathsig:  c.process.Signal,
		Credential: c.process.Credential,
	}
	failed := make(chan error, 1)
	s.spawn <- func() { failed <- command.Start() }
	err := <-failed
	if err != nil {
		c.log.say("cannot start: %v", err)
		return nil, err
	}
	pid := command.Process.Pid
	ticks, _, err := processStat(pid)
	if err != nil {
		ticks = 0 // it ended at once: the caller's Wait will tell
	}
	c.log.say("started as process %d", pid)
	s.record(c, func(p *ProcessStatus) { p.PID, p.Started, p.State, p.Since = pid, ticks, "running", s.now() })
	return command, nil
}

// keep waits for the process to end and starts it again, until it is told to stop.
func (s *Supervisor) keep(c *child, command *exec.Cmd) {
	defer close(c.done)
	delay := firstDelay
	for {
		began := s.now()
		stopped := s.wait(c, command)
		if stopped {
			return
		}
		if s.now().Sub(began) > settled {
			delay = firstDelay
		}
		for {
			s.logger.WarnContext(lifetime, "process ended", "process", c.process.Name, "restart_in", delay)
			select {
			case <-c.stop:
				s.record(c, func(p *ProcessStatus) { p.State, p.Since = "stopped", s.now() })
				return
			case <-time.After(delay):
			}
			delay = min(2*delay, lastDelay)
			var err error
			command, err = s.launch(c)
			if err == nil {
				break
			}
		}
		s.record(c, func(p *ProcessStatus) { p.Restarts++ })
	}
}

// wait returns when the process has ended, and whether it was told to.
func (s *Supervisor) wait(c *child, command *exec.Cmd) bool {
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	var err error
	stopped := false
	select {
	case err = <-ended:
	case <-c.stop:
		stopped = true
		_ = command.Process.Signal(c.process.Signal) //nolint:errcheck // it may have ended in this moment
		select {
		case err = <-ended:
		case <-time.After(c.process.StopTimeout):
			c.log.say("does not end: killed")
			_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL) //nolint:errcheck // as above
			err = <-ended
		}
	}
	how := "exit status 0"
	if err != nil {
		how = err.Error()
	}
	s.record(c, func(p *ProcessStatus) {
		if c.why != "" {
			how, c.why, p.Trouble = c.why+": "+how, "", ""
		}
		c.log.say("ended: %s", how)
		p.PID, p.Started, p.Since, p.Last, p.State = 0, 0, s.now(), how, "waiting"
		if stopped {
			p.State = "stopped"
		}
	})
	return stopped
}

func (s *Supervisor) record(c *child, change func(*ProcessStatus)) {
	s.update(func(status *Status) {
		for i := range status.Processes {
			if status.Processes[i].Name == c.process.Name {
				change(&status.Processes[i])
			}
		}
	})
}

// Stop ends all processes, layer by layer from the highest, those of one layer at the same time.
func (s *Supervisor) Stop() {
	s.Phase("stopping")
	s.mu.Lock()
	children := slices.Clone(s.children)
	s.mu.Unlock()
	slices.SortStableFunc(children, func(a, b *child) int { return b.process.Layer - a.process.Layer })
	for len(children) > 0 {
		n := 0
		for n < len(children) && children[n].process.Layer == children[0].process.Layer {
			close(children[n].stop)
			n++
		}
		for _, c := range children[:n] {
			<-c.done
		}
		children = children[n:]
	}
	s.update(func(status *Status) { status.Healthy, status.Phase = false, "stopped" })
}

// Wait polls until ready returns nil, or the context ends; then the last error tells why.
func Wait(ctx context.Context, interval time.Duration, ready func(context.Context) error) error {
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait: %w (last answer: %w)", ctx.Err(), err)
		case <-time.After(interval):
		}
	}
}
