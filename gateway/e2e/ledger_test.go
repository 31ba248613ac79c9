//go:build consortium

// Package e2e runs suites of the gateway's inside against a running consortium. network/e2e starts the consortium and
// this package with it (build tag consortium, state directory in YILIAN_STATE); by itself it does nothing, since it
// would have nothing to run against.
package e2e

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/fabric"
	"yilian.example/gateway/internal/fabric/fabrictest"
)

// TestRealLedgerPassesConformance holds the real Fabric network to the suite that the in-memory ledger of the other
// tests passes: what those tests rely on is true.
func TestRealLedgerPassesConformance(t *testing.T) {
	state := os.Getenv("YILIAN_STATE")
	if state == "" {
		t.Fatal("set YILIAN_STATE to the state directory of a running consortium")
	}
	files, err := filepath.Glob(filepath.Join(state, "orgs", "*", "gateway.yaml"))
	if err != nil || len(files) < 3 {
		t.Fatalf("found %d gateways in YILIAN_STATE: %v", len(files), err)
	}
	c := fabrictest.Consortium{Roots: map[string][]byte{}}
	for _, file := range files {
		conf, err := config.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		ledger, err := fabric.Dial(ctx, conf.Ledger, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = ledger.Close() }) // the test is over
		c.Domain = conf.Domain
		c.Members = append(c.Members, fabrictest.Member{MSP: conf.Ledger.MSP, Client: ledger})
		for _, m := range conf.Members {
			if c.Roots[m.ID], err = os.ReadFile(m.LedgerCA); err != nil {
				t.Fatal(err)
			}
		}
	}
	fabrictest.Run(t, c)
}
