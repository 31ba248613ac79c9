package fabric_test

import (
	"testing"

	"yilian.example/gateway/internal/fabric/fabrictest"
)

func TestFakePassesConformance(t *testing.T) {
	fabrictest.Run(t, fabrictest.New(t).Clients())
}
