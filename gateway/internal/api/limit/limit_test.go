package limit_test

import (
	"errors"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/api/limit"
)

func TestEachCallerHasAMinutesWorthThatFillsEvenly(t *testing.T) {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	l := limit.New(60, func() time.Time { return now })
	for i := range 60 {
		if err := l.Use("a"); err != nil {
			t.Fatalf("use %d: %v", i, err)
		}
	}
	var over *limit.Exceeded
	if err := l.Use("a"); !errors.As(err, &over) || !fault.Is(err, fault.TooMany) || over.RetryAfter() != time.Second {
		t.Fatalf("61st use: %v", err)
	}
	if err := l.Use("b"); err != nil {
		t.Errorf("another caller is held up: %v", err)
	}
	now = now.Add(time.Second)
	if err := l.Use("a"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
	if err := l.Use("a"); err == nil {
		t.Error("one second gave two uses")
	}
	now = now.Add(-time.Hour)
	if err := l.Use("a"); err == nil {
		t.Error("a clock that went back gave uses")
	}
	now = now.Add(3 * time.Hour)
	for i := range 60 {
		if err := l.Use("a"); err != nil {
			t.Fatalf("use %d after long: %v", i, err)
		}
	}
	if err := l.Use("a"); err == nil {
		t.Error("a bucket holds more than a minute's worth")
	}
}

func TestAbsentAndNotForYouLookAlike(t *testing.T) {
	actor := consortium.Actor{ID: "dr", Org: "donghu"}
	l := limit.Lookups{Limiter: limit.New(2, time.Now)}
	absent := l.Missed(actor, fault.New(fault.NotFound, "NO_RECORD", "There is none."))
	refused := l.Missed(actor, fault.New(fault.Forbidden, "NO_TREATMENT_RELATION", "You do not treat them."))
	a, r := fault.Of(absent), fault.Of(refused)
	if a.Kind != fault.NotFound || a.Kind != r.Kind || a.Code != r.Code || a.Public != r.Public {
		t.Errorf("absent: %+v, refused: %+v", a, r)
	}
	if err := l.Missed(actor, fault.New(fault.NotFound, "NO_RECORD", "")); !fault.Is(err, fault.TooMany) {
		t.Errorf("the third try: %v", err)
	}
	gone := fault.New(fault.Gone, "RECORD_DELETED", "It was deleted.")
	if err := l.Missed(actor, gone); err != error(gone) {
		t.Errorf("what the caller may know: %v", err)
	}
}
