package site_test

import (
	"testing"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/view"
	"yilian.example/gateway/internal/web/webtest"
)

func TestEveryPhraseIsInBothLanguages(t *testing.T) {
	webtest.CheckPhrases(t, site.Shared())
	for audience, entries := range site.NavigationEntries() {
		for _, e := range entries {
			webtest.CheckPhrases(t, site.Texts{audience: e})
		}
	}
}

func TestNoPhraseIsDefinedTwice(t *testing.T) {
	for _, key := range site.Doubled {
		t.Errorf("%s stands in two tables: one hides the other", key)
	}
}

func TestTemplatesUseKnownPhrases(t *testing.T) {
	webtest.CheckTemplates(t, site.Templates, site.Shared())
	webtest.CheckTemplates(t, view.Components, site.Shared())
}

// TestCodesHaveWords holds the texts against every code that can reach a page from elsewhere.
func TestCodesHaveWords(t *testing.T) {
	texts := site.Shared()
	need := func(key string) {
		if _, ok := texts[key]; !ok {
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
	for kind := fault.Internal; kind <= fault.TooMany; kind++ {
		for _, part := range []string{"title", "kind", "next"} {
			need("error." + part + "." + site.KindName(kind))
		}
	}
}
