// Command network brings up, supervises and takes down a consortium on one machine, for development and trials: Fabric,
// the database, an identity provider and every member's gateway.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"yilian.example/network/internal/consortium"
	"yilian.example/network/topology"
)

//go:embed topology.yaml
var defaultTopology []byte

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	err := command().ExecuteContext(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "network:", err)
		os.Exit(1)
	}
}

// settings are what all subcommands take.
type settings struct {
	state    string
	bin      string
	topology string
	offset   int
}

func command() *cobra.Command {
	var s settings
	root := &cobra.Command{
		Use: "network", Short: "Run a development consortium on this machine", SilenceUsage: true, SilenceErrors: true,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&s.state, "state", ".yilian", "directory of keys, ledgers, database and logs")
	flags.StringVar(&s.bin, "bin", "", "directory of the built programs (default .yilian/bin, or where this program lies)")
	flags.StringVar(&s.topology, "topology", "", "YAML file that describes the consortium (default: the one built in)")
	flags.IntVar(&s.offset, "port-offset", 0, "added to every port of the topology")
	root.AddCommand(upCommand(&s), downCommand(&s), statusCommand(&s), tokenCommand(&s), cleanCommand(&s), idpCommand(&s))
	return root
}

// directory is the state directory, absolute since other programs get it.
func (s *settings) directory() (topology.State, error) {
	dir, err := filepath.Abs(s.state)
	if err != nil {
		return "", fmt.Errorf("find state directory: %w", err)
	}
	return topology.State(dir), nil
}

// load resolves the settings: the state directory and the topology. Without --port-offset the offset is that with which
// the state was made.
func (s *settings) load(cmd *cobra.Command) (topology.State, *topology.Topology, error) {
	state, err := s.directory()
	if err != nil {
		return "", nil, err
	}
	if !cmd.Flags().Changed("port-offset") {
		s.offset, err = consortium.RecordedOffset(state, s.offset)
		if err != nil {
			return "", nil, err
		}
	}
	text := defaultTopology
	if s.topology != "" {
		text, err = os.ReadFile(s.topology)
		if err != nil {
			return "", nil, fmt.Errorf("read topology: %w", err)
		}
	}
	t, err := topology.Parse(text, s.offset)
	if err != nil {
		return "", nil, err
	}
	return state, t, nil
}

// programs is the directory of the built programs.
func (s *settings) programs() (string, error) {
	if s.bin != "" {
		return filepath.Abs(s.bin)
	}
	self, err := os.Executable()
	if err == nil {
		dir := filepath.Dir(self)
		_, err = os.Stat(filepath.Join(dir, "peer"))
		if err == nil {
			return dir, nil
		}
	}
	// Started by `go run`: the programs that scripts/setup.sh built.
	return filepath.Abs(filepath.Join(".yilian", "bin"))
}
