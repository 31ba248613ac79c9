package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"yilian.example/network/internal/durable"
	"yilian.example/network/internal/fabric"
	"yilian.example/network/internal/supervisor"
	"yilian.example/network/topology"
)

// ticks reads when a process was started, as a supervisor notes it.
func ticks(t *testing.T, pid int) uint64 {
	t.Helper()
	out, err := exec.Command("cut", "-d", " ", "-f", "22", fmt.Sprintf("/proc/%d/stat", pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var n uint64
	_, err = fmt.Sscan(string(out), &n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// metrics serves a node's height on a free port, and returns the port.
func metrics(t *testing.T, height int) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, "ledger_blockchain_height{channel=\"yilian\"} %d\n", height)
	})}
	go func() { _ = server.Serve(listener) }() // it ends with the test
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().(*net.TCPAddr).Port
}

// stage is a consortium of which a process is dead, another has a name for its trouble, and certificates end soon. A
// sleeping process stands in for the supervisor and for what it runs.
func stage(t *testing.T) (topology.State, *topology.Topology, supervisor.Status) {
	t.Helper()
	state := topology.State(t.TempDir())
	top, err := topology.Parse(defaultTopology, 31000)
	if err != nil {
		t.Fatal(err)
	}
	top.Members[0].Ports.OrdererOperations = metrics(t, 10)
	top.Members[0].Ports.PeerOperations = metrics(t, 57)
	made := func() time.Time { return time.Now().Add(-5*365*24*time.Hour + 41*24*time.Hour) }
	err = fabric.MakeIdentities(state, top, made)
	if err != nil {
		t.Fatal(err)
	}
	sleeper := exec.Command("/bin/sleep", "1000")
	err = sleeper.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = sleeper.Process.Kill(), sleeper.Wait() })
	pid := sleeper.Process.Pid
	started := ticks(t, pid)
	processes := []supervisor.ProcessStatus{
		{Name: "orderer-donghu", PID: pid, Started: started, State: "running", Trouble: "stands at height 10 for 20s"},
		{Name: "orderer-anhe", PID: pid, Started: started + 1, State: "running"}, // its id is another's by now
	}
	return state, top, supervisor.Status{PID: pid, Started: started, Phase: "running", Processes: processes}
}

func TestStatusNamesWhatIsWrong(t *testing.T) {
	state, top, status := stage(t)
	r := makeReport(t.Context(), state, top, status, time.Now())
	var human bytes.Buffer
	printReport(&human, state, r)
	program, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"! orderer-donghu: stands at height 10 for 20s", "! orderer-anhe: process ended",
		"! donghu: certificate " + state.Org("donghu", "ca", "ca.crt") + " ends in 40 days",
		"orderer-donghu  " + fmt.Sprint(status.PID) + "  hangs", "orderer-anhe    " + fmt.Sprint(status.PID) + "  dead",
		"57           10              in 40 days",
	} {
		if !strings.Contains(human.String(), want) {
			t.Errorf("human status lacks %q:\n%s", want, human.String())
		}
	}
	for _, want := range []string{
		`"pid":` + fmt.Sprint(status.PID), `"state":"dead"`, `"trouble":"stands at height 10 for 20s"`, `"peer_height":57`,
		`"orderer_height":10`, `"orderer_height":null`, `"days":40`, `"free_bytes":`, `"warnings":["orderer-donghu: stands`,
	} {
		if !strings.Contains(string(program), want) {
			t.Errorf("status --json lacks %s:\n%s", want, program)
		}
	}
}

// What stopped the consortium, a full disk or ended certificates, must be named while it does not run too.
func TestStatusOfWhatDoesNotRun(t *testing.T) {
	state, _, _ := stage(t)
	err := durable.WriteFile(state.Status(), []byte(`{"pid": 1, "started": 1, "error": "no room"}`))
	if err != nil {
		t.Fatal(err)
	}
	human, err := run(t, "status", "--state", string(state), "--port-offset", "31000")
	if err != nil || !strings.HasPrefix(human, "not running\nthe last start failed: no room\n! ") {
		t.Errorf("got %s, %v", human, err)
	}
	program, err := run(t, "status", "--json", "--state", string(state), "--port-offset", "31000")
	if err != nil || !strings.Contains(program, `"phase": "not running"`) || !strings.Contains(program, `"days": 40`) {
		t.Errorf("got %s, %v", program, err)
	}
}
