// Command builder is Fabric's external builder for chaincode that runs as a service of its own: three programs in one,
// told apart by the name under which it is called (detect, build, release). A package holds no code, only the wish to
// be reached; where and with which certificate is in the file that YILIAN_CHAINCODE_CONNECTION names, so that one
// package serves every member's peer.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// connectionVariable names the file with this peer's connection.json; core.yaml lets it through.
const connectionVariable = "YILIAN_CHAINCODE_CONNECTION"

func main() {
	err := run(filepath.Base(os.Args[0]), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaincode builder:", err)
		os.Exit(1)
	}
}

// run answers Fabric: detect SOURCE METADATA, build SOURCE METADATA OUTPUT, release OUTPUT RELEASE.
func run(name string, args []string) error {
	switch {
	case name == "detect" && len(args) == 2:
		return detect(args[1])
	case name == "build" && len(args) == 3:
		return copyConnection(os.Getenv(connectionVariable), args[2])
	case name == "release" && len(args) == 2:
		return copyConnection(filepath.Join(args[0], "connection.json"), filepath.Join(args[1], "chaincode", "server"))
	}
	return fmt.Errorf("call it as detect, build or release with Fabric's arguments, not as %s with %d", name, len(args))
}

// detect claims packages of type ccaas.
func detect(metadata string) error {
	content, err := os.ReadFile(filepath.Join(metadata, "metadata.json"))
	if err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	var m struct {
		Type string `json:"type"`
	}
	err = json.Unmarshal(content, &m)
	if err != nil {
		return fmt.Errorf("parse metadata: %w", err)
	}
	if m.Type != "ccaas" {
		return fmt.Errorf("type %q is not ccaas", m.Type)
	}
	return nil
}

func copyConnection(from, dir string) error {
	if from == "" {
		return errors.New(connectionVariable + " is not set")
	}
	content, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("read connection: %w", err)
	}
	err = os.MkdirAll(dir, 0o700)
	if err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	err = os.WriteFile(filepath.Join(dir, "connection.json"), content, 0o600)
	if err != nil {
		return fmt.Errorf("write connection: %w", err)
	}
	return nil
}
