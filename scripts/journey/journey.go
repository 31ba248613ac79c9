// Package journey is a client of a running consortium over its public interfaces only: FHIR, the JSON API, the public
// logs. The demonstration, the end-to-end tests, the chaos and the bench programs are written with it. It knows where a
// development consortium keeps its configuration, and nothing of the gateways' inside.
package journey

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/config"
	"yilian.example/network/topology"
)

// Consortium is a running development consortium, found by its state directory.
type Consortium struct {
	State   string // the state directory
	Members map[consortium.OrgID]*Member
	Tokens  Tokens
}

// Member is one organisation's gateway as the outside sees it.
type Member struct {
	Org    consortium.OrgID
	URL    string        // of its pages, FHIR endpoint, JSON API and public log
	Config config.Config // how this gateway was configured; for the database's address and the members' roots
	http   *http.Client
}

// Tokens returns a bearer token for a role at an organisation. Person may be empty: the provider's first person in that
// role.
type Tokens func(org consortium.OrgID, role consortium.Role, person string) (string, error)

// Open reads the configuration of every member's gateway below <state>/orgs.
func Open(state string, tokens Tokens) (*Consortium, error) {
	files, err := filepath.Glob(filepath.Join(state, "orgs", "*", "gateway.yaml"))
	if err != nil {
		return nil, fmt.Errorf("find gateways: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no consortium in %s: start one with `make up`", state)
	}
	c := &Consortium{State: state, Members: map[consortium.OrgID]*Member{}, Tokens: tokens}
	client := newHTTP()
	for _, file := range files {
		conf, err := config.Load(file)
		if err != nil {
			return nil, fmt.Errorf("read configuration: %w", err)
		}
		org := consortium.OrgID(conf.Org)
		c.Members[org] = &Member{Org: org, URL: conf.PublicURL, Config: conf, http: client}
	}
	return c, nil
}

// newHTTP keeps enough idle connections for the load programs, and follows no redirect: an API that sends one elsewhere
// is at fault.
func newHTTP() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 128
	transport.MaxIdleConns = 512
	return &http.Client{
		Transport: transport, Timeout: 2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Member returns one member.
func (c *Consortium) Member(org consortium.OrgID) (*Member, error) {
	m, ok := c.Members[org]
	if !ok {
		return nil, fmt.Errorf("no member %q", org)
	}
	return m, nil
}

// comesFor is what callers of these programs are there for, by role: the gateways choose no purpose for anybody.
var comesFor = map[consortium.Role]consortium.Purpose{
	consortium.RoleSystem:    consortium.Operations,
	consortium.RoleClinician: consortium.Treatment,
	consortium.RolePatient:   consortium.PatientRequest,
	consortium.RoleAssessor:  consortium.Payment,
}

// As returns a client at a member's gateway with the token of a role there, which states what people in that role come
// for; Client.For states something else.
func (c *Consortium) As(org consortium.OrgID, role consortium.Role, person string) (*Client, error) {
	m, err := c.Member(org)
	if err != nil {
		return nil, err
	}
	token, err := c.Tokens(org, role, person)
	if err != nil {
		return nil, fmt.Errorf("get token of %s at %s: %w", role, org, err)
	}
	return m.With(token).For(comesFor[role]), nil
}

// Orgs lists the members, sorted.
func (c *Consortium) Orgs() []consortium.OrgID {
	orgs := make([]consortium.OrgID, 0, len(c.Members))
	for org := range c.Members {
		orgs = append(orgs, org)
	}
	slices.Sort(orgs)
	return orgs
}

// DatabaseURL is a member's part of the database, with its own role; names are looked up in its schema. Only what plays
// the attacker, or counts what was stored, may use it.
func (c *Consortium) DatabaseURL(org consortium.OrgID) (string, error) {
	m, err := c.Member(org)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(m.Config.Database.URL)
	if err != nil {
		return "", errors.New("the database's URL cannot be parsed") // it carries a password
	}
	query := u.Query()
	query.Set("search_path", m.Config.Database.Schema)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// OperatorURL is the database as its operator reaches it, who made the members' roles and schemas.
func (c *Consortium) OperatorURL() (string, error) {
	text, err := os.ReadFile(topology.State(c.State).Path("secrets", "database.url"))
	if err != nil {
		return "", fmt.Errorf("find database's operator: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// Roots is the directory of the root certificates by which members are known on the ledger, <org>.pem each, as an
// auditor gets them.
func (c *Consortium) Roots() string { return filepath.Join(c.State, "roots") }

// With returns a client that calls with a bearer token; empty for none. It states no purpose.
func (m *Member) With(token string) *Client {
	return &Client{base: strings.TrimSuffix(m.URL, "/"), token: token, http: m.http}
}
