// Package fabrictest is a consortium's ledger for tests: the real contracts over an in-memory ledger, behind real
// Fabric gateway services on loopback, so that the real client runs against it. Run (conformance.go) is the suite that
// this fake and a real network both pass.
//
// It is test support: no program imports it.
package fabrictest

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	gatewaypb "github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"yilian.example/chaincode/contract"
	"yilian.example/chaincode/ledger"
	"yilian.example/chaincode/stubtest"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/fabric"
)

// Channel and Chaincode are the names in the fake.
const (
	Channel   = "yilian"
	Chaincode = "yilian"
)

// Network is a fake consortium. Its peers answer until the test ends, or until they are told not to.
type Network struct {
	tb     testing.TB
	dir    string
	ledger *stubtest.Ledger
	order  []string // members
	nodes  map[string]*node

	mu       sync.Mutex
	endorsed map[string]*stubtest.Endorsed // by transaction id
	onSubmit func() (ordered bool, err error)
	onAnswer func(answer []byte) []byte
}

// node is one member's peer, its root and its gateway's identity.
type node struct {
	network *Network
	ca      *stubtest.CA
	peer    *stubtest.Identity
	cfg     config.Ledger
	address string

	mu     sync.Mutex
	server *grpc.Server // nil while stopped
	silent bool         // serves clients, but does not endorse
	hung   bool         // takes calls and never answers
}

// New starts a network of these members, or of the four of the development consortium.
func New(tb testing.TB, members ...string) *Network {
	tb.Helper()
	if len(members) == 0 {
		members = []string{"donghu", "qingshan", "anhe", "weijian"}
	}
	n := &Network{
		tb: tb, dir: tb.TempDir(), order: members, nodes: map[string]*node{}, endorsed: map[string]*stubtest.Endorsed{},
		onSubmit: func() (bool, error) { return true, nil }, onAnswer: func(answer []byte) []byte { return answer },
	}
	var endorsers []shim.Chaincode
	for range members {
		chaincode, err := contract.New(time.Now)
		n.must(err)
		endorsers = append(endorsers, chaincode)
	}
	n.ledger = stubtest.New(Channel, endorsers...)
	for _, m := range members {
		n.nodes[m] = n.newNode(m)
		n.Start(m)
	}
	tb.Cleanup(func() {
		for _, m := range members {
			n.Stop(m)
		}
	})
	return n
}

func (n *Network) must(err error) {
	n.tb.Helper()
	if err != nil {
		n.tb.Fatal(err)
	}
}

func (n *Network) newNode(member string) *node {
	ca, err := stubtest.NewCA(member)
	n.must(err)
	peer, err := ca.Issue("peer0."+member, "peer", nil)
	n.must(err)
	client, err := ca.Issue("gateway."+member, "client", map[string]string{ledger.Attribute: ledger.RoleGateway})
	n.must(err)
	key, err := client.KeyPEM()
	n.must(err)
	made := &node{network: n, ca: ca, peer: peer, cfg: config.Ledger{
		Channel: Channel, Chaincode: Chaincode, MSP: member,
		Cert: n.file(member+".cert.pem", client.Cert), Key: n.file(member+".key.pem", key),
	}}
	n.file(member+".ca.pem", ca.PEM())
	return made
}

func (n *Network) file(name string, content []byte) string {
	path := filepath.Join(n.dir, name)
	n.must(os.WriteFile(path, content, 0o600))
	return path
}

// Config is the ledger part of a member's gateway configuration.
func (n *Network) Config(member string) config.Ledger {
	cfg := n.nodes[member].cfg
	for _, m := range n.order {
		cfg.Peers = append(cfg.Peers, config.Peer{
			MSP: m, Endpoint: n.nodes[m].address, ServerName: "peer0." + m, TLSCA: filepath.Join(n.dir, m+".ca.pem"),
		})
	}
	return cfg
}

// Root is a member's root certificate, in PEM.
func (n *Network) Root(member string) []byte { return n.nodes[member].ca.PEM() }

