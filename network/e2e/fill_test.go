package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"

	"yilian.example/exchange/consortium"
)

// rfc6962Leaf hashes a leaf with the code of another project.
func rfc6962Leaf(entry []byte) []byte { return rfc6962.DefaultHasher.HashLeaf(entry) }

// fill puts a few entries into the log of every member and waits until they are witnessed. Directory data will do: it
// is about nobody.
func fill(t *testing.T) {
	t.Helper()
	for _, org := range under.Orgs() {
		ctx := within(t, time.Minute)
		system := as(t, org, consortium.RoleSystem, "")
		for i := range 3 {
			_, err := system.Create(
				ctx,
				"Organization",
				fmt.Appendf(nil, `{"resourceType":"Organization","name":"Ward %d of a test"}`, i),
			)
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := system.WaitWitnessed(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
