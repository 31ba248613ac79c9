package fabric

import (
	"fmt"

	"github.com/hyperledger/fabric-sdk-go/pkg/common/logging"
	"github.com/hyperledger/fabric-sdk-go/pkg/core/config"
	"github.com/hyperledger/fabric-sdk-go/pkg/fabsdk"
	"go.yaml.in/yaml/v3"

	"yilian.example/network/topology"
)

// administrator is the name under which every member's admin identity is known to the SDK.
const administrator = "Admin"

// openSDK connects fabric-sdk-go to the consortium. Orderers and peers are named by their addresses, since that is how
// channel configuration and discovery name them. Transactions go to the orderer of one member, chosen by number.
func openSDK(state topology.State, t *topology.Topology, orderer int) (*fabsdk.FabricSDK, error) {
	logging.SetLevel("fabsdk", logging.ERROR)
	text, err := yaml.Marshal(sdkConfig(state, t, orderer))
	if err != nil {
		return nil, fmt.Errorf("encode SDK configuration: %w", err)
	}
	sdk, err := fabsdk.New(config.FromRaw(text, "yaml"))
	if err != nil {
		return nil, fmt.Errorf("open SDK: %w", err)
	}
	return sdk, nil
}

func sdkConfig(state topology.State, t *topology.Topology, orderer int) map[string]any {
	organizations, orderers, peers, channelPeers := map[string]any{}, map[string]any{}, map[string]any{}, map[string]any{}
	for _, m := range t.Members {
		admin := state.Org(m.ID, "admin", "msp")
		peer, consenter := topology.Address(m.Ports.Peer), topology.Address(m.Ports.Orderer)
		organizations[m.ID] = map[string]any{
			"mspid": m.ID, "cryptoPath": admin, "peers": []string{peer},
			"users": map[string]any{administrator: map[string]any{
				"cert": map[string]any{
					"path": admin + "/signcerts/cert.pem",
				}, "key": map[string]any{"path": admin + "/keystore/key.pem"},
			}},
		}
		root := map[string]any{"path": state.Org(m.ID, "tlsca", "ca.crt")}
		options := func(host string) map[string]any {
			return map[string]any{"ssl-target-name-override": host, "fail-fast": false, "keep-alive-time": "0s"}
		}
		peers[peer] = map[string]any{"url": peer, "tlsCACerts": root, "grpcOptions": options(t.PeerHost(m))}
		orderers[consenter] = map[string]any{"url": consenter, "tlsCACerts": root, "grpcOptions": options(t.OrdererHost(m))}
		channelPeers[peer] = map[string]any{
			"endorsingPeer":  true,
			"chaincodeQuery": true,
			"ledgerQuery":    true,
			"eventSource":    true,
		}
	}
	return map[string]any{
		"version": "1.0.0",
		"client": map[string]any{
			"organization": t.Members[0].ID, "logging": map[string]any{"level": "error"},
			"cryptoconfig": map[string]any{"path": state.Path("orgs")},
			"credentialStore": map[string]any{
				"path":        state.Path("run", "sdk"),
				"cryptoStore": map[string]any{"path": state.Path("run", "sdk")},
			},
			"BCCSP": map[string]any{"security": map[string]any{
				"enabled": true, "default": map[string]any{"provider": "SW"}, "hashAlgorithm": "SHA2", "softVerify": true,
				"level": 256,
			}},
			"tlsCerts": map[string]any{"systemCertPool": false},
			"peer":     map[string]any{"timeout": map[string]any{"connection": "5s", "response": "30s"}},
			"orderer":  map[string]any{"timeout": map[string]any{"connection": "5s", "response": "15s"}},
			"global":   map[string]any{"timeout": map[string]any{"query": "30s", "execute": "30s", "resmgmt": "60s"}},
		},
		"channels": map[string]any{t.Channel: map[string]any{
			"peers": channelPeers, "orderers": []string{topology.Address(t.Members[orderer%len(t.Members)].Ports.Orderer)},
		}},
		"organizations": organizations, "orderers": orderers, "peers": peers,
	}
}
