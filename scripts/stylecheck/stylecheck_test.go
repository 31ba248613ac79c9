// Package stylecheck keeps the part of the house style that a program can see: how long lines and how complex functions
// may be, how logs and error codes are written, what comments say. What is not yet as it should be stands in
// allowed.txt, a list that may only get shorter: a rule that everybody breaks somewhere is a rule that nobody keeps.
package stylecheck

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// shrink takes out of allowed.txt what is no longer needed. Nothing puts an entry in.
var shrink = flag.Bool("shrink", false, "shorten allowed.txt to what is still needed")

const (
	root        = "../.."
	allowedFile = "allowed.txt"
)

// file is one Go file of the repository that people write.
type file struct {
	path  string // from the root, with slashes
	text  []string
	tree  *ast.File
	set   *token.FileSet
	tests bool
}

func (f file) dir() string { return filepath.ToSlash(filepath.Dir(f.path)) }

func (f file) line(p token.Pos) int { return f.set.Position(p).Line }

// finding is one place that breaks a rule. Findings are counted by where.
type finding struct {
	where string // file or package, as the rule counts
	at    string // file:line, what is wrong
}

// rule looks at one file.
type rule struct {
	name string
	find func(file) []finding
}

func rules() []rule {
	return []rule{
		{"line", longLines},
		{"log", logging},
		{"print", printing},
		{"code", literalCodes},
		{"doc", undocumented},
		{"gives", gives},
	}
}

func TestStyle(t *testing.T) {
	files := read(t)
	found := map[string][]finding{}
	for _, r := range rules() {
		for _, f := range files {
			for _, hit := range r.find(f) {
				found[r.name+" "+hit.where] = append(found[r.name+" "+hit.where], hit)
			}
		}
	}
	for _, hit := range complexities(t) {
		found["complexity "+hit.where] = append(found["complexity "+hit.where], hit)
	}
	compare(t, found)
}

// compare wants no more findings than are allowed, and no fewer: an entry that is not needed invites new ones.
func compare(t *testing.T, found map[string][]finding) {
	t.Helper()
	allowed := readAllowed(t)
	for key, hits := range found {
		if len(hits) <= allowed[key] {
			continue
		}
		t.Errorf("%s: %d, allowed are %d:", key, len(hits), allowed[key])
		for _, hit := range hits {
			t.Errorf("\t%s", hit.at)
		}
	}
	for key, n := range allowed {
		now := len(found[key])
		if now < n && !*shrink {
			t.Errorf("%s: %d are allowed and %d are there: go test ./scripts/stylecheck -shrink", key, n, now)
		}
		allowed[key] = min(n, now)
	}
	if *shrink {
		writeAllowed(t, allowed)
	}
}

// read parses all files that people write and that git knows.
func read(t *testing.T) []file {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "*.go")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list files: %v", err)
	}
	var files []file
	for _, path := range strings.Fields(string(out)) {
		text, err := os.ReadFile(filepath.Join(root, path))
		if os.IsNotExist(err) {
			continue // removed, and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		f := file{
			path: path, text: strings.Split(string(text), "\n"), set: token.NewFileSet(),
			tests: strings.HasSuffix(path, "_test.go"),
		}
		f.tree, err = parser.ParseFile(f.set, path, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if !ast.IsGenerated(f.tree) {
			files = append(files, f)
		}
	}
	if len(files) < 100 {
		t.Fatalf("only %d files found", len(files))
	}
	return files
}

func readAllowed(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile(allowedFile)
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string]int{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		n, err := strconv.Atoi(fields[len(fields)-1])
		if err != nil || len(fields) != 3 {
			t.Fatalf("%s: wanted: rule, place, number: %q", allowedFile, line)
		}
		allowed[fields[0]+" "+fields[1]] = n
	}
	return allowed
}

func writeAllowed(t *testing.T, allowed map[string]int) {
	t.Helper()
	var lines []string
	for key, n := range allowed {
		if n > 0 {
			lines = append(lines, fmt.Sprintf("%s %d", key, n))
		}
	}
	slices.Sort(lines)
	text := "# What still breaks a rule of scripts/stylecheck: rule, place, how often. Only ever made shorter:\n" +
		"# go test ./scripts/stylecheck -shrink\n" + strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(allowedFile, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
