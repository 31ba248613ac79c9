package auditor

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

const adapter = "../../cockroach"

// TestProblemsHaveWords holds the texts against what can be wrong with a log.
func TestProblemsHaveWords(t *testing.T) {
	for _, problem := range []string{"UNREACHABLE", "UNREGISTERED", "DISAGREES", "BEHIND", "UNKNOWN"} {
		if _, ok := texts["audit.problem."+problem]; !ok {
			t.Errorf("%s has no words", problem)
		}
	}
}

// TestAlarmsHaveWords finds the codes that the adapter raises alarms with, and the tables that it can name, in its
// source, which these pages may not import.
func TestAlarmsHaveWords(t *testing.T) {
	constants := map[string]string{}
	raised := map[string]bool{}
	for _, source := range sources(t) {
		for _, m := range regexp.MustCompile(`(Code\w+)\s+fault\.Code = "(\w+)"`).FindAllStringSubmatch(source, -1) {
			constants[m[1]] = m[2]
		}
		for _, m := range regexp.MustCompile(`(?:alarm|refuse)\(.*\b(Code\w+)\)`).FindAllStringSubmatch(source, -1) {
			raised[m[1]] = true
		}
	}
	codes := map[string]bool{"LEAF_MISSING": true, "ROW_MISSING": true} // which only statements raise
	for name := range raised {
		codes[constants[name]] = true
	}
	if len(codes) < 9 || codes[""] {
		t.Errorf("found only %v: are alarms raised in another way?", slices.Sorted(maps.Keys(codes)))
	}
	for code := range codes {
		if _, ok := texts["integrity.code."+code]; !ok {
			t.Errorf("%s has no words", code)
		}
	}
}

func TestTablesHaveWords(t *testing.T) {
	schema, err := os.ReadFile("../../../../docs/schema.sql")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`CREATE TABLE (\w+)`).FindAllStringSubmatch(string(schema), -1)
	if len(found) < 20 {
		t.Fatalf("found only %d tables", len(found))
	}
	for _, m := range append(found, []string{"", "schema"}) {
		if _, ok := texts["integrity.table."+m[1]]; !ok {
			t.Errorf("the table %s has no words", m[1])
		}
	}
}

func sources(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(adapter + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no source in %s: %v", adapter, err)
	}
	var out []string
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(source))
	}
	return out
}
