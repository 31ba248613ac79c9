package releasetest

import "testing"

func TestStore(t *testing.T) {
	Conformance(t, func(*testing.T) Backend { return NewStore() })
}
