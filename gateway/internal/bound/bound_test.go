package bound_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"yilian.example/gateway/internal/bound"
)

func key(t testing.TB, fill byte) *bound.Key {
	t.Helper()
	k, err := bound.New(bytes.Repeat([]byte{fill}, bound.KeyBytes))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

type text string

// TestTagBindsTableKeyAndColumns: a tag holds for exactly one row of exactly one table under exactly one key.
func TestTagBindsTableKeyAndColumns(t *testing.T) {
	k, at := key(t, 1), time.Date(2026, 11, 25, 8, 0, 0, 123456789, time.UTC)
	row := []any{"donghu", text("o1"), int64(3), true, at, []byte{1, 2}, []string{"a", "b"}, nil}
	tag := k.Tag("records", row...)
	// As the database gives it back: other types, and no nanoseconds.
	same := []any{
		"donghu",
		"o1",
		3,
		true,
		at.Truncate(time.Microsecond),
		[]byte{1, 2},
		[]text{"a", "b"},
		(*time.Time)(nil),
	}
	if !k.Check(tag[:], "records", same...) {
		t.Error("the same row, read back, does not have its tag")
	}
	if k.Check(tag[:], "versions", row...) || key(t, 2).Check(tag[:], "records", row...) ||
		k.Check(nil, "records", row...) {
		t.Error("the tag holds for another table, key or none")
	}
	others := []any{"qingshan", "o2", int64(4), false, at.Add(time.Microsecond), []byte{1, 3}, []string{"ab"}, ""}
	for i := range row {
		changed := append([]any(nil), row...)
		changed[i] = others[i]
		if k.Check(tag[:], "records", changed...) {
			t.Errorf("column %d was changed and the tag holds", i)
		}
	}
}

func TestTagTellsWhereOneColumnEnds(t *testing.T) {
	k := key(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("1:sb;n")), 0, 4, -1), 1, 4)
		a, b := texts.Draw(t, "a"), texts.Draw(t, "b")
		row := func(parts []string) bound.Tag {
			values := make([]any, len(parts))
			for i, p := range parts {
				values[i] = p
			}
			return k.Tag("t", values...)
		}
		if equal := len(a) == len(b) && !different(a, b); (row(a) == row(b)) != equal {
			t.Fatalf("%q and %q", a, b)
		}
	})
}

func different(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] {
			return true
		}
	}
	return false
}

// TestSumIsOfTheSet: whatever the order of changes, equal sets have equal sums and others do not.
func TestSumIsOfTheSet(t *testing.T) {
	k := key(t, 1)
	rapid.Check(t, func(t *rapid.T) {
		var sum bound.Sum
		set := map[int]int{}
		for _, step := range rapid.SliceOfN(rapid.IntRange(-9, 9), 0, 40).Draw(t, "steps") {
			row := max(step, -step)
			if step < 0 && set[row] > 0 {
				set[row]--
				k.Remove(&sum, k.Tag("t", row))
			} else {
				set[row]++
				k.Add(&sum, k.Tag("t", row))
			}
		}
		var again bound.Sum
		for row := 9; row >= 0; row-- {
			for range set[row] {
				k.Add(&again, k.Tag("t", row))
			}
		}
		if sum != again {
			t.Fatal("the same set has two sums")
		}
		k.Add(&again, k.Tag("t", 10))
		k.Remove(&again, k.Tag("t", 11))
		if sum == again {
			t.Fatal("another set has the same sum")
		}
	})
}

func TestHeadOpensInItsPlaceOnly(t *testing.T) {
	k := key(t, 1)
	h := bound.Head{Seq: 7, Parts: map[string]bound.Sum{}}
	var s bound.Sum
	k.Add(&s, k.Tag("t", 1))
	h.Parts["diagnoses"], h.Parts[""] = s, bound.Sum{}
	sealed, err := k.SealHead("records", "p1", h)
	if err != nil {
		t.Fatal(err)
	}
	got, err := k.OpenHead("records", "p1", 7, sealed)
	if err != nil || got.Seq != 7 || len(got.Parts) != 2 || got.Parts["diagnoses"] != s {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, try := range []func() error{
		func() error { _, err := k.OpenHead("consents", "p1", 7, sealed); return err },
		func() error { _, err := k.OpenHead("records", "p2", 7, sealed); return err },
		func() error { _, err := k.OpenHead("records", "p1", 8, sealed); return err },
		func() error {
			_, err := k.OpenHead("records", "p1", 7, append(sealed[:len(sealed)-1:len(sealed)-1], 0))
			return err
		},
		func() error { _, err := k.OpenHead("records", "p1", 7, nil); return err },
		func() error { _, err := key(t, 2).OpenHead("records", "p1", 7, sealed); return err },
	} {
		if err := try(); !errors.Is(err, bound.ErrHead) {
			t.Errorf("opened: %v", err)
		}
	}
}

func BenchmarkTag(b *testing.B) {
	k, at := key(b, 1), time.Now()
	for b.Loop() {
		k.Tag("records", "donghu", "Observation", "3c1d7a2e", int64(1), "p0123456789", "observations", false, at)
	}
}
