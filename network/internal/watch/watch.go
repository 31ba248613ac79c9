// Package watch looks after what no process tells of itself: orderers that run but no longer take part, a disk that
// fills up, certificates that end. It reads and compares; what is to be done, the supervisor does.
package watch

import (
	"context"
	"log/slog"
	"time"

	"yilian.example/network/internal/supervisor"
)

// Supervisor runs the processes.
type Supervisor interface {
	// Status is what runs now.
	Status() supervisor.Status
	// Trouble notes what is wrong with a running process, or, when empty, that nothing is.
	Trouble(process, what string)
	// Restart kills a process and starts it again, as one that died.
	Restart(process, why string)
	// Refresh writes the status file again if it could not be written.
	Refresh()
}

// Watch looks at a consortium at intervals.
type Watch struct {
	Supervisor Supervisor
	Orderers   []Node
	Peers      []Node
	Channel    string
	Rule       Rule
	Interval   time.Duration
	Concerns   func() []Concern // that there are now; may be nil
	Logger     *slog.Logger
	Now        func() time.Time
}

// Run looks until the context ends.
func (w *Watch) Run(ctx context.Context) {
	j, r := newJudge(w.Rule), &reminder{logged: map[string]time.Time{}}
	for {
		w.orderers(ctx, j)
		w.remind(ctx, r)
		w.Supervisor.Refresh()
		select {
		case <-ctx.Done():
			return
		case <-time.After(w.Interval):
		}
	}
}

// orderers names those that hang, and has them started again.
func (w *Watch) orderers(ctx context.Context, j *judge) {
	readings := Read(ctx, append(append([]Node{}, w.Orderers...), w.Peers...), w.Channel)
	if ctx.Err() != nil {
		return // nobody had the time to answer
	}
	var highest uint64
	for _, reading := range readings {
		highest = max(highest, reading.Height)
	}
	answered := 0
	for _, peer := range w.Peers {
		if readings[peer.Process].Answered {
			answered++
		}
	}
	if 2*answered < len(w.Peers) {
		j.blind() // that the orderers do not answer either says nothing about them
	}
	running := map[string]int{}
	for _, p := range w.Supervisor.Status().Processes {
		running[p.Name] = p.PID
	}
	sightings := map[string]Sighting{}
	for _, node := range w.Orderers {
		sightings[node.Process] = Sighting{Reading: readings[node.Process], PID: running[node.Process]}
	}
	for process, finding := range j.look(w.Now(), highest, sightings) {
		w.Supervisor.Trouble(process, finding.Trouble)
		if finding.Restart {
			w.Supervisor.Restart(process, finding.Trouble)
		}
	}
}
