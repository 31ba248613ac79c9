package watch

import (
	"strings"
	"testing"
	"time"
)

// step is one look at an orderer.
type step struct {
	at       int // seconds
	height   uint64
	silent   bool
	pid      int // 1 if 0
	highest  uint64
	trouble  string // part of it
	restarts bool
}

func TestHungOrderers(t *testing.T) {
	tests := []struct {
		name  string
		steps []step
	}{
		{"level", []step{
			{at: 0, height: 10, highest: 10}, {at: 50, height: 50, highest: 52}, {at: 99, height: 52, highest: 52},
		}},
		{"a block or two behind for long", []step{
			{at: 0, height: 10, highest: 12}, {at: 30, height: 10, highest: 12}, {at: 60, height: 10, highest: 12},
		}},
		{"far behind, and catching up", []step{
			{at: 0, height: 1, highest: 500}, {at: 20, height: 30, highest: 510}, {at: 40, height: 90, highest: 520},
			{at: 60, height: 200, highest: 530},
		}},
		{"deadlocked: healthy by its own word", []step{
			{at: 0, height: 10, highest: 10}, {at: 10, height: 10, highest: 20}, {at: 20, height: 10, highest: 30,
				trouble: "stands at height 10 for 20s while others stand at 30"},
			{at: 30, height: 10, highest: 40, trouble: "for 30s", restarts: true},
		}},
		{"silent", []step{
			{at: 0, height: 10, highest: 10}, {at: 10, silent: true, highest: 10},
			{at: 20, silent: true, highest: 10, trouble: "gives no answer for 20s"},
			{at: 30, silent: true, highest: 10, trouble: "gives no answer", restarts: true},
		}},
		{"silent for a moment", []step{
			{at: 0, height: 10, highest: 10}, {at: 10, silent: true, highest: 10}, {at: 16, height: 10, highest: 11},
			{at: 30, silent: true, highest: 12},
		}},
		{"behind while nobody grows, as during a change of leader", []step{
			{at: 0, height: 2, highest: 10}, {at: 30, height: 2, highest: 10}, {at: 60, height: 2, highest: 10},
			{at: 70, height: 2, highest: 11}, {at: 80, height: 2, highest: 12, trouble: "for 20s"},
		}},
		{"down, and so the supervisor's business", []step{
			{at: 0, height: 10, highest: 10}, {at: 20, silent: true, pid: -1, highest: 10},
			{at: 50, silent: true, pid: -1, highest: 10}, {at: 60, silent: true, pid: 2, highest: 10},
			{at: 70, height: 10, pid: 2, highest: 60},
		}},
		{"longer each time until it is well", []step{
			{at: 0, height: 5, highest: 5}, {at: 30, height: 5, highest: 50, trouble: "height", restarts: true},
			{at: 40, height: 5, pid: 2, highest: 60}, {at: 70, height: 5, pid: 2, highest: 70, trouble: "for 30s"},
			{at: 100, height: 5, pid: 2, highest: 80, trouble: "for 1m0s", restarts: true},
			{at: 110, height: 80, pid: 3, highest: 80}, {at: 120, height: 80, pid: 3, highest: 90},
			{at: 140, height: 80, pid: 3, highest: 99, trouble: "for 30s", restarts: true},
		}},
		{"the machine slept", []step{
			{at: 0, height: 10, highest: 10}, {at: 5, silent: true, highest: 10}, {at: 3600, silent: true, highest: 10},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			j := newJudge(Production)
			for _, s := range tt.steps {
				check(t, j, s)
			}
		})
	}
}

func check(t *testing.T, j *judge, s step) {
	t.Helper()
	pid := max(s.pid, 0)
	if s.pid == 0 {
		pid = 1
	}
	at := time.Date(2026, 11, 26, 0, 0, s.at, 0, time.UTC)
	seen := Sighting{PID: pid, Reading: Reading{Height: s.height, Answered: !s.silent}}
	got := j.look(at, s.highest, map[string]Sighting{"orderer-donghu": seen})["orderer-donghu"]
	if got.Restart != s.restarts || (got.Trouble == "") != (s.trouble == "") || !strings.Contains(got.Trouble, s.trouble) {
		t.Errorf("after %d s: %+v, want %q, restart %v", s.at, got, s.trouble, s.restarts)
	}
}

// Two that hang are started again one after the other: the first needs the time to take part again.
func TestOneRestartAtATime(t *testing.T) {
	j := newJudge(Production)
	restarted := map[string]int{}
	for at := 0; at <= 50; at += 5 {
		sightings := map[string]Sighting{}
		for _, name := range []string{"orderer-anhe", "orderer-donghu"} {
			sightings[name] = Sighting{PID: 1 + restarted[name], Reading: Reading{Answered: restarted[name] > 0, Height: 10}}
		}
		for name, finding := range j.look(time.Date(2026, 11, 26, 0, 0, at, 0, time.UTC), 10, sightings) {
			if finding.Restart {
				restarted[name] = at
			}
		}
	}
	if restarted["orderer-anhe"] != 30 || restarted["orderer-donghu"] != 45 {
		t.Errorf("restarted after %v seconds, want 30 and 45", restarted)
	}
}

func TestHeightInMetrics(t *testing.T) {
	const text = `# HELP ledger_blockchain_height Height of the chain in blocks.
# TYPE ledger_blockchain_height gauge
ledger_blockchain_height{channel="other"} 7
ledger_blockchain_height{channel="yilian"} 1.234567e+06
`
	for channel, want := range map[string]uint64{"yilian": 1234567, "other": 7} {
		got, err := parseHeight(strings.NewReader(text), channel)
		if err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", channel, got, err, want)
		}
	}
	for _, bad := range []string{"", "ledger_blockchain_height{channel=\"yilian\"} many\n", text[:60]} {
		_, err := parseHeight(strings.NewReader(bad), "yilian")
		if err == nil {
			t.Errorf("%q has a height", bad)
		}
	}
}

// A machine that is too slow for anybody to answer has no orderer that hangs.
func TestSlowMachineRestartsNobody(t *testing.T) {
	j := newJudge(Production)
	silent := map[string]Sighting{"orderer-donghu": {PID: 7}}
	for at := 0; at < 300; at += 5 {
		j.blind()
		got := j.look(time.Date(2026, 11, 26, 0, 0, at, 0, time.UTC), 10, silent)["orderer-donghu"]
		if got.Restart || got.Trouble != "" {
			t.Fatalf("after %d s: %+v", at, got)
		}
	}
}
