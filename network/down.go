package main

import (
	"fmt"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"yilian.example/network/internal/supervisor"
)

// downPatience is how long an orderly stop may take.
const downPatience = 90 * time.Second

func downCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "Stop the consortium; its data stay", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, err := s.directory()
			if err != nil {
				return err
			}
			status, err := present(state)
			if err != nil {
				return err
			}
			if !status.Alive() {
				supervisor.TakeDownOrphans(status, 15*time.Second)
				fmt.Fprintln(cmd.OutOrStdout(), "not running")
				return nil
			}
			began := time.Now()
			err = syscall.Kill(status.PID, syscall.SIGTERM)
			if err != nil {
				return fmt.Errorf("stop supervisor: %w", err)
			}
			for status.Alive() {
				if time.Since(began) > downPatience {
					return fmt.Errorf("process %d does not end: see %s", status.PID, state.Log("supervisor"))
				}
				time.Sleep(20 * time.Millisecond)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "stopped in %.1fs\n", time.Since(began).Seconds())
			return nil
		},
	}
}
