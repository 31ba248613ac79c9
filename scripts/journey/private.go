package journey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"yilian.example/network/topology"
)

// Private starts and stops a consortium of its own beside whatever else runs on the machine: another state directory
// and other ports.
type Private struct {
	Root   string    // of the checkout
	State  string    // directory; made if missing
	Output io.Writer // what the network program prints
	offset int
}

// Root finds the checkout that the working directory is in.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find checkout: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "network", "topology.yaml")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("find checkout: run this inside the checkout of yilian")
		}
		dir = parent
	}
}

// NetworkCommand is how the network program is run: its binary when it was built (in the directory that YILIAN_BIN
// names, or .yilian/bin), or from source.
func NetworkCommand(root string) []string {
	bin := os.Getenv("YILIAN_BIN")
	if bin == "" {
		bin = filepath.Join(root, ".yilian", "bin")
	}
	binary := filepath.Join(bin, "network")
	if info, err := os.Stat(binary); err == nil && info.Mode()&0o111 != 0 {
		return []string{binary}
	}
	return []string{"go", "run", "./network"}
}

// OpenState opens the consortium that runs in a state directory; the default one of the checkout when state is empty.
func OpenState(root, state string) (*Consortium, error) {
	if state == "" {
		state = filepath.Join(root, ".yilian")
	}
	state, err := filepath.Abs(state)
	if err != nil {
		return nil, fmt.Errorf("find state directory: %w", err)
	}
	return Open(state, CommandTokens(root, state, NetworkCommand(root)...))
}

// Up starts the consortium and waits until it is healthy.
func (p *Private) Up(ctx context.Context) (*Consortium, error) {
	offset, err := freeOffset(filepath.Join(p.Root, "network", "topology.yaml"))
	if err != nil {
		return nil, err
	}
	p.offset = offset
	if err := p.setUp(ctx); err != nil {
		return nil, err
	}
	if err := p.network(ctx, "up", "--detach", "--state", p.State, "--port-offset", fmt.Sprint(offset)); err != nil {
		return nil, errors.Join(fmt.Errorf("start a private consortium: %w", err), p.Down(context.WithoutCancel(ctx)))
	}
	return OpenState(p.Root, p.State)
}

// setUp builds what is missing or older than its sources. Programs that YILIAN_BIN names are taken as they are.
func (p *Private) setUp(ctx context.Context) error {
	if os.Getenv("YILIAN_BIN") != "" {
		return nil
	}
	cmd := exec.CommandContext(ctx, "bash", "scripts/setup.sh", "--run")
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Root, p.Output, p.Output
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	return nil
}

// Down stops it. The state directory stays.
func (p *Private) Down(ctx context.Context) error {
	err := p.network(ctx, "down", "--state", p.State)
	if err != nil {
		return fmt.Errorf("stop the private consortium: %w", err)
	}
	return nil
}

func (p *Private) network(ctx context.Context, args ...string) error {
	command := append(NetworkCommand(p.Root), args...)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = p.Root, p.Output, p.Output
	cmd.WaitDelay = 10 * time.Second
	return cmd.Run()
}

// freeOffset finds an offset at which every port of the topology is free. It stays below the ports that the kernel
// gives to outgoing connections.
func freeOffset(file string) (int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read topology: %w", err)
	}
	for offset := 2000 + os.Getpid()%500*40; offset < 23000; offset += 120 {
		t, err := topology.Parse(text, offset)
		if err != nil {
			return 0, err
		}
		if allFree(t) {
			return offset, nil
		}
	}
	return 0, errors.New("find free ports: none")
}

func allFree(t *topology.Topology) bool {
	for port := range t.PortNames() {
		l, err := net.Listen("tcp", topology.Address(port))
		if err != nil {
			return false
		}
		_ = l.Close() // it was only to see whether it could be opened
	}
	return true
}

// Process is one process of the consortium, as its status file tells.
type Process struct {
	Name     string `json:"name"`
	PID      int    `json:"pid"`
	State    string `json:"state"`
	Restarts int    `json:"restarts"`
}

// Processes reads the consortium's status file.
func (c *Consortium) Processes() ([]Process, error) {
	data, err := os.ReadFile(topology.State(c.State).Status())
	if err != nil {
		return nil, fmt.Errorf("read status: %w", err)
	}
	var status struct {
		Processes []Process `json:"processes"`
	}
	if err := json.Unmarshal(data, &status); err != nil {
		return nil, fmt.Errorf("read status: %w", err)
	}
	return status.Processes, nil
}
