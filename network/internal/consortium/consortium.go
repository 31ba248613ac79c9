// Package consortium brings a development consortium up, in the order in which its parts need each other: keys and
// configuration, database and identity provider, Fabric, chaincode, gateways. What was made once is kept, so that
// coming up again takes seconds. It is written against a supervisor, which runs the processes.
package consortium

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"yilian.example/network/idp"
	"yilian.example/network/internal/database"
	"yilian.example/network/internal/supervisor"
	"yilian.example/network/topology"
)

// Layers of processes, in the order in which they are stopped, the highest first.
const (
	layerDatabase = iota
	layerOrderer
	layerChaincode
	layerPeer
	layerIdentity
	layerGateway
)

// Consortium is one consortium on this machine.
type Consortium struct {
	State       topology.State
	Topology    *topology.Topology
	Bin         string // directory of the built programs
	DatabaseURL string // DATABASE_URL, or empty
	Offset      int    // that was added to the ports, for the identity provider's own command line
	Supervisor  *supervisor.Supervisor
	Logger      *slog.Logger
	Now         func() time.Time

	server database.Server // set by database, before anything reads it
}

// Up brings everything up and returns when all gateways are ready.
func (c *Consortium) Up(ctx context.Context) error {
	c.Supervisor.Phase("keys and configuration")
	err := c.checkPrograms()
	if err != nil {
		return err
	}
	err = c.checkPorts()
	if err != nil {
		return err
	}
	err = c.prepare(ctx)
	if err != nil {
		return fmt.Errorf("prepare consortium: %w", err)
	}
	err = c.startIdentity()
	if err != nil {
		return err
	}
	group, scope := errgroup.WithContext(ctx)
	group.Go(func() error { return c.database(scope) })
	group.Go(func() error { return c.ledger(scope) })
	err = group.Wait()
	if err != nil {
		return err
	}
	return c.gateways(ctx)
}

// programs that must lie in Bin.
func programs() []string {
	return []string{"network", "gateway", "chaincode", "peer", "orderer", "configtxgen", "chaincode-builder/bin/detect"}
}

func (c *Consortium) checkPrograms() error {
	for _, name := range programs() {
		_, err := os.Stat(filepath.Join(c.Bin, name))
		if err != nil {
			return fmt.Errorf("find program %s: %w (scripts/setup.sh builds it)", name, err)
		}
	}
	return nil
}

func (c *Consortium) startIdentity() error {
	err := idp.Prepare(c.State, c.Topology)
	if err != nil {
		return fmt.Errorf("prepare identity provider: %w", err)
	}
	return c.Supervisor.Start(supervisor.Process{
		Name: "idp", Path: filepath.Join(c.Bin, "network"), Dir: string(c.State), Layer: layerIdentity,
		Args: []string{"idp", "--state", string(c.State), "--port-offset", fmt.Sprint(c.Offset)},
	})
}

// database makes and starts the server, configures the gateways, makes their keys, and gives each member
// its schema, up to date.
func (c *Consortium) database(ctx context.Context) error {
	var err error
	c.server, err = database.Prepare(ctx, c.State, c.Topology.Ports.Database, c.DatabaseURL)
	if err != nil {
		return fmt.Errorf("prepare database: %w", err)
	}
	err = c.renderGateways()
	if err != nil {
		return err
	}
	if c.server.Process != nil {
		c.server.Process.Layer = layerDatabase
		err := c.Supervisor.Start(*c.server.Process)
		if err != nil {
			return err
		}
	}
	ready, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	err = c.server.Await(ready)
	if err != nil {
		return fmt.Errorf("start database: %w", err)
	}
	members := make([]string, 0, len(c.Topology.Members))
	for _, m := range c.Topology.Members {
		members = append(members, m.ID)
	}
	err = c.server.Own(ready, c.State, members)
	if err != nil {
		return err
	}
	return c.migrate(ctx)
}
