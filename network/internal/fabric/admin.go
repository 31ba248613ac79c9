package fabric

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/hyperledger/fabric-protos-go/common"
	"github.com/hyperledger/fabric-sdk-go/pkg/client/channel"
	"github.com/hyperledger/fabric-sdk-go/pkg/client/resmgmt"
	sdkapi "github.com/hyperledger/fabric-sdk-go/pkg/common/providers/context"
	"github.com/hyperledger/fabric-sdk-go/pkg/common/providers/fab"
	sdkcontext "github.com/hyperledger/fabric-sdk-go/pkg/context"
	"github.com/hyperledger/fabric-sdk-go/pkg/fab/comm"
	"github.com/hyperledger/fabric-sdk-go/pkg/fab/discovery"
	"github.com/hyperledger/fabric-sdk-go/pkg/fab/resource"
	"github.com/hyperledger/fabric-sdk-go/pkg/fabsdk"
	"github.com/hyperledger/fabric-sdk-go/third_party/github.com/hyperledger/fabric/common/policydsl"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"

	"yilian.example/network/topology"
)

// Admin administers the channel as each member's administrator in turn, over fabric-sdk-go.
type Admin struct {
	state    topology.State
	topology *topology.Topology
	sdk      *fabsdk.FabricSDK
}

// OpenAdmin makes an administrator. It connects to nothing yet. The SDK caches what it learned of channel and members,
// so after an error open another one rather than retrying with the same. orderer chooses, by number, the member whose
// orderer gets the transactions: the first leads a fresh channel, and a follower keeps a transaction for two seconds
// before it forwards it.
func OpenAdmin(state topology.State, t *topology.Topology, orderer int) (*Admin, error) {
	sdk, err := openSDK(state, t, orderer)
	if err != nil {
		return nil, err
	}
	return &Admin{state: state, topology: t, sdk: sdk}, nil
}

// Close ends all connections.
func (a *Admin) Close() { a.sdk.Close() }

func (a *Admin) client(m topology.Member) (sdkapi.Client, error) {
	client, err := a.sdk.Context(fabsdk.WithOrg(m.ID), fabsdk.WithUser(administrator))()
	if err != nil {
		return nil, fmt.Errorf("take administrator of %s: %w", m.ID, err)
	}
	return client, nil
}

func (a *Admin) resources(m topology.Member) (*resmgmt.Client, error) {
	client, err := resmgmt.New(a.sdk.Context(fabsdk.WithOrg(m.ID), fabsdk.WithUser(administrator)))
	if err != nil {
		return nil, fmt.Errorf("open resource management of %s: %w", m.ID, err)
	}
	return client, nil
}

// PeerJoined reports whether a member's peer is part of the channel.
func (a *Admin) PeerJoined(ctx context.Context, m topology.Member) (bool, error) {
	client, err := a.resources(m)
	if err != nil {
		return false, err
	}
	answer, err := client.QueryChannels(
		resmgmt.WithParentContext(ctx), resmgmt.WithTargetEndpoints(topology.Address(m.Ports.Peer)),
	)
	if err != nil {
		return false, fmt.Errorf("ask peer of %s for its channels: %w", m.ID, err)
	}
	for _, c := range answer.Channels {
		if c.ChannelId == a.topology.Channel {
			return true, nil
		}
	}
	return false, nil
}

// JoinPeer makes a member's peer a part of the channel. The genesis block is the member's own copy: no orderer is asked
// for it.
func (a *Admin) JoinPeer(ctx context.Context, m topology.Member) error {
	content, err := os.ReadFile(a.state.Genesis())
	if err != nil {
		return fmt.Errorf("read genesis block: %w", err)
	}
	block := &common.Block{}
	err = proto.Unmarshal(content, protoadapt.MessageV2Of(block))
	if err != nil {
		return fmt.Errorf("parse genesis block: %w", err)
	}
	client, err := a.client(m)
	if err != nil {
		return err
	}
	config, err := comm.NetworkPeerConfig(client.EndpointConfig(), topology.Address(m.Ports.Peer))
	if err != nil {
		return fmt.Errorf("configure peer of %s: %w", m.ID, err)
	}
	peer, err := client.InfraProvider().CreatePeerFromConfig(config)
	if err != nil {
		return fmt.Errorf("open peer of %s: %w", m.ID, err)
	}
	request, cancel := sdkcontext.NewRequest(client, sdkcontext.WithTimeoutType(fab.ResMgmt), sdkcontext.WithParent(ctx))
	defer cancel()
	err = resource.JoinChannel(request, resource.JoinChannelRequest{GenesisBlock: block}, []fab.ProposalProcessor{peer})
	if err != nil {
		return fmt.Errorf("join peer of %s: %w", m.ID, err)
	}
	return nil
}

// Install puts the chaincode package on a member's peer, unless it is there.
func (a *Admin) Install(ctx context.Context, m topology.Member, p Package) error {
	client, err := a.resources(m)
	if err != nil {
		return err
	}
	// The SDK asks first and installs nothing twice.
	_, err = client.LifecycleInstallCC(resmgmt.LifecycleInstallCCRequest{Label: p.Label, Package: p.Bytes},
		resmgmt.WithParentContext(ctx), resmgmt.WithTargetEndpoints(topology.Address(m.Ports.Peer)))
	if err != nil {
		return fmt.Errorf("install chaincode on peer of %s: %w", m.ID, err)
	}
	return nil
}

// chaincodeVersion and chaincodeSequence name the one definition that development ever commits.
const (
	chaincodeVersion  = "1"
	chaincodeSequence = 1
)

