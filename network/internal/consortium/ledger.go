package consortium

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"yilian.example/network/internal/fabric"
	"yilian.example/network/internal/supervisor"
	"yilian.example/network/topology"
)

// Limits of patience while the channel comes up.
const (
	nodePatience = 60 * time.Second
	stepPatience = 90 * time.Second
	attempts     = 8
)

// ledger starts Fabric's nodes and the chaincode, and returns when every peer can endorse and knows the others.
func (c *Consortium) ledger(ctx context.Context) error {
	p, err := fabric.NewPackage(c.Topology.Chaincode)
	if err != nil {
		return fmt.Errorf("pack chaincode: %w", err)
	}
	err = c.startNodes(p)
	if err != nil {
		return err
	}
	err = c.awaitNodes(ctx)
	if err != nil {
		return err
	}
	c.Supervisor.Phase("joining the channel")
	err = c.joinOrderers(ctx)
	if err != nil {
		return err
	}
	l := ladder{c: c}
	defer l.close()
	for _, m := range c.Topology.Members { // one after another: peers that join at once miss each other for a while
		err = l.step(ctx, func(ctx context.Context, admin *fabric.Admin) error { return join(ctx, admin, m) })
		if err != nil {
			return err
		}
	}
	c.Supervisor.Phase("deploying the chaincode")
	err = l.step(ctx, func(ctx context.Context, admin *fabric.Admin) error { return c.deploy(ctx, admin, p) })
	if err != nil {
		return err
	}
	c.Supervisor.Phase("waiting for the peers to meet")
	return c.awaitPeers(ctx, &l)
}

// logFormat leaves out Fabric's colours, and the time, which the supervisor writes.
const logFormat = "FABRIC_LOGGING_FORMAT=%{level} [%{module}] %{message}"

func (c *Consortium) startNodes(p fabric.Package) error {
	var all []supervisor.Process
	for _, m := range c.Topology.Members {
		all = append(all, c.orderer(m))
	}
	for _, m := range c.Topology.Members {
		all = append(all, c.chaincode(m, p), c.peer(m))
	}
	for _, process := range all {
		err := c.Supervisor.Start(process)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Consortium) orderer(m topology.Member) supervisor.Process {
	dir := c.State.Org(m.ID, "orderer")
	return supervisor.Process{
		Name: "orderer-" + m.ID, Path: filepath.Join(c.Bin, "orderer"), Dir: dir, Layer: layerOrderer,
		Env: []string{
			"FABRIC_CFG_PATH=" + dir, "FABRIC_LOGGING_SPEC=warn:orderer.consensus.smartbft=error:orderer.common.cluster=error",
			logFormat,
		},
	}
}

func (c *Consortium) peer(m topology.Member) supervisor.Process {
	dir := c.State.Org(m.ID, "peer")
	return supervisor.Process{
		Name: "peer-" + m.ID, Path: filepath.Join(c.Bin, "peer"), Args: []string{"node", "start"}, Dir: dir, Layer: layerPeer,
		Env: []string{
			"FABRIC_CFG_PATH=" + dir, "FABRIC_LOGGING_SPEC=warn:gossip=error", logFormat,
			"YILIAN_CHAINCODE_CONNECTION=" + fabric.ConnectionFile(c.State, m.ID),
		},
	}
}

func (c *Consortium) chaincode(m topology.Member, p fabric.Package) supervisor.Process {
	dir := c.State.Org(m.ID, "chaincode", "tls")
	return supervisor.Process{
		Name: "chaincode-" + m.ID, Path: filepath.Join(c.Bin, "chaincode"), Dir: dir, Layer: layerChaincode,
		Env: []string{
			"CHAINCODE_SERVER_ADDRESS=" + topology.Address(m.Ports.Chaincode), "CHAINCODE_ID=" + p.ID,
			"CHAINCODE_TLS_KEY=" + dir + "/server.key", "CHAINCODE_TLS_CERT=" + dir + "/server.crt",
			"CHAINCODE_CLIENT_CA=" + dir + "/ca.crt",
		},
	}
}

// awaitNodes waits until every node answers on its operations port.
func (c *Consortium) awaitNodes(ctx context.Context) error {
	c.Supervisor.Phase("starting orderers and peers")
	ctx, cancel := context.WithTimeout(ctx, nodePatience)
	defer cancel()
	for _, m := range c.Topology.Members {
		for name, port := range map[string]int{
			"orderer-" + m.ID: m.Ports.OrdererOperations, "peer-" + m.ID: m.Ports.PeerOperations,
		} {
			err := supervisor.Wait(ctx, 50*time.Millisecond, func(ctx context.Context) error {
				return healthy(ctx, "http://"+topology.Address(port)+"/healthz")
			})
			if err != nil {
				return fmt.Errorf("start %s (see %s): %w", name, c.State.Log(name), err)
			}
		}
	}
	return nil
}

func (c *Consortium) joinOrderers(ctx context.Context) error {
	group, scope := errgroup.WithContext(ctx)
	for _, m := range c.Topology.Members {
		group.Go(func() error {
			scope, cancel := context.WithTimeout(scope, nodePatience)
			defer cancel()
			return supervisor.Wait(scope, 100*time.Millisecond, func(ctx context.Context) error {
				return fabric.JoinOrderer(ctx, c.State, c.Topology, m)
			})
		})
	}
	return group.Wait()
}

// healthy asks a health page.
func healthy(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("build request: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("ask for health: %s answers %s", url, response.Status)
	}
	return nil
}
