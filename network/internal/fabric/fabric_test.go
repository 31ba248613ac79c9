package fabric

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"yilian.example/network/topology"
)

// rendered makes identities and configuration of the shipped consortium.
func rendered(t *testing.T) (topology.State, *topology.Topology) {
	t.Helper()
	text, err := os.ReadFile("../../topology.yaml")
	if err != nil {
		t.Fatal(err)
	}
	top, err := topology.Parse(text, 0)
	if err != nil {
		t.Fatal(err)
	}
	state := topology.State(t.TempDir())
	err = errors.Join(MakeIdentities(state, top, time.Now), RenderNodes(state, top, "/opt/builder"))
	if err != nil {
		t.Fatal(err)
	}
	return state, top
}

func TestPackageIsAlwaysTheSame(t *testing.T) {
	one, err := NewPackage("yilian")
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(1100 * time.Millisecond) // archives carry whole seconds
	two, err := NewPackage("yilian")
	if err != nil {
		t.Fatal(err)
	}
	if one.ID != two.ID || !bytes.Equal(one.Bytes, two.Bytes) {
		t.Error("two packages differ: every restart would need a new definition")
	}
	if !strings.HasPrefix(one.ID, "yilian_1:") {
		t.Errorf("id %s", one.ID)
	}
	zip, err := gzip.NewReader(bytes.NewReader(one.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(zip)
	var names []string
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		if header.Name == "metadata.json" {
			var metadata map[string]string
			err = json.NewDecoder(archive).Decode(&metadata)
			if err != nil || metadata["type"] != "ccaas" || metadata["label"] != one.Label {
				t.Errorf("metadata %v, %v", metadata, err)
			}
		}
	}
	if strings.Join(names, " ") != "metadata.json code.tar.gz" {
		t.Errorf("files %v", names)
	}
}

func TestConfigurationIsYAMLAndOnLoopback(t *testing.T) {
	state, top := rendered(t)
	for _, m := range top.Members {
		for _, name := range []string{"peer/core.yaml", "orderer/orderer.yaml"} {
			content, err := os.ReadFile(state.Org(m.ID, name))
			if err != nil {
				t.Fatal(err)
			}
			var parsed map[string]any
			err = yaml.Unmarshal(content, &parsed)
			if err != nil {
				t.Errorf("%s of %s: %v", name, m.ID, err)
			}
			if strings.Contains(string(content), "0.0.0.0") || strings.Contains(string(content), "<no value>") {
				t.Errorf("%s of %s listens everywhere, or lacks a value", name, m.ID)
			}
		}
	}
}

// Somebody's home directory may be called anything, and YAML gives a meaning to some of it.
func TestPathsSurviveYAML(t *testing.T) {
	text, err := os.ReadFile("../../topology.yaml")
	if err != nil {
		t.Fatal(err)
	}
	top, err := topology.Parse(text, 0)
	if err != nil {
		t.Fatal(err)
	}
	state := topology.State(filepath.Join(t.TempDir(), "a #1: 'our' \"data\", {all}"))
	builder := string(state) + "/bin/builder"
	err = errors.Join(MakeIdentities(state, top, time.Now), RenderNodes(state, top, builder))
	if err != nil {
		t.Fatal(err)
	}
	// The programs are stood in for: what is rendered for configtxgen is rendered before it is started.
	_ = MakeGenesis(t.Context(), state, top, "/nowhere")
	m := top.Members[0]
	for file, want := range map[string][]string{
		state.Org(m.ID, "peer/core.yaml"): {
			state.Org(m.ID, "peer/tls/server.crt"), state.Org(m.ID, "peer/data"), state.Org(m.ID, "peer/msp"), builder,
		},
		state.Org(m.ID, "orderer/orderer.yaml"): {
			state.Org(m.ID, "orderer/tls/server.key"), state.Org(m.ID, "orderer/data/wal"), state.Org(m.ID, "orderer/msp"),
		},
		state.Path("channel/configtx.yaml"): {
			state.Org(m.ID, "msp"), state.Org(m.ID, "orderer/msp/signcerts/cert.pem"),
		},
	} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var parsed any
		err = yaml.Unmarshal(content, &parsed)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, path := range want {
			if !contains(parsed, path) {
				t.Errorf("%s does not name %s", file, path)
			}
		}
	}
}

// contains looks for a text as a whole value anywhere in parsed YAML.
func contains(in any, text string) bool {
	switch v := in.(type) {
	case string:
		return v == text
	case []any:
		return slices.ContainsFunc(v, func(part any) bool { return contains(part, text) })
	case map[string]any:
		for _, part := range v {
			if contains(part, text) {
				return true
			}
		}
	}
	return false
}

