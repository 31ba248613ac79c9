package fabric

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"

	"yilian.example/gateway/config"
)

// clientIdentity is who this gateway is to the channel.
type clientIdentity struct {
	id   *identity.X509Identity
	sign identity.Sign
}

func loadIdentity(cfg config.Ledger) (clientIdentity, error) {
	certPEM, err := os.ReadFile(cfg.Cert)
	if err != nil {
		return clientIdentity{}, fmt.Errorf("read ledger certificate: %w", err)
	}
	cert, err := identity.CertificateFromPEM(certPEM)
	if err != nil {
		return clientIdentity{}, fmt.Errorf("parse ledger certificate: %w", err)
	}
	id, err := identity.NewX509Identity(cfg.MSP, cert)
	if err != nil {
		return clientIdentity{}, fmt.Errorf("use ledger certificate: %w", err)
	}
	keyPEM, err := os.ReadFile(cfg.Key)
	if err != nil {
		return clientIdentity{}, fmt.Errorf("read ledger key: %w", err)
	}
	key, err := identity.PrivateKeyFromPEM(keyPEM)
	if err != nil {
		return clientIdentity{}, errors.New("parse ledger key: not a private key in PEM") // the cause could quote the file
	}
	sign, err := identity.NewPrivateKeySign(key)
	if err != nil {
		return clientIdentity{}, fmt.Errorf("use ledger key: %w", err)
	}
	return clientIdentity{id: id, sign: sign}, nil
}

// pool is the members' peers, own ones first. The peers themselves do not change; next is a counter.
type pool struct {
	own, others []*peerConn
	next        atomic.Uint64
}

// peerConn is one peer's gateway service.
type peerConn struct {
	msp      string
	own      bool // of our organisation
	endpoint string
	gateway  *client.Gateway
	conn     *grpc.ClientConn
	now      func() time.Time
	cooldown time.Duration

	mu    sync.Mutex
	until time.Time // guarded by mu: asked last until then
}

func dialPeers(cfg config.Ledger, id clientIdentity, now func() time.Time, cooldown time.Duration) (*pool, error) {
	if len(cfg.Peers) == 0 {
		return nil, errors.New("no peers are configured")
	}
	p := &pool{}
	for _, peer := range cfg.Peers {
		conn, err := dialPeer(peer, id, now, cooldown)
		if err != nil {
			_ = p.close() // the first error is the one that matters
			return nil, fmt.Errorf("peer %s: %w", peer.Endpoint, err)
		}
		conn.own = peer.MSP == cfg.MSP
		if conn.own {
			p.own = append(p.own, conn)
		} else {
			p.others = append(p.others, conn)
		}
	}
	return p, nil
}

func dialPeer(peer config.Peer, id clientIdentity, now func() time.Time, cooldown time.Duration) (*peerConn, error) {
	pem, err := os.ReadFile(peer.TLSCA)
	if err != nil {
		return nil, fmt.Errorf("read TLS root: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("read TLS root: no certificate in the file")
	}
	tlsConfig := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: peer.ServerName}
	conn, err := grpc.NewClient(peer.Endpoint,
		grpc.WithTransportCredentials(credentials.NewTLS(tlsConfig)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff: backoff.Config{
				BaseDelay:  200 * time.Millisecond,
				Multiplier: 1.6,
				Jitter:     0.2,
				MaxDelay:   5 * time.Second,
			},
			MinConnectTimeout: 3 * time.Second,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 2 * time.Minute, Timeout: 20 * time.Second}),
	)
	if err != nil {
		return nil, fmt.Errorf("make connection: %w", err)
	}
	gw, err := client.Connect(id.id, client.WithSign(id.sign), client.WithClientConnection(conn))
	if err != nil {
		_ = conn.Close() // nothing was sent on it
		return nil, fmt.Errorf("make gateway client: %w", err)
	}
	return &peerConn{msp: peer.MSP, endpoint: peer.Endpoint, gateway: gw, conn: conn, now: now, cooldown: cooldown}, nil
}

// order returns the peers in the order in which to ask them: own before others, each group starting at another one
// every time, and those that failed lately last.
func (p *pool) order() []*peerConn {
	turn := p.next.Add(1)
	var ready, cooling []*peerConn
	for _, group := range [][]*peerConn{p.own, p.others} {
		for i := range group {
			conn := group[(uint64(i)+turn)%uint64(len(group))]
			if conn.cooling() {
				cooling = append(cooling, conn)
			} else {
				ready = append(ready, conn)
			}
		}
	}
	return append(ready, cooling...)
}

func (p *pool) close() error {
	var failures []error
	for _, conn := range append(append([]*peerConn(nil), p.own...), p.others...) {
		failures = append(failures, conn.gateway.Close(), conn.conn.Close())
	}
	return errors.Join(failures...)
}

func (p *peerConn) cooling() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now().Before(p.until)
}

func (p *peerConn) succeeded() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = time.Time{}
}

// failed has the peer asked last for a while. It is said once: while the peer is cooling, more failures are no news.
// The error names no argument: Fabric's texts carry codes, addresses and our own refusals.
func (p *peerConn) failed(ctx context.Context, logger *slog.Logger, function string, err error) {
	level := slog.LevelWarn
	if p.cooling() {
		level = slog.LevelDebug
	}
	p.mu.Lock()
	p.until = p.now().Add(p.cooldown)
	p.mu.Unlock()
	logger.LogAttrs(ctx, level, "peer could not serve",
		slog.String("function", function), slog.String("peer", p.endpoint), slog.String("error", describe(err)),
	)
}

// propose prepares a signed proposal; msps restricts who endorses it, none leaves the choice to the peer.
func (p *peerConn) propose(l *Ledger, function string, argument []byte, msps ...string) (*client.Proposal, error) {
	options := []client.ProposalOption{client.WithBytesArguments(argument)}
	if len(msps) > 0 {
		options = append(options, client.WithEndorsingOrganizations(msps...))
	}
	proposal, err := p.gateway.GetNetwork(l.channel).GetContract(l.chaincode).NewProposal(function, options...)
	if err != nil {
		return nil, fmt.Errorf("sign proposal: %w", err)
	}
	return proposal, nil
}
