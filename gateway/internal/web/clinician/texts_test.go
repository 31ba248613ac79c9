package clinician

import (
	"testing"

	"yilian.example/gateway/internal/web/webtest"
)

func TestTextsAreComplete(t *testing.T) { webtest.CheckTexts(t, templates, texts) }