func TestPolicies(t *testing.T) {
	_, top := rendered(t)
	want := "OutOf(3, 'donghu.peer', 'qingshan.peer', 'anhe.peer', 'weijian.peer')"
	if got := policy(top, top.Endorsements, "peer"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	a := &Admin{topology: top}
	envelope, err := a.endorsement()
	if err != nil {
		t.Fatal(err)
	}
	if n := envelope.GetRule().GetNOutOf().GetN(); n != 3 || len(envelope.GetIdentities()) != 4 {
		t.Errorf("policy wants %d of %d", n, len(envelope.GetIdentities()))
	}
}

// The SDK must accept the configuration and every member's administrator; nothing listens, so nothing is asked.
func TestSDKTakesEveryAdministrator(t *testing.T) {
	state, top := rendered(t)
	admin, err := OpenAdmin(state, top, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	for _, m := range top.Members {
		client, err := admin.client(m)
		if err != nil {
			t.Fatal(err)
		}
		if client.Identifier().MSPID != m.ID {
			t.Errorf("administrator of %s speaks for %s", m.ID, client.Identifier().MSPID)
		}
	}
}

func TestPeerReachesOnlyItsOwnChaincode(t *testing.T) {
	state, top := rendered(t)
	handshake := func(client, server string) error {
		content, err := os.ReadFile(ConnectionFile(state, client))
		if err != nil {
			t.Fatal(err)
		}
		var connection map[string]any
		err = json.Unmarshal(content, &connection)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := tls.X509KeyPair([]byte(connection["client_cert"].(string)), []byte(connection["client_key"].(string)))
		if err != nil {
			t.Fatal(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM([]byte(connection["root_cert"].(string)))
		own, err := tls.LoadX509KeyPair(
			state.Org(server, "chaincode/tls/server.crt"), state.Org(server, "chaincode/tls/server.key"),
		)
		if err != nil {
			t.Fatal(err)
		}
		clients := x509.NewCertPool()
		root, err := os.ReadFile(state.Org(server, "chaincode/tls/ca.crt"))
		if err != nil {
			t.Fatal(err)
		}
		clients.AppendCertsFromPEM(root)
		a, b := net.Pipe()
		defer a.Close()
		defer b.Close()
		_ = errors.Join(a.SetDeadline(time.Now().Add(5*time.Second)), b.SetDeadline(time.Now().Add(5*time.Second)))
		served := make(chan error, 1)
		go func() {
			served <- tls.Server(a, &tls.Config{
				Certificates: []tls.Certificate{own},
				ClientAuth:   tls.RequireAndVerifyClientCert,
				ClientCAs:    clients,
			}).Handshake()
			_ = a.Close() // so that a client that is refused sees it
		}()
		err = tls.Client(b, &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, ServerName: "127.0.0.1"}).
			Handshake()
		_ = b.Close()
		return errors.Join(err, <-served)
	}
	if err := handshake("donghu", "donghu"); err != nil {
		t.Errorf("own chaincode: %v", err)
	}
	if handshake("donghu", top.Members[1].ID) == nil {
		t.Error("a peer is let in to another member's chaincode")
	}
}

func TestExchangeRootsAreApart(t *testing.T) {
	state, _ := rendered(t)
	load := func(name string) *x509.CertPool {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(content) {
			t.Fatalf("%s holds no certificate", filepath.Base(name))
		}
		return pool
	}
	pair, err := tls.LoadX509KeyPair(
		state.Org("donghu", "gateway/exchange.crt"), state.Org("donghu", "gateway/exchange.key"),
	)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if cert.Subject.CommonName != "donghu" {
		t.Errorf("common name %s", cert.Subject.CommonName)
	}
	usage := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	_, err = cert.Verify(x509.VerifyOptions{Roots: load(state.Org("donghu", "exchangeca/ca.crt")), KeyUsages: usage})
	if err != nil {
		t.Errorf("own root: %v", err)
	}
	for _, other := range []string{
		state.Org("qingshan", "exchangeca/ca.crt"), state.Org("donghu", "tlsca/ca.crt"), state.Org("donghu", "ca/ca.crt"),
	} {
		_, err = cert.Verify(x509.VerifyOptions{Roots: load(other), KeyUsages: usage})
		if err == nil {
			t.Errorf("%s vouches for it", other)
		}
	}
}
