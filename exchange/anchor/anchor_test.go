package anchor_test

import (
	"testing"

	"yilian.example/exchange/anchor/anchortest"
)

func TestMemoryStore(t *testing.T) {
	anchortest.Conformance(t, func(*testing.T) anchortest.Backend { return anchortest.NewStore() })
}
