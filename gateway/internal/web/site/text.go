package site

import (
	"fmt"
	"maps"

	"yilian.example/gateway/internal/web/view"
)

// Texts are phrases by key: Chinese, then English. They are plain Go, so that a missing comma is a compile error; tests
// hold the keys that templates use against them. Where a phrase takes arguments both languages have the same verbs in
// the same order, or numbered ones.
type Texts = map[string][2]string

// shared are the texts that every audience's pages have beside their own.
var shared, doubled = merge(
	textCommon, textCodes, textReasons, textAbout, view.Texts,
	textErrors, textErrorsAccess, textErrorsRecords, textErrorsConsent, textErrorsExchange, textErrorsSystem,
)

// merge puts tables into one, and returns the keys that stand in more than one of them.
func merge(tables ...Texts) (Texts, []string) {
	all := Texts{}
	var twice []string
	for _, t := range tables {
		for key := range t {
			if _, ok := all[key]; ok {
				twice = append(twice, key)
			}
		}
		maps.Copy(all, t)
	}
	return all, twice
}

// Shared returns the texts that every audience's pages have beside their own.
func Shared() Texts { return maps.Clone(shared) }

// phrase picks a language.
func phrase(t [2]string, lang Lang) string {
	if lang == English {
		return t[1]
	}
	return t[0]
}

// Text returns a phrase; arguments are filled in as fmt does. A key without a text shows as itself: tests keep that
// from happening.
func (p *Pages) Text(lang Lang, key string, args ...any) string {
	t, ok := p.texts[key]
	if !ok {
		return key
	}
	if len(args) > 0 {
		return fmt.Sprintf(phrase(t, lang), args...)
	}
	return phrase(t, lang)
}

// HasText reports whether there is a phrase for key.
func (p *Pages) HasText(key string) bool {
	_, ok := p.texts[key]
	return ok
}
