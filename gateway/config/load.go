package config

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"yilian.example/exchange/consortium"
)

// Load reads a file, fills in the defaults and checks the whole. The error lists every fault, one a line.
func Load(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("open configuration: %w", err)
	}
	defer f.Close()
	c, err := Parse(f)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// Parse reads one YAML document. A field that is not known is a fault: a misspelt setting must not be ignored.
func Parse(r io.Reader) (Config, error) {
	dec := yaml.NewDecoder(r)
	dec.KnownFields(true)
	var c Config
	if err := dec.Decode(&c); err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	c.setDefaults()
	return c, c.Validate()
}

func (c *Config) setDefaults() {
	setDefault(&c.Database.Schema, c.Org)
	setDefault(&c.Database.MaxConns, 16)
	setDefault(&c.Identity.Audience, c.PublicURL)
	setDefault(&c.Log.Interval, 200*time.Millisecond)
	setDefault(&c.Log.BatchMax, 4096)
	setDefault(&c.Log.LagBudget, 4*time.Hour)
	setDefault(&c.Audit.Interval, 10*time.Second)
	setDefault(&c.Audit.AnchorInterval, time.Minute)
	setDefault(&c.Limits.BodyBytes, 16<<20)
	setDefault(&c.Limits.ReadTimeout, 30*time.Second)
	setDefault(&c.Limits.CareWindow, 30*24*time.Hour)
	setDefault(&c.Limits.ReleaseFresh, 2*time.Minute)
	setDefault(&c.Limits.LookupsPerMinute, 60)
	setDefault(&c.Limits.RequestsPerMemberPerMinute, 600)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate checks the whole configuration and joins all faults. It opens no file: whether a key can be read shows when
// it is loaded.
func (c Config) Validate() error {
	var f faults
	f.check(consortium.OrgID(c.Org).Valid(), "org: needs 2 to 32 lower-case letters or digits, for example donghu")
	f.check(strings.Contains(c.Domain, "."), "domain: needs a domain name, for example yilian.example")
	f.publicURL("public_url", c.PublicURL)
	f.hostPort("listen", c.Listen)
	f.hostPort("exchange.listen", c.Exchange.Listen)
	f.present("exchange.cert", c.Exchange.Cert)
	f.present("exchange.key", c.Exchange.Key)
	f.members(c)
	u, err := url.Parse(c.Database.URL)
	f.check(err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql"), "database.url: needs a postgresql:// URL")
	f.schema(c.Database.Schema)
	f.check(c.Database.MaxConns >= 4, "database.max_conns: needs at least 4")
	f.publicURL("identity.issuer", c.Identity.Issuer)
	f.present("identity.client_id", c.Identity.ClientID)
	f.present("identity.client_secret_file", c.Identity.ClientSecretFile)
	f.ledger(c)
	f.present("keys.wrapping", c.Keys.Wrapping)
	f.present("keys.log", c.Keys.Log)
	f.present("keys.release", c.Keys.Release)
	f.present("keys.binding", c.Keys.Binding)
	f.present("keys.index", c.Keys.Index)
	f.check(c.Log.Interval >= 10*time.Millisecond, "log.interval: needs 10ms or more")
	f.check(c.Log.BatchMax >= 1 && c.Log.BatchMax <= 65536, "log.batch_max: needs 1 to 65536")
	f.check(c.Log.LagBudget > 0, "log.lag_budget: needs a time above 0, for example 4h")
	f.check(c.Audit.Interval >= 100*time.Millisecond, "audit.interval: needs 100ms or more")
	f.check(c.Audit.AnchorInterval >= time.Second, "audit.anchor_interval: needs 1s or more")
	f.check(
		len(c.Matching.IdentifierSystems) > 0, "matching.identifier_systems: needs at least one FHIR identifier system",
	)
	f.check(c.Limits.BodyBytes >= 1<<10, "limits.body_bytes: needs 1024 or more")
	f.check(c.Limits.ReadTimeout > 0, "limits.read_timeout: needs a time above 0")
	f.check(c.Limits.CareWindow > 0, "limits.care_window: needs a time above 0")
	f.check(c.Limits.ReleaseFresh > 0, "limits.release_fresh: needs a time above 0")
	f.check(c.Limits.LookupsPerMinute > 0, "limits.lookups_per_minute: needs a number above 0")
	f.check(c.Limits.RequestsPerMemberPerMinute > 0, "limits.requests_per_member_per_minute: needs a number above 0")
	if c.Metrics.Listen != "" {
		f.hostPort("metrics.listen", c.Metrics.Listen)
	}
	return errors.Join(f...)
}

// Member returns the member with an id.
func (c Config) Member(org consortium.OrgID) (Member, bool) {
	for _, m := range c.Members {
		if m.ID == string(org) {
			return m, true
		}
	}
	return Member{}, false
}

type faults []error

func (f *faults) check(ok bool, format string, args ...any) {
	if !ok {
		*f = append(*f, fmt.Errorf(format, args...))
	}
}

func (f *faults) present(field, value string) { f.check(value != "", "%s: is missing", field) }

func (f *faults) hostPort(field, value string) {
	_, _, err := net.SplitHostPort(value)
	f.check(err == nil, "%s: needs host:port, for example 127.0.0.1:8081", field)
}

// publicURL wants https, or http on a loopback address: tokens and records never travel in clear between machines.
func (f *faults) publicURL(field, value string) {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		f.check(false, "%s: needs a URL, for example https://gateway.hospital.example", field)
		return
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
	f.check(
		u.Scheme == "https" || (u.Scheme == "http" && loopback), "%s: needs https (http only on a loopback address)", field,
	)
	f.check(
		u.RawQuery == "" && u.Fragment == "" && !strings.HasSuffix(u.Path, "/"),
		"%s: needs no query, fragment or trailing slash", field,
	)
}

// schema wants a name as organisations have it, and none that belongs to everybody.
func (f *faults) schema(name string) {
	f.check(
		consortium.OrgID(name).Valid() && name != "public" && name != "shared",
		"database.schema: needs 2 to 32 lower-case letters or digits, and is neither public nor shared",
	)
}

func (f *faults) members(c Config) {
	seen := map[string]bool{}
	for i, m := range c.Members {
		at := fmt.Sprintf("members[%d]", i)
		f.check(consortium.OrgID(m.ID).Valid(), "%s.id: needs 2 to 32 lower-case letters or digits", at)
		f.check(!seen[m.ID], "%s.id: %q stands twice", at, m.ID)
		seen[m.ID] = true
		f.present(at+".name_zh", m.NameZH)
		f.present(at+".name_en", m.NameEN)
		switch consortium.OrgKind(m.Kind) {
		case consortium.Hospital, consortium.Insurer, consortium.Commission:
		default:
			f.check(false, "%s.kind: needs hospital, insurer or commission", at)
		}
		f.publicURL(at+".public_url", m.PublicURL)
		u, err := url.Parse(m.ExchangeURL)
		f.check(err == nil && u.Scheme == "https" && u.Host != "", "%s.exchange_url: needs an https URL", at)
		f.present(at+".exchange_ca", m.ExchangeCA)
		f.present(at+".ledger_ca", m.LedgerCA)
		f.present(at+".release_key", m.ReleaseKey)
	}
	f.check(seen[c.Org], "members: this organisation (%s) is not among them", c.Org)
}

func (f *faults) ledger(c Config) {
	f.present("ledger.channel", c.Ledger.Channel)
	f.present("ledger.chaincode", c.Ledger.Chaincode)
	f.check(c.Ledger.MSP == c.Org, "ledger.msp: needs to be the organisation's id (%s)", c.Org)
	f.present("ledger.cert", c.Ledger.Cert)
	f.present("ledger.key", c.Ledger.Key)
	f.check(len(c.Ledger.Peers) > 0, "ledger.peers: needs at least one")
	for i, p := range c.Ledger.Peers {
		at := fmt.Sprintf("ledger.peers[%d]", i)
		f.present(at+".msp", p.MSP)
		f.hostPort(at+".endpoint", p.Endpoint)
		f.present(at+".tls_ca", p.TLSCA)
	}
}
