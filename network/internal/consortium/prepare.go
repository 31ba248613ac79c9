package consortium

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"yilian.example/network/internal/durable"
	"yilian.example/network/internal/fabric"
	"yilian.example/network/topology"
)

// marker says that keys and genesis block are complete, and for which consortium they were made.
type marker struct {
	Fingerprint string    `json:"fingerprint"`
	Offset      int       `json:"port_offset"`
	Made        time.Time `json:"made"`
}

// ErrDamaged is the error of a state directory of which nobody can say for which consortium it was made.
var ErrDamaged = errors.New("read state")

// checkPorts finds out who is in the way before anything is started.
func (c *Consortium) checkPorts() error {
	var faults []error
	for port, name := range c.Topology.PortNames() {
		if name == "database" && c.DatabaseURL != "" {
			continue
		}
		listener, err := net.Listen("tcp", topology.Address(port))
		if err != nil {
			faults = append(faults, fmt.Errorf("port %d (%s)%s: %w", port, name, holder(port), err))
			continue
		}
		err = listener.Close()
		if err != nil {
			faults = append(faults, fmt.Errorf("port %d (%s): %w", port, name, err))
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf(
			"check ports (--port-offset chooses others; kill ends what a removed state directory left running): %w",
			errors.Join(faults...),
		)
	}
	return nil
}

// prepare makes keys, genesis block and the nodes' configuration files. Keys and the block are made once; the rest is
// rendered each time, so that a new program or a moved directory finds its configuration.
func (c *Consortium) prepare(ctx context.Context) error {
	made, err := c.made()
	if err != nil {
		return err
	}
	if !made && started(c.State) {
		return fmt.Errorf("%s is missing, but there are ledgers below %s: put it back from a backup, or, if all data of "+
			"this consortium may go, type network clean --state '%s'", markerPath(c.State), c.State.Path("orgs"), c.State)
	}
	if !made {
		err = c.makeKeys()
		if err != nil {
			return err
		}
	}
	err = c.checkCertificates()
	if err != nil {
		return err
	}
	err = fabric.RenderNodes(c.State, c.Topology, filepath.Join(c.Bin, "chaincode-builder"))
	if err != nil {
		return err
	}
	err = c.copyRoots()
	if err != nil {
		return err
	}
	if made {
		return nil
	}
	err = fabric.MakeGenesis(ctx, c.State, c.Topology, c.Bin)
	if err != nil {
		return err
	}
	return c.mark()
}

// makeKeys makes all keys anew: without the marker nothing was ever started on those that lie here.
func (c *Consortium) makeKeys() error {
	for _, dir := range []string{c.State.Path("orgs"), c.State.Path("channel")} {
		err := os.RemoveAll(dir)
		if err != nil {
			return fmt.Errorf("remove unfinished keys: %w", err)
		}
	}
	err := fabric.MakeIdentities(c.State, c.Topology, c.Now)
	if err != nil {
		return err
	}
	return c.makeIndexKey()
}

// copyRoots puts the members' root certificates into one directory, <org>.pem each, and the consortium's domain, as an
// auditor gets them for exchange/evidence/verify.
func (c *Consortium) copyRoots() error {
	err := os.MkdirAll(c.State.Path("roots"), 0o755)
	if err != nil {
		return fmt.Errorf("make directory of roots: %w", err)
	}
	for _, m := range c.Topology.Members {
		root, err := os.ReadFile(c.State.Org(m.ID, "ca", "ca.crt"))
		if err != nil {
			return fmt.Errorf("copy root of %s: %w", m.ID, err)
		}
		err = durable.Replace(c.State.Path("roots", m.ID+".pem"), root, 0o644)
		if err != nil {
			return fmt.Errorf("copy root of %s: %w", m.ID, err)
		}
	}
	err = durable.Replace(c.State.Path("roots", "domain"), []byte(c.Topology.Domain+"\n"), 0o644)
	if err != nil {
		return fmt.Errorf("write domain beside the roots: %w", err)
	}
	return nil
}

func markerPath(state topology.State) string { return state.Path("consortium.json") }

// readMarker reads the marker; it is empty when there is none.
func readMarker(state topology.State) (marker, error) {
	content, err := os.ReadFile(markerPath(state))
	if errors.Is(err, fs.ErrNotExist) {
		return marker{}, nil
	}
	if err != nil {
		return marker{}, fmt.Errorf("read marker: %w", err)
	}
	var m marker
	err = json.Unmarshal(content, &m)
	if err == nil {
		return m, nil
	}
	if !started(state) {
		return marker{}, nil
	}
	return marker{}, fmt.Errorf("%w: %s is damaged, as a power cut can leave it: put it back from a backup, or, if all "+
		"data of this consortium may go, type network clean --state '%s': %w", ErrDamaged, markerPath(state), state, err)
}

// started reports whether any node ever ran on the keys in a state directory.
func started(state topology.State) bool {
	for _, node := range []string{"peer", "orderer"} {
		found, err := filepath.Glob(escape(state.Path("orgs")) + "/*/" + node + "/data")
		if err != nil || len(found) > 0 {
			return true
		}
	}
	return false
}

// escape takes their meaning from the characters of a path that filepath.Glob would expand.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// RecordedOffset is the port offset with which a state directory was made, or otherwise when it was not made yet.
func RecordedOffset(state topology.State, otherwise int) (int, error) {
	m, err := readMarker(state)
	if err != nil || m.Fingerprint == "" {
		return otherwise, err
	}
	return m.Offset, nil
}

// made reports whether keys and genesis block are there. It is an error when they were made for another consortium.
func (c *Consortium) made() (bool, error) {
	m, err := readMarker(c.State)
	if err != nil || m.Fingerprint == "" {
		return false, err
	}
	want, err := c.fingerprint()
	if err != nil {
		return false, err
	}
	if m.Fingerprint != want {
		return false, fmt.Errorf(
			"%s was made for another topology or other ports: take those, or remove it with clean", c.State,
		)
	}
	return true, nil
}

func (c *Consortium) mark() error {
	fingerprint, err := c.fingerprint()
	if err != nil {
		return err
	}
	content, err := json.Marshal(marker{Fingerprint: fingerprint, Offset: c.Offset, Made: c.Now().UTC()})
	if err != nil {
		return fmt.Errorf("encode marker: %w", err)
	}
	return durable.WriteFile(markerPath(c.State), content)
}

// fingerprint is of all that keys and genesis block depend on; names for people may change.
func (c *Consortium) fingerprint() (string, error) {
	t := *c.Topology
	t.Members = nil
	for _, m := range c.Topology.Members {
		m.NameZH, m.NameEN, m.Kind = "", "", ""
		t.Members = append(t.Members, m)
	}
	content, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("encode topology: %w", err)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), nil
}

// makeIndexKey makes the key that derives patient references: the same at all members.
func (c *Consortium) makeIndexKey() error {
	key := make([]byte, 32)
	_, err := rand.Read(key)
	if err != nil {
		return fmt.Errorf("generate index key: %w", err)
	}
	for _, m := range c.Topology.Members {
		err = durable.WriteFile(c.State.Org(m.ID, "gateway", "index.hex"), []byte(hex.EncodeToString(key)+"\n"))
		if err != nil {
			return err
		}
	}
	return nil
}
