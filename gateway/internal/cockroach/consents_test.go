package cockroach_test

import (
	"testing"

	"yilian.example/consent/consenttest"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// TestConsents holds the SQL store to the suite. Each case has a database of its own: one that was emptied by hand is
// one that somebody tampered with.
func TestConsents(t *testing.T) {
	consenttest.RunStore(t, func(t *testing.T) consenttest.Store { return cockroach.NewConsents(cockroachtest.New(t)) })
}
