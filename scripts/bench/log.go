package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"yilian.example/network/topology"
)

// log measures the log pipeline, against this consortium's ledger and database server, beside Tessera's POSIX driver.
// The program that does it stands within the gateway, whose inside only it may import; it uses a log and a database of
// its own.
func (b *bench) log(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "yilian-logbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(
		ctx, "go", "run", "./gateway/internal/logbench/cmd", "--config",
		topology.State(b.consortium.State).GatewayConfig(string(donghu)), "--entries", fmt.Sprint(b.entries), "--dir", dir,
	)
	operator, err := b.consortium.OperatorURL()
	if err != nil {
		return err
	}
	cmd.Env = append(os.Environ(), "DATABASE_URL="+operator) // not on the command line: it carries a password
	cmd.Dir, cmd.Stdout, cmd.Stderr = b.root, &out, &errs
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("run logbench: %w: %s", err, strings.TrimSpace(errs.String()))
	}
	var results []struct {
		Name        string  `json:"name"`
		Witness     string  `json:"witness"`
		Entries     int     `json:"entries"`
		PerSecond   float64 `json:"entries_per_second"`
		WrittenS    float64 `json:"written_seconds"`
		PublishedS  float64 `json:"published_seconds"`
		Checkpoints int     `json:"checkpoints"`
	}
	if err := json.Unmarshal(out.Bytes(), &results); err != nil {
		return fmt.Errorf("read logbench: %w", err)
	}
	for _, r := range results {
		note := fmt.Sprintf(
			"%d entries, writing %.1f s, first write to last published %.1f s; witness: %s", r.Entries, r.WrittenS,
			r.PublishedS, r.Witness,
		)
		if r.Checkpoints > 0 {
			note += fmt.Sprintf(", %d checkpoints", r.Checkpoints)
		}
		b.add("log: "+r.Name, fmt.Sprintf("%.0f entries/s", r.PerSecond), "%s", note)
	}
	return nil
}
