package evidence_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"yilian.example/exchange/evidence"
	"yilian.example/exchange/tlog"
)

// at is an entry of another record at a time.
func at(i int, when time.Time) []byte {
	return tlog.NewLeaf(tlog.KindRecord, when, sha256.Sum256(fmt.Appendf(nil, "entry %d", i)))
}

// A member that dates a record back, or ahead, must not have the date proven, whatever few entries it put around it.
func TestTimeThatDoesNotFitTheLogIsNotProven(t *testing.T) {
	now := time.Date(2026, 11, 21, 20, 15, 30, 0, time.UTC)
	long := now.AddDate(-3, 0, 0) // since when the log has existed
	dated := func(claim time.Time, others int) func(int) []byte {
		return func(i int) []byte {
			if i > 300-others && i < 300+others {
				return at(i, claim)
			}
			return at(i, now)
		}
	}
	for name, tc := range map[string]struct {
		recorded   time.Time
		registered time.Time
		around     func(int) []byte
		want       string // part of why; empty: proven
	}{
		"of its time":      {now, long, dated(now, 0), ""},
		"waited for hours": {now.Add(-5 * time.Hour), long, dated(now, 0), ""},
		"waited for a day": {now.Add(-24 * time.Hour), long, dated(now, 0), "long before entries"},
		"before the log existed": {
			now.AddDate(-7, 0, 0), long, dated(now.AddDate(-7, 0, 0), 400), "before its log existed",
		},
		"dated back": {now.AddDate(-2, 0, 0), long, dated(now, 0), "long before entries"},
		"dated back with its next neighbours": {
			now.AddDate(-2, 0, 0), long, dated(now.AddDate(-2, 0, 0), 2), "long before entries",
		},
		"dated back with a hundred neighbours": {
			now.AddDate(-2, 0, 0), long, dated(now.AddDate(-2, 0, 0), 100), "long before entries",
		},
		"dated ahead of what follows": {
			now, long, func(i int) []byte { return at(i, now.AddDate(0, 0, -2)) }, "long after an entry",
		},
		"after the witnessing": {
			now.Add(time.Hour), long, dated(now, 0), "after the time at which it was witnessed",
		},
		"stored before the log was registered": {now, now.Add(time.Hour), dated(now, 0), ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.version.Recorded, s.around = tc.recorded, tc.around
			s.state.Registered, s.state.Time = tc.registered, now.Add(time.Minute)
			if s.state.Time.Before(s.state.Registered) {
				s.state.Time = s.state.Registered
			}
			s.grow(t, 400)
			s.sign(t, 400)
			r, err := evidence.Verify(marshal(t, s.file(t)), s.roots, options())
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == "" {
				if !r.OK {
					t.Errorf("not proven: %+v", r.Steps)
				}
				return
			}
			if r.OK || !slices.Equal(failed(r), []string{evidence.StepTime}) || !strings.Contains(r.Steps[6].Detail, tc.want) {
				t.Errorf("failed steps %v: %+v", failed(r), r.Steps[6])
			}
		})
	}
}

// At the edges of a log there are fewer neighbours, and the file still holds.
func TestEvidenceAtTheEdgesOfALog(t *testing.T) {
	for _, tc := range []struct{ index, size int }{{0, 1}, {0, 2}, {1, 2}, {399, 400}, {256, 257}, {255, 256}} {
		s := newScene(t)
		s.index = int64(tc.index)
		s.grow(t, tc.size)
		s.sign(t, int64(tc.size))
		r, err := evidence.Verify(marshal(t, s.file(t)), s.roots, options())
		if err != nil || !r.OK {
			t.Errorf("entry %d of %d: %+v, %v", tc.index, tc.size, r, err)
		}
	}
}

// Who may register a log x.y.<domain>/log must not be able to speak for a member called x.
func TestOnlyTheMembersOneLogProves(t *testing.T) {
	s := newScene(t)
	data := marshal(t, s.file(t))
	for _, domain := range []string{"", "example", "x.yilian.example", "yilian.example/", "Yilian.example"} {
		r, err := evidence.Verify(data, s.roots, evidence.Options{Domain: domain})
		if err != nil || r.OK || !slices.Contains(failed(r), evidence.StepCheckpoint) {
			t.Errorf("under the domain %q: failed steps %v, %v", domain, failed(r), err)
		}
	}
}

func TestContradictions(t *testing.T) {
	report := func(index int64, sha string) evidence.Report {
		return evidence.Report{OK: true, Origin: origin, Index: index, Statement: evidence.Statement{
			Org: "donghu", Type: "Observation", ID: "a", Version: 1, SHA256: sha,
		}}
	}
	failing, second := report(9, "bb"), report(8, "bb")
	failing.OK, second.Statement.Version = false, 2
	if got := evidence.Contradictions([]evidence.Report{report(1, "aa"), report(1, "aa"), failing, second}); len(
		got,
	) != 0 {
		t.Errorf("the same file twice, a failing one and another version: %+v", got)
	}
	got := evidence.Contradictions([]evidence.Report{report(1, "aa"), second, report(2, "bb"), report(3, "aa")})
	want := []evidence.Contradiction{
		{First: 0, Second: 2},
		{First: 0, Second: 3, SameContent: true},
		{First: 2, Second: 3},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, c := range got {
		if c.Words("en") == "" || c.Words("zh") == c.Words("en") {
			t.Errorf("words of %+v", c)
		}
	}
}