// Timeouts are short, so that failures show soon.
func Timeouts() fabric.Timeouts {
	return fabric.Timeouts{
		Evaluate: time.Second, Collect: 500 * time.Millisecond, Endorse: 2 * time.Second,
		Submit: 2 * time.Second, Commit: 700 * time.Millisecond, Cooldown: 50 * time.Millisecond,
	}
}

// Open connects a member's client, until the test ends.
func (n *Network) Open(member string) *fabric.Ledger {
	n.tb.Helper()
	ledger, err := fabric.Dial(
		n.tb.Context(), n.Config(member), slog.New(slog.DiscardHandler), fabric.WithTimeouts(Timeouts()),
	)
	n.must(err)
	n.tb.Cleanup(func() {
		if err := ledger.Close(); err != nil {
			n.tb.Errorf("close ledger client: %v", err)
		}
	})
	return ledger
}

// Start has a member's peer answer (again).
func (n *Network) Start(member string) {
	n.tb.Helper()
	p := n.nodes[member]
	address := p.address
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	n.must(err)
	key, err := p.peer.KeyPEM()
	n.must(err)
	pair, err := tls.X509KeyPair(p.peer.Cert, key)
	n.must(err)
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}})),
	)
	gatewaypb.RegisterGatewayServer(server, &service{node: p})
	p.mu.Lock()
	p.address, p.server = listener.Addr().String(), server
	p.mu.Unlock()
	go func() { _ = server.Serve(listener) }() // ends with Stop; what it returns then says only that
}

// Stop kills a member's peer: it neither serves clients nor endorses.
func (n *Network) Stop(member string) {
	p := n.nodes[member]
	p.mu.Lock()
	server := p.server
	p.server = nil
	p.mu.Unlock()
	if server != nil {
		server.Stop()
	}
}

// Silence has a member's peer serve clients but fail to endorse, as when its chaincode has died.
func (n *Network) Silence(member string, silent bool) {
	p := n.nodes[member]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.silent = silent
}

// Hang has a member's peer take calls and never answer, as when its machine is out of memory.
func (n *Network) Hang(member string) {
	p := n.nodes[member]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hung = true
}

// wait returns at once, or with the call's end where the peer hangs.
func (p *node) wait(ctx context.Context) error {
	p.mu.Lock()
	hung := p.hung
	p.mu.Unlock()
	if !hung {
		return nil
	}
	<-ctx.Done()
	return status.FromContextError(ctx.Err()).Err()
}

// OnSubmit decides what becomes of submissions: whether the transaction is ordered, and what the client is told. Nil
// restores the normal.
func (n *Network) OnSubmit(decide func() (ordered bool, err error)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if decide == nil {
		decide = func() (bool, error) { return true, nil }
	}
	n.onSubmit = decide
}

// OnAnswer has the peers lie: what a read finds is changed on its way to the client.
func (n *Network) OnAnswer(change func(answer []byte) []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.onAnswer = change
}

// OrderLate puts a transaction into a block that was submitted, but not ordered then.
func (n *Network) OrderLate(txID string) {
	n.mu.Lock()
	endorsed := n.endorsed[txID]
	n.mu.Unlock()
	if endorsed == nil {
		n.tb.Fatalf("transaction %s was never endorsed", txID)
	}
	n.ledger.Commit(endorsed)
}

// endorses reports whether the peer can endorse now.
func (p *node) endorses() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server != nil && !p.silent
}

// quorum is how many members must endorse: one more than two thirds, as the channel's policy says.
func (n *Network) quorum() int { return len(n.order)*2/3 + 1 }

// Clients opens every member's client, for Run.
func (n *Network) Clients() Consortium {
	made := Consortium{Roots: map[string][]byte{}}
	for _, m := range n.order {
		made.Members = append(made.Members, Member{MSP: m, Client: n.Open(m)})
		made.Roots[m] = n.Root(m)
	}
	return made
}
