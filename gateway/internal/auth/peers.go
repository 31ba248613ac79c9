package auth

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/config"
)

// Peers knows the other members' gateways by their certificates. Each member's gateway certificates are issued by that
// member's own root, so a member can speak for itself and for nobody else: there is no shared authority that could
// issue a certificate in another's name.
type Peers struct {
	own   tls.Certificate
	all   *x509.CertPool
	roots map[consortium.OrgID][]*x509.Certificate
}

// NewPeers reads this gateway's certificate and every member's root. Two members with the same root are refused, since
// they could not be told apart.
func NewPeers(exchange config.Exchange, members []config.Member) (*Peers, error) {
	own, err := tls.LoadX509KeyPair(exchange.Cert, exchange.Key)
	if err != nil {
		return nil, fmt.Errorf("load exchange certificate: %w", err)
	}
	p := &Peers{own: own, all: x509.NewCertPool(), roots: map[consortium.OrgID][]*x509.Certificate{}}
	owner := map[string]string{}
	for _, m := range members {
		data, err := os.ReadFile(m.ExchangeCA)
		if err != nil {
			return nil, fmt.Errorf("read exchange root of %s: %w", m.ID, err)
		}
		roots, err := parseRoots(data)
		if err != nil {
			return nil, fmt.Errorf("read exchange root of %s: %w", m.ID, err)
		}
		for _, root := range roots {
			// The key counts, not the certificate: two certificates of one key verify the same chains.
			key := string(root.RawSubjectPublicKeyInfo)
			if other, taken := owner[key]; taken && other != m.ID {
				return nil, fmt.Errorf("read exchange root of %s: it has the same key as that of %s", m.ID, other)
			}
			owner[key] = m.ID
			p.all.AddCert(root)
		}
		p.roots[consortium.OrgID(m.ID)] = roots
	}
	return p, nil
}

func parseRoots(data []byte) ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("parse certificate: %w", err)
		}
		if !cert.IsCA {
			return nil, errors.New("certificate is not an authority's")
		}
		roots = append(roots, cert)
	}
	if len(roots) == 0 {
		return nil, errors.New("file holds no certificate")
	}
	return roots, nil
}

// ServerTLS is for the exchange listener: every caller must show a certificate that some member's root issued.
// OrgOfPeer tells whose.
func (p *Peers) ServerTLS() *tls.Config {
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{p.own},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    p.all,
		NextProtos:   []string{"h2", "http/1.1"},
	}
}

// ClientTLS is for calling one member: its listener must show a certificate of that member's own root, whatever address
// answers.
func (p *Peers) ClientTLS(org consortium.OrgID) (*tls.Config, error) {
	roots, ok := p.roots[org]
	if !ok {
		return nil, fault.New(fault.NotFound, CodeUnknownMember, "There is no such member.")
	}
	pool := x509.NewCertPool()
	for _, root := range roots {
		pool.AddCert(root)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{p.own}, RootCAs: pool}, nil
}

// OrgOfPeer tells which member is at the other end of a verified connection: the one whose root every verified chain
// ends at.
func (p *Peers) OrgOfPeer(state *tls.ConnectionState) (consortium.OrgID, error) {
	if state == nil || !state.HandshakeComplete || len(state.VerifiedChains) == 0 {
		return "", unknownPeer(errors.New("no verified certificate"))
	}
	var found consortium.OrgID
	for _, chain := range state.VerifiedChains {
		org, ok := p.ownerOf(chain[len(chain)-1])
		if !ok || (found != "" && found != org) {
			return "", unknownPeer(errors.New("certificate chains to no member, or to two"))
		}
		found = org
	}
	return found, nil
}

func (p *Peers) ownerOf(root *x509.Certificate) (consortium.OrgID, bool) {
	for org, roots := range p.roots {
		for _, r := range roots {
			if bytes.Equal(r.Raw, root.Raw) {
				return org, true
			}
		}
	}
	return "", false
}

// PeerActor is the caller as a member's gateway.
func (p *Peers) PeerActor(state *tls.ConnectionState) (consortium.Actor, error) {
	org, err := p.OrgOfPeer(state)
	if err != nil {
		return consortium.Actor{}, err
	}
	return consortium.Actor{ID: "gateway." + string(org), Org: org, Role: consortium.RoleGateway}, nil
}

func unknownPeer(err error) error {
	return fault.Wrap(
		err, fault.Unauthorized, CodeUnknownGateway, "The caller's certificate is not that of a member's gateway.",
	)
}
