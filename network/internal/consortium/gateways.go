package consortium

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"
	"golang.org/x/sync/errgroup"

	"yilian.example/gateway/config"
	"yilian.example/network/idp"
	"yilian.example/network/internal/durable"
	"yilian.example/network/internal/supervisor"
	"yilian.example/network/topology"
)

// identifierSystems identify a person nationally: the resident identity number, and the number that trial data carries.
func identifierSystems() []string {
	return []string{"urn:oid:2.16.156.10011.1.3", "http://hl7.org/fhir/sid/us-ssn"}
}

// otherSystems are known and match nobody: record numbers of the demonstration's hospitals, and those of trial data.
func otherSystems() []string {
	return []string{
		"urn:example:mrn", "http://hospital.smarthealthit.org", "https://github.com/synthetichealth/synthea",
		"urn:oid:2.16.840.1.113883.4.3.25", "http://standardhealthrecord.org/fhir/StructureDefinition/passportNumber",
	}
}

// renderGateways writes every member's gateway.yaml.
func (c *Consortium) renderGateways() error {
	for _, m := range c.Topology.Members {
		conf := c.gatewayConfig(m)
		var err error
		conf.Database.URL, err = c.server.MemberURL(c.State, m.ID)
		if err != nil {
			return fmt.Errorf("find database of %s: %w", m.ID, err)
		}
		content, err := yaml.Marshal(conf)
		if err != nil {
			return fmt.Errorf("encode gateway configuration of %s: %w", m.ID, err)
		}
		err = durable.WriteFile(c.State.GatewayConfig(m.ID), content)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Consortium) gatewayConfig(m topology.Member) config.Config {
	at := func(names ...string) string { return c.State.Org(m.ID, append([]string{"gateway"}, names...)...) }
	g := config.Config{
		Org: m.ID, Domain: c.Topology.Domain, PublicURL: m.PublicURL(), Listen: topology.Address(m.Ports.Gateway),
		Exchange: config.Exchange{
			Listen: topology.Address(m.Ports.Exchange),
			Cert:   at("exchange.crt"),
			Key:    at("exchange.key"),
		},
		Database: config.Database{Schema: m.ID, MaxConns: 16},
		Identity: config.Identity{
			Issuer: c.Topology.Issuer(), ClientID: idp.PeopleClient(m.ID), ClientSecretFile: idp.PeopleSecret(c.State, m.ID),
			Audience: m.PublicURL(),
		},
		Ledger: config.Ledger{
			Channel: c.Topology.Channel, Chaincode: c.Topology.Chaincode, MSP: m.ID, Cert: at("ledger.crt"),
			Key: at("ledger.key"),
		},
		Keys: config.Keys{
			Wrapping: at("wrapping.json"),
			Log:      at("log.key"),
			Release:  at("release.pem"),
			Binding:  at("binding.hex"),
			Index:    at("index.hex"),
		},
		Log:      config.Log{Interval: 200 * time.Millisecond, BatchMax: 4096, LagBudget: 4 * time.Hour},
		Matching: config.Matching{IdentifierSystems: identifierSystems(), OtherSystems: otherSystems()},
		Limits: config.Limits{
			BodyBytes:    16 << 20,
			ReadTimeout:  30 * time.Second,
			CareWindow:   30 * 24 * time.Hour,
			ReleaseFresh: 2 * time.Minute,

			LookupsPerMinute: 60, RequestsPerMemberPerMinute: 600,
		},
		Metrics: config.Metrics{Listen: topology.Address(m.Ports.Metrics)},
	}
	for _, other := range c.Topology.Members {
		g.Members = append(g.Members, config.Member{
			ID: other.ID, NameZH: other.NameZH, NameEN: other.NameEN, Kind: other.Kind, PublicURL: other.PublicURL(),
			ExchangeURL: "https://" + topology.Address(other.Ports.Exchange),
			ExchangeCA:  c.State.Org(other.ID, "exchangeca", "ca.crt"), LedgerCA: c.State.Org(other.ID, "ca", "ca.crt"),
			ReleaseKey: c.State.Org(other.ID, "gateway", "release.pem.pub"),
		})
		peer := config.Peer{
			MSP: other.ID, Endpoint: topology.Address(other.Ports.Peer), ServerName: c.Topology.PeerHost(other),
			TLSCA: c.State.Org(other.ID, "tlsca", "ca.crt"),
		}
		if other.ID == m.ID { // its own peer first
			g.Ledger.Peers = append([]config.Peer{peer}, g.Ledger.Peers...)
		} else {
			g.Ledger.Peers = append(g.Ledger.Peers, peer)
		}
	}
	return g
}

// migrate makes every gateway's missing keys, all before the first gateway starts since each reads the others' public
// halves, and brings every member's schema up to date.
func (c *Consortium) migrate(ctx context.Context) error {
	for _, m := range c.Topology.Members {
		err := c.runGateway(ctx, m, "keygen")
		if err != nil {
			return err
		}
	}
	group, scope := errgroup.WithContext(ctx)
	for _, m := range c.Topology.Members {
		group.Go(func() error { return c.runGateway(scope, m, "migrate") })
	}
	return group.Wait()
}

// runGateway runs one of the gateway's commands to its end.
func (c *Consortium) runGateway(ctx context.Context, m topology.Member, command string) error {
	run := exec.CommandContext(ctx, filepath.Join(c.Bin, "gateway"), command, "--config", c.State.GatewayConfig(m.ID))
	run.Dir = string(c.State)
	run.Env = os.Environ()
	output, err := run.CombinedOutput()
	if err != nil {
		return fmt.Errorf("run gateway %s for %s: %w: %s", command, m.ID, err, bytes.TrimSpace(output))
	}
	return nil
}

// gateways starts all gateways and waits until each says that it is ready.
func (c *Consortium) gateways(ctx context.Context) error {
	c.Supervisor.Phase("starting gateways")
	for _, m := range c.Topology.Members {
		err := c.Supervisor.Start(supervisor.Process{
			Name: "gateway-" + m.ID, Path: filepath.Join(c.Bin, "gateway"), Dir: c.State.Org(m.ID, "gateway"),
			Layer: layerGateway,
			Args:  []string{"serve", "--config", c.State.GatewayConfig(m.ID)},
		})
		if err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, nodePatience)
	defer cancel()
	for _, m := range c.Topology.Members {
		err := supervisor.Wait(ctx, 50*time.Millisecond, func(ctx context.Context) error {
			return healthy(ctx, m.PublicURL()+"/readyz")
		})
		if err != nil {
			return fmt.Errorf("start gateway of %s (see %s): %w", m.ID, c.State.Log("gateway-"+m.ID), err)
		}
	}
	return nil
}
