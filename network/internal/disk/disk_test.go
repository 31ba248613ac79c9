package disk

import (
	"strings"
	"testing"
)

func TestLow(t *testing.T) {
	const gib = 1 << 30
	for _, tt := range []struct {
		name        string
		free, total uint64
		low         bool
		words       string
	}{
		{"roomy", 20 * gib, 100 * gib, false, "has 20.0 GiB of 100.0 GiB free"},
		{"just enough", 2 * gib, 100 * gib, false, "has 2.0 GiB"},
		{"under 2 % of a large disk", 19 * gib, 1000 * gib, true, "is almost full: 19.0 GiB of 1000.0 GiB"},
		{"under 1 GiB of a small disk", gib - 1, 4 * gib, true, "is almost full: 1023 MiB of 4.0 GiB"},
		{"full", 4096, 100 * gib, true, "is full: 0 MiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := Space{Path: "/srv", Free: tt.free, Total: tt.total}
			if s.Low() != tt.low || !strings.Contains(s.String(), "disk of /srv "+tt.words) {
				t.Errorf("low %v: %s", s.Low(), s)
			}
		})
	}
}

func TestEachFileSystemOnce(t *testing.T) {
	dir := t.TempDir()
	got := Of(dir, dir+"/missing", dir)
	if len(got) != 1 || got[0].Path != dir || got[0].Total == 0 || got[0].Free > got[0].Total {
		t.Errorf("got %+v", got)
	}
}
