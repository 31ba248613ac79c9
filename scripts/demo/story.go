package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"yilian.example/scripts/journey"
)

// teller prints a numbered story and keeps count of what held.
type teller struct {
	out   io.Writer
	n     int
	began time.Time
}

// step is one chapter: a title in both languages and what has to hold. It returns what was proven, in a sentence.
type step struct {
	zh, en string
	run    func(ctx context.Context) (string, error)
}

// tell runs the steps in order and stops at the first that is not as it must be: those after it rest on it.
func (t *teller) tell(ctx context.Context, steps []step) error {
	t.began = time.Now()
	for i, s := range steps {
		t.n = i + 1
		fmt.Fprintf(t.out, "\n%2d. %s\n    %s\n", t.n, s.zh, s.en)
		start := time.Now()
		proven, err := s.run(ctx)
		if err != nil {
			fmt.Fprintf(t.out, "    ✗ NOT AS IT MUST BE: %v\n", err)
			return fmt.Errorf("step %d (%s): %w", t.n, s.en, err)
		}
		fmt.Fprintf(t.out, "    ✓ %s  (%s)\n", proven, time.Since(start).Round(time.Millisecond))
	}
	fmt.Fprintf(
		t.out, "\nAll %d steps held, in %s.  %d 步全部成立。\n", t.n, time.Since(t.began).Round(100*time.Millisecond), t.n,
	)
	return nil
}

// say prints a detail below the present step.
func (t *teller) say(format string, args ...any) {
	fmt.Fprintf(t.out, "    · "+format+"\n", args...)
}

// mustRefuse wants err to be a refusal with one of the codes, and returns it.
func mustRefuse(err error, status int, codes ...string) (*journey.Refused, error) {
	if err == nil {
		return nil, errors.New("it was allowed")
	}
	var refused *journey.Refused
	if !errors.As(err, &refused) {
		return nil, err
	}
	if refused.Status != status {
		return nil, fmt.Errorf("refused with status %d, not %d: %w", refused.Status, status, err)
	}
	for _, code := range codes {
		if refused.Has(code) {
			return refused, nil
		}
	}
	return nil, fmt.Errorf("refused, but not for %v: %w", codes, err)
}

// article finds the article of law that a refusal rests on.
func article(r *journey.Refused) string {
	if r.Article != "" {
		return r.Article
	}
	for _, reason := range r.Reasons {
		if reason.Article != "" {
			return reason.Article
		}
	}
	// FHIR's OperationOutcome has no place for it but the words.
	if _, after, ok := strings.Cut(r.Detail, "rests on "); ok {
		return strings.TrimSuffix(after, ".")
	}
	return ""
}
