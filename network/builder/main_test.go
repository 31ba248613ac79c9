package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDetect(t *testing.T) {
	tests := []struct {
		name, metadata string
		ok             bool
	}{
		{"ours", `{"type":"ccaas","label":"yilian_1"}`, true},
		{"Go source", `{"type":"golang"}`, false},
		{"no type", `{}`, false},
		{"not JSON", `ccaas`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			err := os.WriteFile(filepath.Join(dir, "metadata.json"), []byte(tt.metadata), 0o600)
			if err != nil {
				t.Fatal(err)
			}
			err = run("detect", []string{"source", dir})
			if (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
	if run("detect", []string{"source", t.TempDir()}) == nil {
		t.Error("a package without metadata is claimed")
	}
}

func TestBuildAndRelease(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "peer.json")
	want := `{"address":"127.0.0.1:9111"}`
	err := os.WriteFile(file, []byte(want), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	output, release := filepath.Join(dir, "output"), filepath.Join(dir, "release")
	t.Setenv(connectionVariable, file)
	err = run("build", []string{"source", "metadata", output})
	if err != nil {
		t.Fatal(err)
	}
	err = run("release", []string{output, release})
	if err != nil {
		t.Fatal(err)
	}
	// Where the peer looks for it.
	got, err := os.ReadFile(filepath.Join(release, "chaincode", "server", "connection.json"))
	if err != nil || string(got) != want {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestBuildWithoutConnection(t *testing.T) {
	t.Setenv(connectionVariable, "")
	if run("build", []string{"source", "metadata", t.TempDir()}) == nil {
		t.Error("builds without knowing where the chaincode is")
	}
}

func TestUnknownCalls(t *testing.T) {
	for _, call := range [][]string{
		{"builder"}, {"detect", "one"}, {"build", "one", "two"}, {"release"}, {"run", "a", "b"},
	} {
		if run(call[0], call[1:]) == nil {
			t.Errorf("%v is accepted", call)
		}
	}
}
