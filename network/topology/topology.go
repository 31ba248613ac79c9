// Package topology is the description of a consortium: its members, names and ports. It reads and checks one YAML file
// and knows where, below a state directory, each member's files lie. It starts nothing and writes nothing.
package topology

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// Topology is one consortium.
type Topology struct {
	Domain       string   `yaml:"domain"`
	Channel      string   `yaml:"channel"`
	Chaincode    string   `yaml:"chaincode"`
	Endorsements int      `yaml:"endorsements"` // of the members' peers, that a transaction needs
	Ports        Ports    `yaml:"ports"`
	Members      []Member `yaml:"members"`
}

// Ports are those of what the members share in development.
type Ports struct {
	IDP      int `yaml:"idp"`
	Database int `yaml:"database"`
}

// Member is one organisation. Its MSP id is its ID.
type Member struct {
	ID     string      `yaml:"id"`
	Kind   string      `yaml:"kind"` // hospital, insurer or commission
	NameZH string      `yaml:"name_zh"`
	NameEN string      `yaml:"name_en"`
	Ports  MemberPorts `yaml:"ports"`
}

// MemberPorts are the ports of one member's processes, all on the loopback interface.
type MemberPorts struct {
	Gateway           int `yaml:"gateway"`            // people and systems
	Exchange          int `yaml:"exchange"`           // other members' gateways, mutual TLS
	Metrics           int `yaml:"metrics"`            // the gateway's counts, for operators
	Peer              int `yaml:"peer"`               //
	PeerChaincode     int `yaml:"peer_chaincode"`     // Fabric opens it whether used or not
	PeerOperations    int `yaml:"peer_operations"`    // health and metrics
	Orderer           int `yaml:"orderer"`            // clients and other orderers
	OrdererAdmin      int `yaml:"orderer_admin"`      // channel participation, mutual TLS
	OrdererOperations int `yaml:"orderer_operations"` // health and metrics
	Chaincode         int `yaml:"chaincode"`          // the chaincode process of this member's peer
}

var (
	idShape   = regexp.MustCompile(`^[a-z0-9]{2,32}$`)
	nameShape = regexp.MustCompile(`^[a-z][a-z0-9.-]*$`)
)

// Parse reads a description, adds offset to every port, and reports everything that is wrong with it at once.
func Parse(text []byte, offset int) (*Topology, error) {
	var t Topology
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	err := decoder.Decode(&t)
	if err != nil {
		return nil, fmt.Errorf("parse topology: %w", err)
	}
	for _, p := range t.ports() {
		*p.port += offset
	}
	err = t.check()
	if err != nil {
		return nil, fmt.Errorf("check topology: %w", err)
	}
	return &t, nil
}

// Member finds a member by id.
func (t *Topology) Member(id string) (Member, bool) {
	for _, m := range t.Members {
		if m.ID == id {
			return m, true
		}
	}
	return Member{}, false
}

// Issuer is the address of the development OpenID provider.
func (t *Topology) Issuer() string { return fmt.Sprintf("http://127.0.0.1:%d", t.Ports.IDP) }

// PublicURL is where people and systems reach a member's gateway.
func (m Member) PublicURL() string { return fmt.Sprintf("http://127.0.0.1:%d", m.Ports.Gateway) }

// PeerHost is the name in the certificate of the member's peer.
func (t *Topology) PeerHost(m Member) string { return "peer." + m.ID + "." + t.Domain }

// OrdererHost is the name in the certificate of the member's orderer.
func (t *Topology) OrdererHost(m Member) string { return "orderer." + m.ID + "." + t.Domain }

// Address is a port on the loopback interface.
func Address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

type namedPort struct {
	name string
	port *int
}

func (t *Topology) ports() []namedPort {
	all := []namedPort{{"idp", &t.Ports.IDP}, {"database", &t.Ports.Database}}
	for i := range t.Members {
		m := &t.Members[i]
		p := &m.Ports
		all = append(all,
			namedPort{m.ID + " gateway", &p.Gateway}, namedPort{m.ID + " exchange", &p.Exchange},
			namedPort{m.ID + " metrics", &p.Metrics},
			namedPort{m.ID + " peer", &p.Peer}, namedPort{m.ID + " peer_chaincode", &p.PeerChaincode},
			namedPort{m.ID + " peer_operations", &p.PeerOperations}, namedPort{m.ID + " orderer", &p.Orderer},
			namedPort{m.ID + " orderer_admin", &p.OrdererAdmin}, namedPort{m.ID + " orderer_operations", &p.OrdererOperations},
			namedPort{m.ID + " chaincode", &p.Chaincode})
	}
	return all
}

// PortNames maps every port of the consortium to what listens there.
func (t *Topology) PortNames() map[int]string {
	names := map[int]string{}
	for _, p := range t.ports() {
		names[*p.port] = p.name
	}
	return names
}

// check reports everything that is wrong with the description at once.
func (t *Topology) check() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	for field, value := range map[string]string{"domain": t.Domain, "channel": t.Channel, "chaincode": t.Chaincode} {
		if !nameShape.MatchString(value) {
			fault("%s %q: must be lower-case letters, digits, dots and hyphens", field, value)
		}
	}
	if len(t.Members) < 4 {
		fault("%d members: SmartBFT ordering needs at least 4", len(t.Members))
	}
	if t.Endorsements < 1 || t.Endorsements > len(t.Members) {
		fault("endorsements %d: must lie between 1 and the number of members", t.Endorsements)
	}
	t.checkMembers(fault)
	t.checkPorts(fault)
	return errors.Join(faults...)
}

// checkMembers wants ids that are names of directories and MSPs, used once, a known kind and a name in each language.
func (t *Topology) checkMembers(fault func(string, ...any)) {
	seen := map[string]bool{}
	for _, m := range t.Members {
		if !idShape.MatchString(m.ID) || seen[m.ID] {
			fault("member id %q: must be 2 to 32 lower-case letters and digits, and used once", m.ID)
		}
		seen[m.ID] = true
		if m.Kind != "hospital" && m.Kind != "insurer" && m.Kind != "commission" {
			fault("member %s: kind %q is not hospital, insurer or commission", m.ID, m.Kind)
		}
		if m.NameZH == "" || m.NameEN == "" {
			fault("member %s: needs a Chinese and an English name", m.ID)
		}
	}
}

// checkPorts wants ports that need no privilege, each given once.
func (t *Topology) checkPorts(fault func(string, ...any)) {
	used := map[int]string{}
	for _, p := range t.ports() {
		if *p.port < 1024 || *p.port > 65535 {
			fault("port of %s: %d does not lie between 1024 and 65535", p.name, *p.port)
		}
		if other, taken := used[*p.port]; taken {
			fault("port %d: given to both %s and %s", *p.port, other, p.name)
		}
		used[*p.port] = p.name
	}
}
