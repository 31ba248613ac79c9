package web

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

func TestEveryPhraseIsInBothLanguages(t *testing.T) {
	verbs := regexp.MustCompile(`%[a-z]`)
	for key, phrase := range translations {
		if strings.TrimSpace(phrase.zh) == "" || strings.TrimSpace(phrase.en) == "" {
			t.Errorf("%s: a language is missing", key)
		}
		han := func(s string) bool {
			return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
		}
		if han(phrase.en) {
			t.Errorf("%s: Chinese in the English text %q", key, phrase.en)
		}
		if !han(phrase.zh) && key != "list.separator" {
			t.Errorf("%s: no Chinese in %q", key, phrase.zh)
		}
		if zh, en := verbs.FindAllString(phrase.zh, -1), verbs.FindAllString(phrase.en, -1); strings.Join(
			zh, "",
		) != strings.Join(
			en,
			"",
		) {
			t.Errorf("%s: the languages take different arguments: %v and %v", key, zh, en)
		}
	}
}

func TestNoPhraseIsDefinedTwice(t *testing.T) {
	tables := []map[string]text{
		textCommon,
		textCodes,
		textErrors,
		textReasons,
		textPatient,
		textStaff,
		textAudit,
		textAbout,
	}
	n := 0
	for _, table := range tables {
		n += len(table)
	}
	if n != len(translations) {
		t.Errorf("%d phrases in the tables, %d in all: one hides another", n, len(translations))
	}
}

// TestTemplatesUseKnownPhrases looks at the templates' source, since a phrase may stand on a branch that no page of the
// tests takes.
func TestTemplatesUseKnownPhrases(t *testing.T) {
	literal := regexp.MustCompile(`\bt "([^"]+)"`)
	built := regexp.MustCompile(`\bt \(printf? "([^"%]+)`)
	err := fs.WalkDir(templateFiles, "templates", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		source, err := templateFiles.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range literal.FindAllStringSubmatch(string(source), -1) {
			if !hasText(m[1]) {
				t.Errorf("%s: %q has no text", path, m[1])
			}
		}
		for _, m := range built.FindAllStringSubmatch(string(source), -1) {
			if !hasPrefix(m[1]) {
				t.Errorf("%s: no text begins with %q", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func hasPrefix(prefix string) bool {
	for key := range translations {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// TestCodesHaveWords holds the texts against every code that can reach a page from elsewhere.
func TestCodesHaveWords(t *testing.T) {
	need := func(key string) {
		if !hasText(key) {
			t.Errorf("%q has no text", key)
		}
	}
	for _, r := range consortium.Roles() {
		need("role." + string(r))
	}
	for _, p := range consortium.Purposes() {
		need("purpose." + string(p))
	}
	for _, k := range consortium.PatientKinds() {
		need("kind." + string(k))
	}
	for _, a := range consortium.Actions() {
		need("access.action." + string(a))
	}
	for _, s := range []consent.State{consent.Pending, consent.Refused, consent.Withdrawn} {
		need("consents.state." + string(s))
	}
	for kind := fault.Internal; kind <= fault.TooMany; kind++ {
		for _, part := range []string{"title", "kind", "next"} {
			need("error." + part + "." + kindName(kind))
		}
	}
	for _, problem := range []string{"UNREACHABLE", "UNREGISTERED", "DISAGREES", "BEHIND", "UNKNOWN"} {
		need("audit.problem." + problem)
	}
	for paths := range navigation {
		for _, n := range navigation[paths] {
			need("nav." + n)
		}
	}
}

// TestReasonsHaveWords reads the policy's own catalogue: a reason that is added there needs words here.
func TestReasonsHaveWords(t *testing.T) {
	source, err := os.ReadFile("../../../consent/policy/lib/catalogue.rego")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`(?m)^\s*"([A-Z][A-Z_]{5,})":|"code": "([A-Z_]+)"`).
		FindAllStringSubmatch(string(source), -1)
	if len(codes) < 20 {
		t.Fatalf("found only %d codes in the catalogue: its shape has changed", len(codes))
	}
	for _, m := range codes {
		if code := m[1] + m[2]; !hasText("reason." + code) {
			t.Errorf("the policy's reason %s has no words", code)
		}
	}
}
