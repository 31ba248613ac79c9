package evidence_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// farLog is a member's public log that may be out of reach.
type farLog struct {
	logPort
	err  error
	read int
}

func (l *farLog) Tiles(ctx context.Context, tiles []tlog.Tile) ([][]byte, error) {
	l.read++
	if l.err != nil {
		return nil, l.err
	}
	return l.logPort.Tiles(ctx, tiles)
}

func newForeign(t *testing.T, s *scene, log *farLog, now time.Time) *evidence.Foreign {
	t.Helper()
	f, err := evidence.NewForeign(evidence.ForeignConfig{
		Log:    func(consortium.OrgID) (evidence.Tiles, string) { return log, origin },
		Ledger: &ledgerPort{t: t, scene: s}, Roots: s.roots, Options: options(), Now: func() time.Time { return now },
		Patience: time.Minute, Late: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestACopyIsProvenOnlyWhereItStands(t *testing.T) {
	s := newScene(t)
	young, old := s.version.Recorded.Add(2*time.Minute), s.version.Recorded.Add(2*time.Hour)
	at := func(i int64) *int64 { return &i }
	other := s.version
	other.Salt[0]++
	for name, c := range map[string]struct {
		copy   evidence.Copy
		now    time.Time
		proven bool
		spoilt bool
	}{
		"where it stands":           {copy: evidence.Copy{Version: s.version, Index: &s.index}, now: young, proven: true},
		"where it stands, when old": {copy: evidence.Copy{Version: s.version, Index: &s.index}, now: old, proven: true},
		"one place on": {
			copy:   evidence.Copy{Version: s.version, Index: at(s.index + 1)},
			now:    young,
			spoilt: true,
		},
		"at a negative place":           {copy: evidence.Copy{Version: s.version, Index: at(-1)}, now: young, spoilt: true},
		"never logged":                  {copy: evidence.Copy{Version: other, Index: &s.index}, now: young, spoilt: true},
		"without a place, new":          {copy: evidence.Copy{Version: s.version}, now: young},
		"without a place, old":          {copy: evidence.Copy{Version: s.version}, now: old, spoilt: true},
		"beyond what is witnessed, new": {copy: evidence.Copy{Version: s.version, Index: at(4000)}, now: young},
		"beyond what is witnessed, old": {copy: evidence.Copy{Version: s.version, Index: at(4000)}, now: old, spoilt: true},
	} {
		f := newForeign(t, s, &farLog{logPort: logPort{s}}, c.now)
		got, err := f.Prove(t.Context(), "donghu", []evidence.Copy{c.copy})
		if (err != nil) != c.spoilt || err == nil && got[0] != c.proven {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestALogOutOfReachProvesNothingAndSpoilsNothing(t *testing.T) {
	s := newScene(t)
	log := &farLog{logPort: logPort{s}, err: fault.Wrap(errors.New("gone"), fault.Unavailable, "LOG_UNREACHABLE", "")}
	f := newForeign(t, s, log, s.version.Recorded.Add(time.Minute))
	copies := []evidence.Copy{{Version: s.version, Index: &s.index}}
	if got, err := f.Prove(t.Context(), "donghu", copies); err != nil || got[0] {
		t.Fatalf("%v, %v", got, err)
	}
	log.err = nil
	if got, err := f.Prove(t.Context(), "donghu", copies); err != nil || !got[0] {
		t.Fatalf("in reach again: %v, %v", got, err)
	}
}

func TestManyCopiesShareWhatTheyRead(t *testing.T) {
	s := newScene(t)
	log := &farLog{logPort: logPort{s}}
	f := newForeign(t, s, log, s.version.Recorded.Add(time.Minute))
	copies := make([]evidence.Copy, 200)
	for i := range copies {
		copies[i] = evidence.Copy{Version: s.version, Index: &s.index}
	}
	begin := time.Now()
	got, err := f.Prove(t.Context(), "donghu", copies)
	if err != nil {
		t.Fatal(err)
	}
	for i, proven := range got {
		if !proven {
			t.Errorf("copy %d is not proven", i)
		}
	}
	t.Logf("200 copies in %v, %d tiles read", time.Since(begin), log.read)
	read := log.read
	if read > 6 {
		t.Errorf("%d readings of a log of 400 entries", read)
	}
	if _, err := f.Prove(t.Context(), "donghu", copies[:1]); err != nil || log.read != read {
		t.Errorf("a second showing read %d more: %v", log.read-read, err)
	}
}
