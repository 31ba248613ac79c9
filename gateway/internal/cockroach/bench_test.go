package cockroach_test

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// BenchmarkStoreBundle stores bundles of 200 records of 2 KB, each bundle about a patient of its own, by several
// senders at once.
func BenchmarkStoreBundle(b *testing.B) {
	db := cockroachtest.New(b)
	r := newRecords(b, db, "donghu", keyFiles(b))
	content := string(bytes.Repeat([]byte("x"), 2000))
	var patients atomic.Int64
	const size = 200
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			p := patientRef(int(patients.Add(1)))
			puts := make([]exchange.Put, size)
			for i := range puts {
				puts[i] = observation(p, uuid.NewString(), 1, content)
				puts[i].Tokens = []exchange.Token{
					{Param: "code", System: "http://loinc.org", Value: fmt.Sprint(i % 50)},
					{Param: "status", Value: "final"},
				}
			}
			if _, err := r.Store(b.Context(), puts); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(db.Retries())/float64(b.N), "retries/op")
}

// BenchmarkRead reads records of many patients, each reading logged in the patient's chain.
func BenchmarkRead(b *testing.B) {
	db := cockroachtest.New(b)
	r := newRecords(b, db, "donghu", keyFiles(b))
	const patients = 50
	for i := range patients {
		put := observation(patientRef(i), fmt.Sprintf("o%d", i), 1, "x")
		if _, err := r.Store(b.Context(), []exchange.Put{put}); err != nil {
			b.Fatal(err)
		}
	}
	var n atomic.Int64
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := int(n.Add(1)) % patients
			decided := allow("donghu", patientRef(i), consortium.Observations)
			if _, err := r.Read(b.Context(), decided, ref("donghu", fmt.Sprintf("o%d", i)), 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
	b.ReportMetric(float64(db.Retries())/float64(b.N), "retries/op")
}

// BenchmarkStoreOnePatient stores single records of one patient from many sides at once: they all count in the same
// holdings.
func BenchmarkStoreOnePatient(b *testing.B) {
	db := cockroachtest.New(b)
	r := newRecords(b, db, "donghu", keyFiles(b))
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := r.Store(b.Context(), []exchange.Put{observation(patientRef(1), uuid.NewString(), 1, "x")}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(db.Retries())/float64(b.N), "retries/op")
}
