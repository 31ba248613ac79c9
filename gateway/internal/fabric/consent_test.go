package fabric_test

import (
	"testing"

	"yilian.example/consent/consenttest"
	"yilian.example/gateway/internal/fabric/fabrictest"
)

// TestConsentLedger holds the client and the real contract to what the consent domain relies on, as its own fake is
// held to it.
func TestConsentLedger(t *testing.T) {
	consenttest.RunLedger(t, fabrictest.New(t).Open("donghu"))
}
