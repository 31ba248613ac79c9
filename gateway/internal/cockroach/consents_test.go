package cockroach_test

import (
	"testing"

	"yilian.example/consent/consenttest"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

func TestConsents(t *testing.T) {
	consenttest.RunStore(t, func(t *testing.T) consenttest.Store { return cockroach.NewConsents(cockroachtest.New(t)) })
}
