package topology

import "path/filepath"

// State is the directory that holds all that a running consortium keeps: keys, ledgers, the database, logs and process
// ids.
type State string

// Path joins names below the directory.
func (s State) Path(names ...string) string {
	return filepath.Join(append([]string{string(s)}, names...)...)
}

// Org is the directory of one member's keys and configuration.
func (s State) Org(id string, names ...string) string {
	return s.Path(append([]string{"orgs", id}, names...)...)
}

// GatewayConfig is the configuration file of a member's gateway.
func (s State) GatewayConfig(id string) string { return s.Org(id, "gateway.yaml") }

// Log is the log file of a process.
func (s State) Log(process string) string { return s.Path("log", process+".log") }

// Status is the file in which the supervisor says what it runs.
func (s State) Status() string { return s.Path("run", "status.json") }

// Genesis is the channel's first block.
func (s State) Genesis() string { return s.Path("channel", "genesis.block") }
