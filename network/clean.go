package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"yilian.example/network/internal/database"
)

func cleanCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "clean", Short: "Remove the consortium's keys, ledgers, database and logs; built programs stay",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, err := s.directory()
			if err != nil {
				return err
			}
			status, err := present(state)
			if err != nil {
				return err
			}
			if status.Alive() {
				return errors.New("the consortium is running: stop it with down first")
			}
			err = database.Remove(state)
			if err != nil {
				return err
			}
			for _, name := range kept() {
				err = os.RemoveAll(state.Path(name))
				if err != nil {
					return fmt.Errorf("remove state: %w", err)
				}
			}
			if os.Getenv("DATABASE_URL") != "" {
				fmt.Fprintln(
					cmd.OutOrStdout(),
					"DATABASE_URL is set: the database it names was left alone, and holds data whose keys are gone now. "+
						"Drop and create it before the next start.",
				)
			}
			return nil
		},
	}
}
