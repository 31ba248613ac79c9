package main

import (
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"yilian.example/network/idp"
)

func idpCommand(s *settings) *cobra.Command {
	return &cobra.Command{
		Use: "idp", Short: "Serve the development OpenID provider (up starts it)", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			state, t, err := s.load(cmd)
			if err != nil {
				return err
			}
			logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
			slog.SetDefault(logger) // the OpenID library logs there
			return idp.Serve(cmd.Context(), state, t, logger)
		},
	}
}
