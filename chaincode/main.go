// Command chaincode serves the contracts of chaincode/contract to one member's peer as an external service: the peer
// connects to it, no container is built.
//
// It reads its configuration from the environment, since the peer's operator sets it beside the package's id:
//
//	CHAINCODE_SERVER_ADDRESS  host:port to listen on
//	CHAINCODE_ID              the package id that the peer's install printed, label:hash
//	CHAINCODE_TLS_KEY         PEM file  \
//	CHAINCODE_TLS_CERT        PEM file   > all three, or none for no TLS
//	CHAINCODE_CLIENT_CA       PEM file  /  the root that issued the peer's client certificate
//
// On SIGTERM or SIGINT it lets running invocations end and exits 0.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"yilian.example/chaincode/contract"
)

func main() {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Getenv, logger); err != nil {
		logger.ErrorContext(ctx, "chaincode stopped", "error", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. The clock is handed to the contracts here, and nowhere else.
func run(ctx context.Context, getenv func(string) string, logger *slog.Logger) error {
	settings, err := readSettings(getenv)
	if err != nil {
		return err
	}
	chaincode, err := contract.New(time.Now)
	if err != nil {
		return fmt.Errorf("start chaincode: %w", err)
	}
	return serve(ctx, settings, chaincode, logger)
}
