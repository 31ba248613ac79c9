// Package config is the gateway's configuration: one struct, read from one YAML file, checked as a whole. It is
// exported for the network program, which renders such files. It opens no connection and reads no environment.
package config

import "time"

// Config is all that one organisation's gateway needs to know.
type Config struct {
	Org       string   `yaml:"org"`        // this organisation's id, for example donghu
	Domain    string   `yaml:"domain"`     // the consortium's domain, for example yilian.example
	PublicURL string   `yaml:"public_url"` // where people reach this gateway; https, or http on loopback only
	Listen    string   `yaml:"listen"`     // host:port for people and systems
	Exchange  Exchange `yaml:"exchange"`   // the listener for other members' gateways
	Members   []Member `yaml:"members"`    // all members, this one included
	Database  Database `yaml:"database"`
	Identity  Identity `yaml:"identity"`
	Ledger    Ledger   `yaml:"ledger"`
	Keys      Keys     `yaml:"keys"`
	Log       Log      `yaml:"log"`
	Audit     Audit    `yaml:"audit"`
	Matching  Matching `yaml:"matching"`
	Limits    Limits   `yaml:"limits"`
	Metrics   Metrics  `yaml:"metrics"` // the listener for operators' counts
}

// Exchange is the mutual-TLS listener between gateways.
type Exchange struct {
	Listen string `yaml:"listen"` // host:port
	Cert   string `yaml:"cert"`   // PEM file: this gateway's certificate, usable as server and as client
	Key    string `yaml:"key"`    // PEM file
}

// How a gateway asks another one: a signed request (compact JWS, RFC 7515) is posted to ReleasePath below
// Member.ExchangeURL.
const (
	LocatePath       = "/exchange/v1/holdings" // a signed question about what is held
	ReleasePath      = "/exchange/v1/releases"
	ReleaseMediaType = "application/jose" // RFC 7515, 9.2.1
)

// Member is one organisation of the consortium as the others see it.
type Member struct {
	ID          string `yaml:"id"`
	NameZH      string `yaml:"name_zh"`
	NameEN      string `yaml:"name_en"`
	Kind        string `yaml:"kind"`         // hospital, insurer or commission
	PublicURL   string `yaml:"public_url"`   // its pages, FHIR endpoint and log
	ExchangeURL string `yaml:"exchange_url"` // https://host:port of its Exchange listener
	// PEM file: the root that issues this member's gateway certificates, and only this member's
	ExchangeCA string `yaml:"exchange_ca"`
	LedgerCA   string `yaml:"ledger_ca"` // PEM file: the root certificate of its Fabric MSP, to verify signed reads
	// PEM file (PKIX, Ed25519): verifies this member's signed requests, releases and receipts
	ReleaseKey string `yaml:"release_key"`
}

// Database is the SQL server, and this organisation's part of it.
type Database struct {
	URL      string `yaml:"url"`       // postgresql://…, with the organisation's own role; never printed
	Schema   string `yaml:"schema"`    // the organisation's own schema; default: the organisation's id
	MaxConns int32  `yaml:"max_conns"` // default 16
}

// Identity is the OpenID provider of this organisation.
type Identity struct {
	Issuer           string `yaml:"issuer"`
	ClientID         string `yaml:"client_id"`          // of the code flow for people
	ClientSecretFile string `yaml:"client_secret_file"` // a file that holds the secret and nothing else
	// that bearer tokens must name: this gateway's PublicURL by default
	Audience string `yaml:"audience"`
}

// Ledger is how to reach the Fabric channel.
type Ledger struct {
	Channel   string `yaml:"channel"`
	Chaincode string `yaml:"chaincode"`
	MSP       string `yaml:"msp"`  // this organisation's MSP id: equal to Org
	Cert      string `yaml:"cert"` // PEM file: client identity with the attribute yilian.role=gateway
	Key       string `yaml:"key"`  // PEM file
	Peers     []Peer `yaml:"peers"`
}

// Peer is one member's peer.
type Peer struct {
	MSP        string `yaml:"msp"`
	Endpoint   string `yaml:"endpoint"`    // host:port
	ServerName string `yaml:"server_name"` // in its TLS certificate
	TLSCA      string `yaml:"tls_ca"`      // PEM file
}

// Keys are the files that hold this organisation's keys. `gateway keygen` makes those that are missing, but for Index.
type Keys struct {
	Wrapping string `yaml:"wrapping"` // tink keyset: wraps the patients' data keys
	Log      string `yaml:"log"`      // signed-note signer key of this organisation's log
	Release  string `yaml:"release"`  // PEM (PKCS 8, Ed25519): signs requests, releases and receipts
	// 32 bytes in hex: binds this organisation's rows in the database, and blinds search values
	Binding string `yaml:"binding"`
	Index   string `yaml:"index"` // 32 bytes in hex, the same at all members: derives patient references
}

// Log is the pace of the transparency log.
type Log struct {
	Interval time.Duration `yaml:"interval"`  // between batches; default 200ms
	BatchMax int           `yaml:"batch_max"` // entries in one batch; default 4096
	// how long entries may stay unwitnessed before release to others stops; default 4h
	LagBudget time.Duration `yaml:"lag_budget"`
}

// Audit is the pace of the running audit of the database.
type Audit struct {
	// pause between two passes, at least; default 10s. A pass that takes long is followed by twenty times as long a pause
	Interval time.Duration `yaml:"interval"`
	// how often the numbers of what has changed go into the log, at most; default 1m
	AnchorInterval time.Duration `yaml:"anchor_interval"`
}

// Matching is how patients are recognised.
type Matching struct {
	// FHIR identifier systems that identify a person nationally, best first
	IdentifierSystems []string `yaml:"identifier_systems"`
	// other systems that are known here and by which nobody is matched; a Patient with one that is in neither list is
	// stored with a warning
	OtherSystems []string `yaml:"other_systems"`
	// other names of a system: the name that senders write -> the one above
	Synonyms map[string]string `yaml:"synonyms"`
}

// Limits protect the gateway.
type Limits struct {
	BodyBytes   int64         `yaml:"body_bytes"`   // largest request body; default 16 MiB
	ReadTimeout time.Duration `yaml:"read_timeout"` // default 30s
	// how long after an encounter's end its staff may still read; default 720h (30 days)
	CareWindow   time.Duration `yaml:"care_window"`
	ReleaseFresh time.Duration `yaml:"release_fresh"` // how old a signed release request may be; default 2m
	// how often one caller may look people up, or miss a record by id; default 60
	LookupsPerMinute int `yaml:"lookups_per_minute"`
	// how often one other member's gateways may ask this process; default 600
	RequestsPerMemberPerMinute int `yaml:"requests_per_member_per_minute"`
}

// Metrics is a listener in plain HTTP that serves /metrics and nothing else. It asks nobody who they are: keep it where
// operators alone can reach it.
type Metrics struct {
	Listen string `yaml:"listen"` // host:port; default empty: none
}
