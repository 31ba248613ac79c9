// Command gateway is one organisation's server: FHIR and JSON APIs, web pages, its transparency log, and the exchange
// with other members' gateways. It holds that organisation's keys, and only those.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/keyring"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := command().ExecuteContext(ctx); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(os.Stderr, "gateway: %v\n", err)
		os.Exit(1)
	}
}

func command() *cobra.Command {
	var file string
	root := &cobra.Command{
		Use:           "gateway",
		Short:         "One organisation's gateway to the consortium",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&file, "config", "gateway.yaml", "configuration file")
	add := func(use, short string, run func(ctx context.Context, c config.Config) error) {
		root.AddCommand(
			&cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error {
				c, err := config.Load(file)
				if err != nil {
					return err
				}
				return run(cmd.Context(), c)
			}},
		)
	}
	add(
		"serve", "Serve until told to stop",
		func(ctx context.Context, c config.Config) error { return run(ctx, c, logger()) },
	)
	add("migrate", "Bring the database's schema up to date", migrate)
	add("keygen", "Make the key files that are missing", func(_ context.Context, c config.Config) error {
		return keyring.Generate(c.Keys, consortiumOrigin(c))
	})
	add(
		"check", "Check the configuration and say nothing when it is good",
		func(context.Context, config.Config) error { return nil },
	)
	return root
}

func logger() *slog.Logger { return slog.New(slog.NewJSONHandler(os.Stderr, nil)) }
