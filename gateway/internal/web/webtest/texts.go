// Package webtest is what the tests of the pages share.
package webtest

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"yilian.example/gateway/internal/web/site"
)

// CheckTexts holds an audience's texts to both languages, and its templates to the texts that they can reach. It reads
// the templates' source, since a phrase may stand on a branch that no page of the tests takes.
func CheckTexts(t *testing.T, templates fs.FS, texts site.Texts) {
	t.Helper()
	CheckPhrases(t, texts)
	all := site.Shared()
	for key := range texts {
		if _, hidden := all[key]; hidden {
			t.Errorf("%s hides a shared text", key)
		}
	}
	maps.Copy(all, texts)
	CheckTemplates(t, templates, all)
}

// CheckPhrases holds each phrase to both languages.
func CheckPhrases(t *testing.T, texts site.Texts) {
	t.Helper()
	verbs := regexp.MustCompile(`%[a-z]`)
	han := func(s string) bool {
		return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	}
	for key, phrase := range texts {
		zh, en := phrase[0], phrase[1]
		if strings.TrimSpace(zh) == "" || strings.TrimSpace(en) == "" {
			t.Errorf("%s: a language is missing", key)
		}
		if han(en) {
			t.Errorf("%s: Chinese in the English text %q", key, en)
		}
		if !han(zh) && !strings.HasSuffix(key, ".separator") {
			t.Errorf("%s: no Chinese in %q", key, zh)
		}
		if inZH, inEN := verbs.FindAllString(zh, -1), verbs.FindAllString(en, -1); !slices.Equal(inZH, inEN) {
			t.Errorf("%s: the languages take different arguments: %v and %v", key, inZH, inEN)
		}
	}
}

// CheckTemplates finds the phrases that templates name and texts do not have.
func CheckTemplates(t *testing.T, templates fs.FS, texts site.Texts) {
	t.Helper()
	literal := regexp.MustCompile(`\bt "([^"]+)"`)
	built := regexp.MustCompile(`\bt \(printf? "([^"%]+)`)
	seen := 0
	err := fs.WalkDir(templates, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		seen++
		source, err := fs.ReadFile(templates, path)
		if err != nil {
			return err
		}
		for _, m := range literal.FindAllStringSubmatch(string(source), -1) {
			if _, ok := texts[m[1]]; !ok {
				t.Errorf("%s: %q has no text", path, m[1])
			}
		}
		for _, m := range built.FindAllStringSubmatch(string(source), -1) {
			if !hasPrefix(texts, m[1]) {
				t.Errorf("%s: no text begins with %q", path, m[1])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen == 0 {
		t.Error("there are no templates: were they moved?")
	}
}

func hasPrefix(texts site.Texts, prefix string) bool {
	for key := range texts {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}
