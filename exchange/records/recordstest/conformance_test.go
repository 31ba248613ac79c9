package recordstest

import "testing"

func TestStore(t *testing.T) {
	Conformance(t, func(*testing.T) Backend { return NewStore() })
}

func TestKeys(t *testing.T) {
	KeysConformance(t, func(*testing.T) KeyBackend { return NewKeys() })
}
