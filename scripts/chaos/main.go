// Command chaos kills one process of a private consortium after the other with SIGKILL, under load, and counts what was
// lost: every record that was acknowledged is remembered, read back and looked for in the log; the log must stay one,
// prefix by prefix. It prints a table and exits with 1 when anything acknowledged is missing or service does not resume
// by itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/scripts/journey"
)

// victims are killed by default: each kind of process once. Names are those of the consortium's status file.
const victims = "gateway-donghu,orderer-donghu,peer-donghu,chaincode-donghu,database"

func main() {
	state := flag.String(
		"state", "", "use the consortium that runs in this state directory (default: a private one is started and removed)",
	)
	names := flag.String("kill", victims, "processes to kill, one after the other")
	load := flag.Duration("load", 4*time.Second, "how long the load runs before and after each kill")
	patience := flag.Duration("patience", time.Minute, "how long service may take to resume")
	clients := flag.Int("clients", 8, "concurrent writers")
	pace := flag.Duration(
		"pace", 20*time.Millisecond, "a writer's rest between two records: keeps the reading back bounded",
	)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	t := trial{names: strings.Split(*names, ","), load: *load, patience: *patience, clients: *clients, pace: *pace}
	err := journey.With(ctx, *state, func(ctx context.Context, c *journey.Consortium) error {
		t.consortium = c
		return t.run(ctx)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

// member is the one whose gateway takes the load.
const member = consortium.OrgID("donghu")
