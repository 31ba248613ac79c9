package consortium

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yilian.example/gateway/config"
	"yilian.example/network/internal/database"
	"yilian.example/network/internal/fabric"
	"yilian.example/network/topology"
)

func newConsortium(t *testing.T) *Consortium {
	t.Helper()
	text, err := os.ReadFile("../../topology.yaml")
	if err != nil {
		t.Fatal(err)
	}
	top, err := topology.Parse(text, 100)
	if err != nil {
		t.Fatal(err)
	}
	return &Consortium{
		State: topology.State(t.TempDir()), Topology: top, Bin: "/nowhere", Offset: 100,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now,
		server: database.Server{URL: "postgresql://yilian:x@127.0.0.1:8532/yilian"},
	}
}

// The gateway refuses a bad configuration, so what is rendered must satisfy its own check.
func TestGatewayConfigurationsAreValid(t *testing.T) {
	c := newConsortium(t)
	err := c.renderGateways()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range c.Topology.Members {
		got, err := config.Load(c.State.GatewayConfig(m.ID))
		if err != nil {
			t.Fatal(err)
		}
		if got.Ledger.Peers[0].MSP != m.ID || len(got.Ledger.Peers) != 4 || len(got.Members) != 4 {
			t.Errorf(
				"%s: first peer of %s, %d peers, %d members", m.ID, got.Ledger.Peers[0].MSP, len(got.Ledger.Peers),
				len(got.Members),
			)
		}
		if got.Log.Interval != 200*time.Millisecond || got.Limits.CareWindow != 720*time.Hour {
			t.Errorf("%s: durations do not survive: %v, %v", m.ID, got.Log.Interval, got.Limits.CareWindow)
		}
		for _, address := range []string{got.Listen, got.Exchange.Listen} {
			if !strings.HasPrefix(address, "127.0.0.1:") {
				t.Errorf("%s listens on %s", m.ID, address)
			}
		}
	}
}

func TestKeysAreMadeOnceAndForOneTopology(t *testing.T) {
	c := newConsortium(t)
	made, err := c.made()
	if err != nil || made {
		t.Fatalf("empty state: %v, %v", made, err)
	}
	err = c.mark()
	if err != nil {
		t.Fatal(err)
	}
	made, err = c.made()
	if err != nil || !made {
		t.Fatalf("marked state: %v, %v", made, err)
	}
	c.Topology.Members[0].NameZH = "另一个名字"
	made, err = c.made()
	if err != nil || !made {
		t.Errorf("a name for people changed: %v, %v", made, err)
	}
	offset, err := RecordedOffset(c.State, 7)
	if err != nil || offset != 100 {
		t.Errorf("recorded offset %d, %v", offset, err)
	}
	c.Topology.Members[0].Ports.Peer++
	_, err = c.made()
	if err == nil || !strings.Contains(err.Error(), "clean") {
		t.Errorf("a port changed: %v", err)
	}
	offset, err = RecordedOffset(topology.State(t.TempDir()), 7)
	if err != nil || offset != 7 {
		t.Errorf("offset of nothing: %d, %v", offset, err)
	}
}

// Without its marker, or with one that a power cut damaged, a state directory on whose keys nodes ran must not get new
// keys: that would take their ledgers with it.
func TestDamagedMarker(t *testing.T) {
	c := newConsortium(t)
	err := os.WriteFile(markerPath(c.State), nil, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	made, err := c.made()
	if err != nil || made {
		t.Errorf("nothing ran on these keys: %v, %v", made, err)
	}
	data := c.State.Org("donghu", "peer", "data")
	err = os.MkdirAll(data, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.made()
	if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "network clean") {
		t.Errorf("a damaged marker over live data: %v", err)
	}
	err = os.Remove(markerPath(c.State))
	if err != nil {
		t.Fatal(err)
	}
	err = c.prepare(t.Context())
	_, statErr := os.Stat(data)
	if err == nil || !strings.Contains(err.Error(), "network clean") || statErr != nil {
		t.Errorf("a missing marker over live data: %v, %v", err, statErr)
	}
}

// Certificates that were over made a start fail after a minute with "connection refused".
func TestStartOnEndedCertificatesFailsAtOnce(t *testing.T) {
	c := newConsortium(t)
	c.Topology.Members = c.Topology.Members[:1]
	made := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	err := fabric.MakeIdentities(c.State, c.Topology, func() time.Time { return made })
	if err != nil {
		t.Fatal(err)
	}
	err = c.mark()
	if err != nil {
		t.Fatal(err)
	}
	err = c.prepare(t.Context())
	for _, want := range []string{c.State.Org("donghu", "ca", "ca.crt"), "ended on 2024-12-31", "runbook"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	ends := time.Date(2024, 12, 31, 3, 4, 5, 0, time.UTC)
	for left, want := range map[time.Duration]int{61 * 24 * time.Hour: 0, 59*24*time.Hour + time.Hour: 1} {
		var texts []string
		for _, concern := range Concerns(c.State, c.Topology, ends.Add(-left)) {
			if concern.Every == 24*time.Hour {
				texts = append(texts, concern.Text)
			}
		}
		if len(texts) != want || want > 0 && !strings.Contains(texts[0], "ends in 59 days, on 2024-12-31") {
			t.Errorf("%v before: %v", left, texts)
		}
	}
}

func TestAllTakenPortsAreNamed(t *testing.T) {
	c := newConsortium(t)
	taken := func() int {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = listener.Close() })
		return listener.Addr().(*net.TCPAddr).Port
	}
	c.Topology.Members[1].Ports.Orderer, c.Topology.Ports.IDP = taken(), taken()
	err := c.checkPorts()
	if err == nil || !strings.Contains(err.Error(), "qingshan orderer") || !strings.Contains(err.Error(), "idp") {
		t.Fatalf("got %v", err)
	}
	if who := fmt.Sprintf("held by process %d (", os.Getpid()); !strings.Contains(err.Error(), who) {
		t.Errorf("got %v, want %q", err, who)
	}
}

func TestMissingProgramsAreNamed(t *testing.T) {
	err := newConsortium(t).checkPrograms()
	if err == nil || !strings.Contains(err.Error(), "scripts/setup.sh") {
		t.Errorf("got %v", err)
	}
}

func TestIndexKeyIsTheSameEverywhere(t *testing.T) {
	c := newConsortium(t)
	err := c.makeIndexKey()
	if err != nil {
		t.Fatal(err)
	}
	var first []byte
	for _, m := range c.Topology.Members {
		key, err := os.ReadFile(filepath.Join(c.State.Org(m.ID, "gateway"), "index.hex"))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = key
		}
		if len(bytes.TrimSpace(key)) != 64 || !bytes.Equal(key, first) {
			t.Errorf("index key of %s: %d characters, or another one", m.ID, len(bytes.TrimSpace(key)))
		}
	}
}
