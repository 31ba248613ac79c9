package release_test

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/release"
)

func (m *memory) forgetting(org consortium.OrgID) *release.Forgetting {
	return &release.Forgetting{
		Org: org, Store: m.Store, Sealer: m, Fresh: time.Minute, Logger: slog.New(slog.DiscardHandler),
	}
}

// TestCopyIsForgottenWhenItIsOver receives a record and lets its time pass: the content goes, and what opens the
// receipt in the log stays.
func TestCopyIsForgottenWhenItIsOver(t *testing.T) {
	p := newPair(always(true))
	res, err := p.ask()
	if err != nil {
		t.Fatal(err)
	}
	before := p.askerMem.received()[0]
	forgetting := p.askerMem.forgetting("qingshan")
	for _, c := range []struct {
		at   time.Time
		want int64
	}{{res.Expires.Add(-time.Second), 0}, {res.Expires, 1}, {res.Expires.AddDate(1, 0, 0), 0}} {
		if done, err := forgetting.Once(t.Context(), c.at); err != nil || done.Copies != c.want {
			t.Errorf("at %s: %+v, %v; want %d", c.at, done, err, c.want)
		}
	}
	after := p.askerMem.received()[0]
	if after.Actor != "" || bytes.Contains(after.Sealed, []byte("valueQuantity")) ||
		len(after.Sealed) >= len(before.Sealed)/2 {
		t.Errorf("%d bytes of %d are left, for %q", len(after.Sealed), len(before.Sealed), after.Actor)
	}
	opening, err := p.askerMem.Open(
		t.Context(), patient, logbook.Place("yilian/receipt/v1", "qingshan", res.ID), after.Sealed,
	)
	if err != nil || !bytes.Contains(opening, []byte(res.ID)) {
		t.Errorf("what opens the receipt is %s, %v", opening, err)
	}
	if _, err := p.asker.Show(t.Context(), doctor, res.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("shown again: %v", err)
	}
}

// TestCopyThatDoesNotOpenKeepsNoOther damages one of two.
func TestCopyThatDoesNotOpenKeepsNoOther(t *testing.T) {
	p := newPair(always(true))
	for range 2 {
		if _, err := p.ask(); err != nil {
			t.Fatal(err)
		}
	}
	p.askerMem.received()[0].Sealed[0] ^= 1
	done, err := p.askerMem.forgetting("qingshan").Once(t.Context(), at.Add(time.Hour))
	if err != nil || done.Copies != 1 {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestForgottenRequestIsRefusedForItsTime replays a request as soon as its id is let go of.
func TestForgottenRequestIsRefusedForItsTime(t *testing.T) {
	p := newPair(always(true))
	if _, err := p.ask(); err != nil {
		t.Fatal(err)
	}
	now, forgetting := at, p.holdMem.forgetting("donghu")
	p.holder.Now = func() time.Time { return now }
	for ; p.holdMem.Reserved("donghu") > 0; now = now.Add(30 * time.Second) {
		_, err := p.holder.Answer(t.Context(), "qingshan", p.sent)
		if code := fault.Of(err).Code; code != release.CodeReplayed && code != release.CodeStale {
			t.Fatalf("replayed at %s: %v", now, err)
		}
		if _, err := forgetting.Once(t.Context(), now); err != nil || now.After(at.AddDate(0, 0, 3)) {
			t.Fatalf("at %s: %v", now, err)
		}
	}
	if _, err := p.holder.Answer(t.Context(), "qingshan", p.sent); fault.Of(err).Code != release.CodeStale {
		t.Errorf("replayed once it is forgotten: %v", err)
	}
	if now.Before(at.Add(24 * time.Hour)) {
		t.Errorf("forgotten at %s already: a clock that is set back would let it in", now)
	}
}
