// Package fabric prepares and administers the consortium's Fabric channel: identities, node configuration, the genesis
// block, the chaincode package, and, over fabric-sdk-go, joining and the chaincode lifecycle. It starts no process.
package fabric

import (
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"yilian.example/network/internal/durable"
	"yilian.example/network/internal/pki"
	"yilian.example/network/topology"
)

// RoleAttribute is the attribute of a client certificate by which the contracts know a gateway.
const RoleAttribute = "yilian.role"

// nodeOUs tells Fabric to read a certificate's kind from its organisational unit.
const nodeOUs = `NodeOUs:
  Enable: true
  ClientOUIdentifier: {Certificate: cacerts/ca.crt, OrganizationalUnitIdentifier: client}
  PeerOUIdentifier: {Certificate: cacerts/ca.crt, OrganizationalUnitIdentifier: peer}
  AdminOUIdentifier: {Certificate: cacerts/ca.crt, OrganizationalUnitIdentifier: admin}
  OrdererOUIdentifier: {Certificate: cacerts/ca.crt, OrganizationalUnitIdentifier: orderer}
`

// identities makes one member's keys and certificates.
type identities struct {
	state    topology.State
	topology *topology.Topology
	member   topology.Member
	msp      *pki.Authority
	tls      *pki.Authority
	exchange *pki.Authority
}

// MakeIdentities makes the keys and certificates of all members below <state>/orgs, at the same time since each of the
// many files waits for the disk.
func MakeIdentities(state topology.State, t *topology.Topology, now func() time.Time) error {
	var group errgroup.Group
	for _, m := range t.Members {
		group.Go(func() error {
			err := makeMember(state, t, m, now)
			if err != nil {
				return fmt.Errorf("make identities of %s: %w", m.ID, err)
			}
			return nil
		})
	}
	return group.Wait()
}

func makeMember(state topology.State, t *topology.Topology, m topology.Member, now func() time.Time) error {
	i := identities{state: state, topology: t, member: m}
	for _, a := range []struct {
		dir       string
		authority **pki.Authority
	}{{"ca", &i.msp}, {"tlsca", &i.tls}, {"exchangeca", &i.exchange}} {
		authority, err := pki.NewAuthority(a.dir+"."+m.ID+"."+t.Domain, m.ID, now)
		if err != nil {
			return err
		}
		err = authority.Save(state.Org(m.ID, a.dir))
		if err != nil {
			return err
		}
		*a.authority = authority
	}
	for _, step := range []func() error{i.channelMSP, i.nodes, i.clients, i.gateway} {
		err := step()
		if err != nil {
			return err
		}
	}
	return nil
}

// channelMSP writes what the channel's configuration says about the member: its roots.
func (i *identities) channelMSP() error { return i.roots(i.state.Org(i.member.ID, "msp")) }

func (i *identities) roots(dir string) error {
	for name, content := range map[string][]byte{
		"cacerts/ca.crt": i.msp.PEM, "tlscacerts/tlsca.crt": i.tls.PEM, "config.yaml": []byte(nodeOUs),
	} {
		err := durable.WriteFile(dir+"/"+name, content)
		if err != nil {
			return err
		}
	}
	return nil
}

// nodes makes the peer's and the orderer's identities, and the TLS certificates of both and of the chaincode process.
func (i *identities) nodes() error {
	for unit, host := range map[string]string{
		"peer": i.topology.PeerHost(i.member), "orderer": i.topology.OrdererHost(i.member),
	} {
		err := i.identity(i.state.Org(i.member.ID, unit, "msp"), pki.Request{CommonName: host, Org: i.member.ID, Unit: unit})
		if err != nil {
			return err
		}
		err = i.tlsPair(i.state.Org(i.member.ID, unit, "tls"), host)
		if err != nil {
			return err
		}
	}
	return i.tlsPair(i.state.Org(i.member.ID, "chaincode", "tls"), "chaincode."+i.member.ID+"."+i.topology.Domain)
}

// identity writes a local MSP directory: roots, certificate and key.
func (i *identities) identity(dir string, r pki.Request) error {
	err := i.roots(dir)
	if err != nil {
		return err
	}
	pair, err := i.msp.Issue(r)
	if err != nil {
		return err
	}
	return pair.Save(dir+"/signcerts/cert.pem", dir+"/keystore/key.pem")
}

func (i *identities) tlsPair(dir, host string) error {
	pair, err := i.tls.Issue(pki.Request{
		CommonName: host, Org: i.member.ID, Hosts: []string{host, "localhost", "127.0.0.1"}, TLS: true,
	})
	if err != nil {
		return err
	}
	err = durable.WriteFile(dir+"/ca.crt", i.tls.PEM)
	if err != nil {
		return err
	}
	return pair.Save(dir+"/server.crt", dir+"/server.key")
}

// clients makes the administrator, with which the network program joins and deploys, and its TLS client certificate.
func (i *identities) clients() error {
	dir := i.state.Org(i.member.ID, "admin")
	err := i.identity(dir+"/msp", pki.Request{
		CommonName: "admin." + i.member.ID + "." + i.topology.Domain, Org: i.member.ID, Unit: "admin",
		Attributes: map[string]string{RoleAttribute: "admin"},
	})
	if err != nil {
		return err
	}
	return i.tlsPair(dir+"/tls", "admin."+i.member.ID+"."+i.topology.Domain)
}

// gateway makes the gateway's ledger identity, and the certificate with which it meets the other members' gateways.
func (i *identities) gateway() error {
	dir := i.state.Org(i.member.ID, "gateway")
	ledger, err := i.msp.Issue(pki.Request{
		CommonName: "gateway." + i.member.ID + "." + i.topology.Domain, Org: i.member.ID, Unit: "client",
		Attributes: map[string]string{RoleAttribute: "gateway"},
	})
	if err != nil {
		return err
	}
	err = ledger.Save(dir+"/ledger.crt", dir+"/ledger.key")
	if err != nil {
		return err
	}
	exchange, err := i.exchange.Issue(pki.Request{
		CommonName: i.member.ID, Org: i.member.ID, TLS: true,
		Hosts: []string{"gateway." + i.member.ID + "." + i.topology.Domain, "localhost", "127.0.0.1"},
	})
	if err != nil {
		return err
	}
	return exchange.Save(dir+"/exchange.crt", dir+"/exchange.key")
}
