package logbench_test

import (
	"testing"
	"time"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/anchor/anchortest"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
	"yilian.example/gateway/internal/logbench"
)

// commitTime is what a commit on the real ledger takes at a block interval of 200 ms.
const commitTime = 210 * time.Millisecond

func simulated(string) anchor.Witness {
	w := anchortest.NewWitness()
	w.Delay = commitTime
	return w
}

// The measuring itself works, and what it measured is a log that holds.
func TestRun(t *testing.T) {
	f, err := logbench.Run(t.Context(), logbench.Config{
		DB: cockroachtest.New(
			t,
		), Org: "donghu", Origin: "donghu.yilian.example/log", Witness: simulated, Entries: 1500, PerTx: 7,
	})
	if err != nil {
		t.Fatal(err)
	}
	if f.Entries != 1500 || f.Rate() <= 0 || f.Checkpoints < 1 || f.Published < f.Written {
		t.Errorf("%+v", f)
	}
	f, err = logbench.RunTessera(t.Context(), t.TempDir(), 1500)
	if err != nil {
		t.Fatal(err)
	}
	if f.Entries != 1500 || f.Rate() <= 0 {
		t.Errorf("%+v", f)
	}
}

func BenchmarkPipeline(b *testing.B) {
	for b.Loop() {
		f, err := logbench.Run(b.Context(), logbench.Config{
			DB: cockroachtest.New(b), Org: "donghu", Origin: "donghu.yilian.example/log", Witness: simulated, Entries: 40000,
		})
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(f.Rate(), "entries/s")
		b.ReportMetric(f.Written.Seconds(), "written-s")
		b.ReportMetric(f.Published.Seconds(), "published-s")
		b.ReportMetric(float64(f.Checkpoints), "checkpoints")
	}
}

func BenchmarkTessera(b *testing.B) {
	for b.Loop() {
		f, err := logbench.RunTessera(b.Context(), b.TempDir(), 40000)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(f.Rate(), "entries/s")
	}
}
