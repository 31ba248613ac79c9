package auditor

import (
	"testing"

	"yilian.example/gateway/internal/web/webtest"
)

func TestTextsAreComplete(t *testing.T) { webtest.CheckTexts(t, templates, texts) }

func TestNoPhraseIsDefinedTwice(t *testing.T) {
	for key := range textDatabase {
		if _, ok := textAudit[key]; ok {
			t.Errorf("%s stands in two tables: one hides the other", key)
		}
	}
}
