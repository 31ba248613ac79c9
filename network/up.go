package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"yilian.example/network/internal/consortium"
	"yilian.example/network/internal/supervisor"
	"yilian.example/network/topology"
)

// upPatience bounds coming up, first start included.
const upPatience = 4 * time.Minute

func upCommand(s *settings) *cobra.Command {
	var detach bool
	c := &cobra.Command{
		Use: "up", Short: "Bring the consortium up and keep it running", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, t, err := s.load(cmd)
			if err != nil {
				return err
			}
			err = checkOwner(state, os.Geteuid())
			if err != nil {
				return err
			}
			status, err := present(state)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			switch {
			case status.Alive() && detach:
				return follow(cmd.Context(), state, t, out)
			case status.Alive():
				return fmt.Errorf("already running as process %d: see status, or stop it with down", status.PID)
			case detach:
				return s.upDetached(cmd.Context(), state, t, out)
			}
			return s.upAttached(cmd.Context(), state, t, out)
		},
	}
	c.Flags().BoolVar(&detach, "detach", false, "return when everything is healthy, and leave it running")
	return c
}

// upAttached supervises in this process until it is told to stop.
func (s *settings) upAttached(ctx context.Context, state topology.State, t *topology.Topology, out io.Writer) error {
	bin, err := s.programs()
	if err != nil {
		return err
	}
	err = os.MkdirAll(state.Path("log"), 0o755)
	if err != nil {
		return fmt.Errorf("make state directory: %w", err)
	}
	held, err := lock(state)
	if err != nil {
		return err
	}
	defer held.release()
	old, err := supervisor.ReadStatus(state.Status())
	if err != nil && !errors.Is(err, supervisor.ErrDamaged) {
		return err
	}
	supervisor.TakeDownOrphans(old, 15*time.Second)
	log, err := os.OpenFile(state.Log("supervisor"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	defer log.Close()
	logger := slog.New(slog.NewTextHandler(log, nil))
	sup, err := supervisor.New(state.Status(), state.Log, logger, time.Now)
	if err != nil {
		return err
	}
	defer sup.Stop()
	ctx, cease := context.WithCancel(ctx)
	defer cease()
	go held.awaitGone(ctx, 2*time.Second, func() {
		fmt.Fprintf(out, "%s was removed: stopping what runs there\n", state)
		sup.Disown()
		cease()
	})
	c := &consortium.Consortium{
		State: state, Topology: t, Bin: bin, DatabaseURL: os.Getenv("DATABASE_URL"), Offset: s.offset,
		Supervisor: sup, Logger: logger, Now: time.Now,
	}
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	go progress(watching, out, func() (supervisor.Status, error) { return sup.Status(), nil })
	began := time.Now()
	coming, cancel := context.WithTimeout(ctx, upPatience)
	defer cancel()
	err = c.Up(coming)
	stopWatching()
	if err != nil && ctx.Err() != nil {
		err = errors.New("interrupted while coming up")
	}
	if err != nil {
		logger.ErrorContext(ctx, "come up", "error", err)
		sup.Fail(err)
		return err
	}
	sup.Healthy()
	logger.InfoContext(ctx, "healthy", "seconds", time.Since(began).Seconds())
	printMembers(out, t, time.Since(began))
	fmt.Fprintln(out, "\nCtrl-C 停止 · Ctrl-C stops it")
	c.Watch().Run(ctx)
	fmt.Fprintln(out, "stopping …")
	return nil
}

// upDetached starts this program again as a supervisor of its own session, and watches it until all is healthy.
func (s *settings) upDetached(ctx context.Context, state topology.State, t *topology.Topology, out io.Writer) error {
	command, err := s.spawn(state)
	if err != nil {
		return err
	}
	watching, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		_ = command.Wait()                 //nolint:errcheck // why it ended is in the status file and the logs
		time.Sleep(200 * time.Millisecond) // its last words
		cancel(errors.New("the supervisor ended: see " + state.Log("up") + " and " + state.Log("supervisor")))
	}()
	err = watchProcess(watching, state, t, out, command.Process.Pid)
	if err == nil {
		return nil
	}
	// Two of these at once: one supervisor gives way to the other, and both callers get what they asked for.
	status, readErr := supervisor.ReadStatus(state.Status())
	if readErr == nil && status.Alive() && status.PID != command.Process.Pid {
		return follow(ctx, state, t, out)
	}
	return err
}

// spawn starts the supervisor. It is not this very program that is started: `go run` deletes that when it returns.
func (s *settings) spawn(state topology.State) (*exec.Cmd, error) {
	bin, err := s.programs()
	if err != nil {
		return nil, err
	}
	args := []string{"up", "--state", string(state), "--bin", bin, "--port-offset", strconv.Itoa(s.offset)}
	if s.topology != "" {
		args = append(args, "--topology", s.topology)
	}
	err = os.MkdirAll(state.Path("log"), 0o755)
	if err != nil {
		return nil, fmt.Errorf("make state directory: %w", err)
	}
	output, err := os.OpenFile(state.Log("up"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	defer output.Close()
	command := exec.Command(filepath.Join(bin, "network"), args...)
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = command.Start()
	if err != nil {
		return nil, fmt.Errorf("start supervisor (scripts/setup.sh builds it): %w", err)
	}
	return command, nil
}

// follow waits for a supervisor that is already there.
func follow(ctx context.Context, state topology.State, t *topology.Topology, out io.Writer) error {
	status, err := supervisor.ReadStatus(state.Status())
	if err != nil {
		return err
	}
	return watchProcess(ctx, state, t, out, status.PID)
}

func watchProcess(ctx context.Context, state topology.State, t *topology.Topology, out io.Writer, pid int) error {
	began := time.Now()
	watching, stop := context.WithCancel(ctx)
	defer stop()
	read := func() (supervisor.Status, error) {
		status, err := supervisor.ReadStatus(state.Status())
		if errors.Is(err, supervisor.ErrDamaged) || err == nil && status.PID != pid {
			return supervisor.Status{}, nil // of the one before
		}
		return status, err
	}
	go progress(watching, out, read)
	for {
		status, err := read()
		switch {
		case err != nil:
			return err
		case status.Healthy:
			stop()
			printMembers(out, t, time.Since(began))
			return nil
		case status.Error != "":
			return errors.New(status.Error)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("come up: %w", context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// progress prints each phase as it begins.
func progress(ctx context.Context, out io.Writer, read func() (supervisor.Status, error)) {
	began, last := time.Now(), ""
	for {
		status, err := read()
		if err == nil && status.Phase != "" && status.Phase != last && !status.Healthy && status.Error == "" {
			last = status.Phase
			fmt.Fprintf(out, "%5.1fs  %s …\n", time.Since(began).Seconds(), last)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}
