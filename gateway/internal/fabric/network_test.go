//go:build e2e

package fabric_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/fabric"
	"yilian.example/gateway/internal/fabric/fabrictest"
)

// TestNetworkPassesConformance runs the suite against a running consortium:
//
//	YILIAN_GATEWAY_CONFIGS='<state>/…/*.yaml' go test -tags e2e -run NetworkPassesConformance ./gateway/internal/fabric
//
// The variable is a file pattern that matches the members' gateway configurations. Without it the test fails: whoever asks for e2e means it.
func TestNetworkPassesConformance(t *testing.T) {
	pattern := os.Getenv("YILIAN_GATEWAY_CONFIGS")
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) < 3 {
		t.Fatalf("YILIAN_GATEWAY_CONFIGS=%q matches %d files, want at least three gateways' configurations (%v)", pattern, len(files), err)
	}
	made := fabrictest.Consortium{Roots: map[string][]byte{}}
	for _, file := range files {
		cfg, err := config.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		ledger, err := fabric.Dial(t.Context(), cfg.Ledger, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = ledger.Close() })
		made.Members = append(made.Members, fabrictest.Member{MSP: cfg.Ledger.MSP, Client: ledger})
		for _, m := range cfg.Members {
			root, err := os.ReadFile(m.LedgerCA)
			if err != nil {
				t.Fatal(err)
			}
			made.Roots[m.ID] = root
		}
	}
	fabrictest.Run(t, made)
}