// Approved reports whether a member has approved the definition.
func (a *Admin) Approved(ctx context.Context, m topology.Member) bool {
	client, err := a.resources(m)
	if err != nil {
		return false
	}
	definition, err := client.LifecycleQueryApprovedCC(a.topology.Channel,
		resmgmt.LifecycleQueryApprovedCCRequest{Name: a.topology.Chaincode, Sequence: chaincodeSequence},
		resmgmt.WithParentContext(ctx), resmgmt.WithTargetEndpoints(topology.Address(m.Ports.Peer)))
	return err == nil && definition.Sequence == chaincodeSequence
}

// Approve approves the definition for a member and waits until its peer has committed that.
func (a *Admin) Approve(ctx context.Context, m topology.Member, p Package) error {
	endorsement, err := a.endorsement()
	if err != nil {
		return err
	}
	client, err := a.resources(m)
	if err != nil {
		return err
	}
	_, err = client.LifecycleApproveCC(a.topology.Channel, resmgmt.LifecycleApproveCCRequest{
		Name: a.topology.Chaincode, Version: chaincodeVersion, PackageID: p.ID, Sequence: chaincodeSequence,
		SignaturePolicy: endorsement,
	}, resmgmt.WithParentContext(ctx), resmgmt.WithTargetEndpoints(topology.Address(m.Ports.Peer)))
	if err != nil {
		return fmt.Errorf("approve chaincode for %s: %w", m.ID, err)
	}
	return nil
}

// Committed reports whether the definition is in force, as a member's peer sees it.
func (a *Admin) Committed(ctx context.Context, m topology.Member) bool {
	client, err := a.resources(m)
	if err != nil {
		return false
	}
	definitions, err := client.LifecycleQueryCommittedCC(a.topology.Channel,
		resmgmt.LifecycleQueryCommittedCCRequest{Name: a.topology.Chaincode},
		resmgmt.WithParentContext(ctx), resmgmt.WithTargetEndpoints(topology.Address(m.Ports.Peer)))
	return err == nil && len(definitions) == 1 && definitions[0].Sequence == chaincodeSequence
}

// Commit puts the approved definition in force, endorsed by all members' peers.
func (a *Admin) Commit(ctx context.Context) error {
	endorsement, err := a.endorsement()
	if err != nil {
		return err
	}
	client, err := a.resources(a.topology.Members[0])
	if err != nil {
		return err
	}
	var peers []string
	for _, m := range a.topology.Members {
		peers = append(peers, topology.Address(m.Ports.Peer))
	}
	_, err = client.LifecycleCommitCC(a.topology.Channel, resmgmt.LifecycleCommitCCRequest{
		Name: a.topology.Chaincode, Version: chaincodeVersion, Sequence: chaincodeSequence, SignaturePolicy: endorsement,
	}, resmgmt.WithParentContext(ctx), resmgmt.WithTargetEndpoints(peers...))
	if err != nil {
		return fmt.Errorf("commit chaincode: %w", err)
	}
	return nil
}

// Answers asks the chaincode of a member's peer for its own description, which every contract of Fabric's contract API
// can give, and so proves that peer and chaincode process reach each other.
func (a *Admin) Answers(ctx context.Context, m topology.Member) error {
	client, err := channel.New(
		a.sdk.ChannelContext(a.topology.Channel, fabsdk.WithOrg(m.ID), fabsdk.WithUser(administrator)),
	)
	if err != nil {
		return fmt.Errorf("open channel for %s: %w", m.ID, err)
	}
	_, err = client.Query(channel.Request{ChaincodeID: a.topology.Chaincode, Fcn: "org.hyperledger.fabric:GetMetadata"},
		channel.WithParentContext(ctx), channel.WithTargetEndpoints(topology.Address(m.Ports.Peer)))
	if err != nil {
		return fmt.Errorf("ask chaincode of %s: %w", m.ID, err)
	}
	return nil
}

// Acquainted reports how many peers of the channel, with the chaincode, a member's peer knows by gossip: until it knows
// enough of them, its gateway service answers "no combination of peers can be derived".
func (a *Admin) Acquainted(ctx context.Context, m topology.Member) (int, error) {
	client, err := a.client(m)
	if err != nil {
		return 0, err
	}
	finder, err := discovery.New(client)
	if err != nil {
		return 0, fmt.Errorf("open discovery: %w", err)
	}
	config, err := comm.NetworkPeerConfig(client.EndpointConfig(), topology.Address(m.Ports.Peer))
	if err != nil {
		return 0, fmt.Errorf("configure peer of %s: %w", m.ID, err)
	}
	calls := discovery.CcCalls(a.topology.Chaincode)
	request := discovery.NewRequest().OfChannel(a.topology.Channel).AddPeersQuery(calls...)
	scoped, cancel := sdkcontext.NewRequest(
		client, sdkcontext.WithTimeoutType(fab.DiscoveryResponse), sdkcontext.WithParent(ctx),
	)
	defer cancel()
	answers, err := finder.Send(scoped, request, config.PeerConfig)
	if err != nil {
		return 0, fmt.Errorf("ask peer of %s for its acquaintances: %w", m.ID, err)
	}
	answer, ok := <-answers
	if !ok {
		return 0, errors.New("peer of " + m.ID + " gave no answer")
	}
	if answer.Error() != nil {
		return 0, fmt.Errorf("ask peer of %s for its acquaintances: %w", m.ID, answer.Error())
	}
	peers, err := answer.ForChannel(a.topology.Channel).Peers(calls...)
	if err != nil {
		return 0, fmt.Errorf("read acquaintances of %s: %w", m.ID, err)
	}
	return len(peers), nil
}

func (a *Admin) endorsement() (*common.SignaturePolicyEnvelope, error) {
	envelope, err := policydsl.FromString(policy(a.topology, a.topology.Endorsements, "peer"))
	if err != nil {
		return nil, fmt.Errorf("parse endorsement policy: %w", err)
	}
	return envelope, nil
}
