package release_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
)

// TestStaleRequestSaysByHowMuch has a custodian whose clock is three minutes slow, or fast: both sides are told by how
// much the request's time differs, since either may have the wrong clock.
func TestStaleRequestSaysByHowMuch(t *testing.T) {
	for says, off := range map[string]time.Duration{"3m0s behind": 3 * time.Minute, "-3m0s behind": -3 * time.Minute} {
		p := newPair(always(true))
		p.holder.Now = func() time.Time { return at.Add(off) }
		var told []time.Duration
		p.holder.Stale = func(_ context.Context, from consortium.OrgID, behind time.Duration) {
			if from == "qingshan" {
				told = append(told, behind)
			}
		}
		_, err := p.ask()
		if got := fault.Of(err); got.Code != release.CodeStale || !strings.Contains(got.Public, says) {
			t.Errorf("the asker is told %q (%v), want %q", got.Public, err, says)
		}
		if len(told) != 1 || told[0] != off {
			t.Errorf("the custodian's operators are told %v, want %s", told, off)
		}
	}
}
