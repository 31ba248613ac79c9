package topology

import (
	"os"
	"strings"
	"testing"
)

func shipped(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../topology.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestShippedTopology(t *testing.T) {
	got, err := Parse(shipped(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		id, kind string
		gateway  int
	}{
		{"donghu", "hospital", 8081},
		{"qingshan", "hospital", 8082},
		{"anhe", "insurer", 8083},
		{"weijian", "commission", 8084},
	} {
		m := got.Members[i]
		if m.ID != want.id || m.Kind != want.kind || m.Ports.Gateway != want.gateway {
			t.Errorf("member %d: %s %s %d, want %+v", i, m.ID, m.Kind, m.Ports.Gateway, want)
		}
	}
}

func TestOffsetMovesEveryPort(t *testing.T) {
	base, err := Parse(shipped(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := Parse(shipped(t), 1000)
	if err != nil {
		t.Fatal(err)
	}
	names := moved.PortNames()
	for port, name := range base.PortNames() {
		if names[port+1000] != name {
			t.Errorf("port %d of %s is not moved by 1000", port, name)
		}
	}
	if len(names) != len(base.PortNames()) {
		t.Errorf("%d ports, want %d", len(names), len(base.PortNames()))
	}
}

func TestFaults(t *testing.T) {
	good := string(shipped(t))
	tests := []struct {
		name, from, to, want string
	}{
		{"unknown field", "domain: ", "dominion: ", "dominion"},
		{"bad member id", "id: donghu", "id: Dong-hu", `member id "Dong-hu"`},
		{"member twice", "id: qingshan", "id: donghu", `member id "donghu"`},
		{"unknown kind", "kind: insurer", "kind: bank", `kind "bank"`},
		{"port twice", "gateway: 8082", "gateway: 8081", "port 8081"},
		{"port too low", "gateway: 8082", "gateway: 80", "port of qingshan gateway: 80"},
		{"too many endorsements", "endorsements: 3", "endorsements: 5", "endorsements 5"},
		{"no name", "name_zh: 青杉社区医院", "name_zh: ''", "member qingshan"},
		{"channel with space", "channel: yilian", "channel: yi lian", `channel "yi lian"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(good, tt.from, tt.to, 1)
			if text == good {
				t.Fatal("the test changes nothing")
			}
			_, err := Parse([]byte(text), 0)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that names %q", err, tt.want)
			}
		})
	}
}

func TestThreeMembersAreTooFew(t *testing.T) {
	text := string(shipped(t))
	text = text[:strings.Index(text, "  - id: weijian")]
	_, err := Parse([]byte(text), 0)
	if err == nil || !strings.Contains(err.Error(), "at least 4") {
		t.Errorf("got %v", err)
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	text := strings.Replace(string(shipped(t)), "kind: insurer", "kind: bank", 1)
	text = strings.Replace(text, "endorsements: 3", "endorsements: 0", 1)
	_, err := Parse([]byte(text), 0)
	if err == nil || !strings.Contains(err.Error(), "bank") || !strings.Contains(err.Error(), "endorsements 0") {
		t.Errorf("got %v, want both faults", err)
	}
}
