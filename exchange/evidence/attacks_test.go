package evidence_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yilian.example/exchange/evidence"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// attackFiles finds the files that an attack on a running consortium left. They are not part of the project.
func attackFiles(t *testing.T) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, up := range []string{"../../..", "../../../.."} {
		paths, err := filepath.Glob(filepath.Join(up, "shared", "data", "found", "attacks", "*.evidence.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files[strings.TrimSuffix(filepath.Base(path), ".evidence.json")] = data
		}
	}
	if len(files) == 0 {
		t.Skip(
			"SKIPPED: THE ATTACK'S FILES ARE NOT BESIDE THE CHECKOUT (shared/data/found/attacks): NOTHING OF THEM WAS CHECKED",
		)
	}
	return files
}

// The files of the attack are of the first version, and are refused as such, in a sentence that says what to do.
func TestAttackFilesAreRefused(t *testing.T) {
	for name, data := range attackFiles(t) {
		_, err := evidence.Verify(data, nil, options())
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.Of(err).Public, "ask the organisation for a new file") &&
			!strings.Contains(fault.Of(err).Public, "malformed") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Rewritten in the present format, as an attacker would, they fail in the steps that are about them. No root of that
// consortium was kept, so the members' signatures count for nothing here; what is looked at are the other steps. The
// one with a key twice has it only once when it is rewritten, and then shows no more than what was logged.
func TestAttackFilesRewrittenFail(t *testing.T) {
	files := attackFiles(t)
	for name, want := range map[string]string{
		"shadow": evidence.StepCheckpoint, "differential": "", "good": "", "forged": "",
	} {
		var old struct {
			Statement                  json.RawMessage
			Content, Salt, Attestation []byte
			Leaf, Proof, Key           string
		}
		if err := json.Unmarshal(files[name], &old); err != nil {
			t.Fatal(err)
		}
		statement, err := tlog.Canonical(old.Statement)
		if err != nil {
			t.Fatal(err)
		}
		r, err := evidence.Verify(marshal(t, evidence.File{
			Type: evidence.Type, Version: evidence.Version, Statement: string(statement), Content: old.Content, Salt: old.Salt,
			Leaf: old.Leaf, Proof: old.Proof, Key: old.Key, Attestation: attestation(t, old.Attestation),
		}), nil, options())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if r.OK || want != "" && !slices.Contains(failed(r), want) ||
			want == "" && !slices.Equal(failed(r), []string{evidence.StepEndorsements}) {
			t.Errorf("%s: failed steps %v, want %s", name, failed(r), want)
		}
	}
}
