// Command chaos kills one process of a private consortium after the other with SIGKILL, under load, and counts what was lost: every record that was
// acknowledged is remembered, read back and looked for in the log; the log must stay one, prefix by prefix. It prints a table and exits with 1
// when anything acknowledged is missing or service does not resume by itself.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/scripts/journey"
)

// victims are killed by default: each kind of process once. Names are those of the consortium's status file.
const victims = "gateway-donghu,orderer-donghu,peer-donghu,chaincode-donghu,database"

func main() {
	state := flag.String("state", "", "use the consortium that runs in this state directory (default: a private one is started and removed)")
	names := flag.String("kill", victims, "processes to kill, one after the other")
	load := flag.Duration("load", 4*time.Second, "how long the load runs before and after each kill")
	patience := flag.Duration("patience", time.Minute, "how long service may take to resume")
	clients := flag.Int("clients", 8, "concurrent writers")
	pace := flag.Duration("pace", 20*time.Millisecond, "a writer's rest between two records: keeps the reading back bounded")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	t := trial{names: strings.Split(*names, ","), load: *load, patience: *patience, clients: *clients, pace: *pace}
	if err := run(ctx, *state, &t); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, state string, t *trial) (err error) {
	root, err := journey.Root()
	if err != nil {
		return err
	}
	if state != "" {
		t.consortium, err = journey.OpenState(root, state)
		if err != nil {
			return err
		}
		return t.run(ctx)
	}
	build := filepath.Join(root, ".yilian")
	if err := os.MkdirAll(build, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(build, "chaos-")
	if err != nil {
		return err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // the database may run as another user
		return err
	}
	private := &journey.Private{Root: root, State: dir, Log: os.Stderr}
	t.consortium, err = private.Up(ctx)
	if err != nil {
		return err
	}
	defer func() {
		down, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		if downErr := private.Down(down); downErr != nil && err == nil {
			err = downErr
		}
		if err == nil {
			err = os.RemoveAll(dir)
		} else {
			fmt.Fprintln(os.Stderr, "chaos: logs are kept in", filepath.Join(dir, "log"))
		}
	}()
	return t.run(ctx)
}

// member is the one whose gateway takes the load.
const member = consortium.OrgID("donghu")
