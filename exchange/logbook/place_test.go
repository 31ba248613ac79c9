package logbook

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestPlaceIsUnambiguous(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("1:|a")), 0, 4, -1), 1, 4)
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		if bytes.Equal(Place(a...), Place(b...)) != slices.Equal(a, b) {
			t.Fatalf("%q and %q give %q", a, b, Place(a...))
		}
	})
}
