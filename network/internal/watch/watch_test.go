package watch

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"yilian.example/network/internal/supervisor"
)

// TestMain lets this test program stand in for an orderer: it serves a height as one does.
func TestMain(m *testing.M) {
	if address := os.Getenv("WATCH_TEST_ORDERER"); address != "" {
		err := http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, `ledger_blockchain_height{channel="yilian"} 10`)
		}))
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// lines collects log lines of several goroutines.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// double starts a stand-in for an orderer under a supervisor, and returns where it tells its height.
func double(t *testing.T, log *lines) (*supervisor.Supervisor, Node, string) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "status.json")
	logs := func(name string) string { return filepath.Join(dir, name+".log") }
	s, err := supervisor.New(path, logs, slog.New(slog.NewTextHandler(log, nil)), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close() // it was only to find a free port
	node := Node{Process: "orderer-donghu", Metrics: "http://" + address + "/metrics"}
	err = s.Start(supervisor.Process{Name: node.Process, Path: os.Args[0], Env: []string{"WATCH_TEST_ORDERER=" + address}})
	if err != nil {
		t.Fatal(err)
	}
	return s, node, path
}

func await(t *testing.T, path, what string, ok func(supervisor.ProcessStatus) bool) supervisor.ProcessStatus {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var last supervisor.ProcessStatus
	err := supervisor.Wait(ctx, 5*time.Millisecond, func(context.Context) error {
		status, err := supervisor.ReadStatus(path)
		if err != nil {
			return err
		}
		last = status.Processes[0]
		if !ok(last) {
			return fmt.Errorf("not yet: %+v", last)
		}
		return nil
	})
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return last
}

// A stopped orderer was shown as running, with no restarts and no word, for as long as one looked.
func TestStoppedOrdererIsNamedAndRestarted(t *testing.T) {
	var log lines
	s, node, path := double(t, &log)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := supervisor.Wait(ctx, 10*time.Millisecond, func(ctx context.Context) error {
		_, err := Height(ctx, node.Metrics, "yilian")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w := Watch{
		Supervisor: s, Orderers: []Node{node}, Channel: "yilian", Interval: 20 * time.Millisecond, Now: time.Now,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Rule:   Rule{Behind: 3, Name: 100 * time.Millisecond, Restart: 5 * time.Second, Gap: time.Minute},
	}
	go w.Run(ctx)
	first := await(t, path, "run", func(p supervisor.ProcessStatus) bool { return p.PID > 0 })
	err = syscall.Kill(first.PID, syscall.SIGSTOP)
	if err != nil {
		t.Fatal(err)
	}
	await(t, path, "be named", func(p supervisor.ProcessStatus) bool {
		return p.PID == first.PID && strings.Contains(p.Trouble, "gives no answer")
	})
	second := await(t, path, "restart", func(p supervisor.ProcessStatus) bool { return p.Restarts == 1 })
	if second.PID == first.PID || second.Trouble != "" || !strings.Contains(second.Last, "no answer") {
		t.Errorf("after the restart: %+v", second)
	}
	for _, want := range []string{
		"process does not work", "restart process", "process=orderer-donghu", "gives no answer",
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log lacks %q:\n%s", want, log.String())
		}
	}
}

// A year before their end nobody wants to read of certificates; in the last weeks, once a day.
func TestConcernsAreLoggedInTheirTime(t *testing.T) {
	var log lines
	now := time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)
	w := Watch{
		Now: func() time.Time { return now }, Logger: slog.New(slog.NewTextHandler(&log, nil)),
		Concerns: func() []Concern {
			return []Concern{
				{Key: "donghu certificate", Text: "ends soon", Every: 24 * time.Hour},
				{Key: "/", Text: "almost full", Every: time.Hour},
			}
		},
	}
	r := &reminder{logged: map[string]time.Time{}}
	for range 2 * 24 * 60 {
		w.remind(t.Context(), r)
		now = now.Add(time.Minute)
	}
	for text, want := range map[string]int{"ends soon": 2, "almost full": 48} {
		if got := strings.Count(log.String(), text); got != want {
			t.Errorf("%q is logged %d times in two days, want %d", text, got, want)
		}
	}
}
