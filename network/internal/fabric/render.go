package fabric

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"yilian.example/network/internal/durable"
	"yilian.example/network/topology"
)

//go:embed templates
var files embed.FS

var templates = template.Must(
	template.New("").Funcs(template.FuncMap{"path": quotedPath}).ParseFS(files, "templates/*.yaml"),
)

// quotedPath joins names to a path and quotes it for YAML, to which a # or a colon in a directory's name means
// something. JSON's quotation is one of YAML's.
func quotedPath(names ...string) (string, error) {
	quoted, err := json.Marshal(filepath.Join(names...))
	return string(quoted), err
}

// profile is the name of the channel's profile in configtx.yaml.
const profile = "Yilian"

// RenderNodes writes the configuration of every peer and orderer, and how each peer reaches its chaincode. builder is
// the directory whose bin holds the external builder's programs.
func RenderNodes(state topology.State, t *topology.Topology, builder string) error {
	for n, m := range t.Members {
		next := t.Members[(n+1)%len(t.Members)]
		dir := state.Org(m.ID, "peer")
		err := render(filepath.Join(dir, "core.yaml"), "core.yaml", map[string]any{
			"Host": t.PeerHost(m), "Domain": t.Domain, "MSP": m.ID, "Dir": dir, "Builder": builder,
			"Listen": topology.Address(m.Ports.Peer), "ChaincodeListen": topology.Address(m.Ports.PeerChaincode),
			"Operations": topology.Address(m.Ports.PeerOperations), "Bootstrap": topology.Address(next.Ports.Peer),
		})
		if err != nil {
			return err
		}
		dir = state.Org(m.ID, "orderer")
		err = render(filepath.Join(dir, "orderer.yaml"), "orderer.yaml", map[string]any{
			"Port": m.Ports.Orderer, "MSP": m.ID, "Dir": dir,
			"Admin": topology.Address(m.Ports.OrdererAdmin), "Operations": topology.Address(m.Ports.OrdererOperations),
		})
		if err != nil {
			return err
		}
		err = renderConnection(state, m)
		if err != nil {
			return fmt.Errorf("render chaincode connection of %s: %w", m.ID, err)
		}
	}
	return nil
}

// ConnectionFile is where a member's peer finds how to reach its chaincode process: the external builder copies it.
func ConnectionFile(state topology.State, id string) string {
	return state.Org(id, "peer", "connection.json")
}

// renderConnection writes Fabric's connection.json for mutual TLS between a peer and its own chaincode process.
func renderConnection(state topology.State, m topology.Member) error {
	connection := map[string]any{
		"address": topology.Address(
			m.Ports.Chaincode,
		), "dial_timeout": "10s", "tls_required": true, "client_auth_required": true,
	}
	for field, name := range map[string]string{
		"client_key": "server.key", "client_cert": "server.crt", "root_cert": "ca.crt",
	} {
		content, err := os.ReadFile(state.Org(m.ID, "peer", "tls", name))
		if err != nil {
			return fmt.Errorf("read TLS file: %w", err)
		}
		connection[field] = string(content)
	}
	content, err := json.MarshalIndent(connection, "", "  ")
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	return durable.WriteFile(ConnectionFile(state, m.ID), content)
}

type consenter struct {
	Number                int
	ID, MSPDir, Orderer   string
	OrdererPort, PeerPort int
}

// MakeGenesis writes the channel's first block with configtxgen, which lies in the directory bin.
func MakeGenesis(ctx context.Context, state topology.State, t *topology.Topology, bin string) error {
	var members []consenter
	for n, m := range t.Members {
		members = append(members, consenter{
			Number: n + 1, ID: m.ID, MSPDir: state.Org(m.ID, "msp"), Orderer: state.Org(m.ID, "orderer"),
			OrdererPort: m.Ports.Orderer, PeerPort: m.Ports.Peer,
		})
	}
	dir := filepath.Dir(state.Genesis())
	err := render(filepath.Join(dir, "configtx.yaml"), "configtx.yaml", map[string]any{
		"Members": members, "AnyMember": policy(t, 1, "member"), "AnyOrderer": policy(t, 1, "orderer"),
		"MostAdmins": policy(t, len(members)/2+1, "admin"), "MostPeers": policy(t, t.Endorsements, "peer"),
	})
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, filepath.Join(bin, "configtxgen"), "-profile", profile, "-channelID", t.Channel,
		"-configPath", dir, "-outputBlock", state.Genesis())
	command.Env = append(os.Environ(), "FABRIC_LOGGING_SPEC=error", "FABRIC_CFG_PATH="+dir)
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("run configtxgen: %w: %s", err, bytes.TrimSpace(output))
	}
	return nil
}

// policy asks for n of the members' signatures in a role.
func policy(t *topology.Topology, n int, role string) string {
	var parts []string
	for _, m := range t.Members {
		parts = append(parts, "'"+m.ID+"."+role+"'")
	}
	return fmt.Sprintf("OutOf(%d, %s)", n, strings.Join(parts, ", "))
}

func render(path, name string, data any) error {
	var out bytes.Buffer
	err := templates.ExecuteTemplate(&out, name, data)
	if err != nil {
		return fmt.Errorf("render %s: %w", name, err)
	}
	return durable.WriteFile(path, out.Bytes())
}
