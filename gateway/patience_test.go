package main

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// TestHangingDatabaseIsAnsweredInTime makes the database of a gateway hang, not break, and asks for everything at once:
// each caller is told within twenty seconds. (What they are told is a matter of gateway/internal/cockroach's tests.)
func TestHangingDatabaseIsAnsweredInTime(t *testing.T) {
	t.Parallel()
	address, hang := cockroachtest.Hanging(t, cockroachtest.URL(t))
	h := newHouseAt(t, address)
	hang()
	const fhirJSON = "application/fhir+json"
	observation := `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}`
	patient := `{"resourceType":"Patient","id":"p2"}`
	var all sync.WaitGroup
	for what, ask := range map[string]struct {
		caller, method string
		row            row
	}{
		"create":     {"system", http.MethodPost, row{path: "/fhir/Observation", media: fhirJSON, body: observation}},
		"update":     {"system", http.MethodPut, row{path: "/fhir/Patient/p2", media: fhirJSON, body: patient}},
		"read":       {"self", http.MethodGet, row{path: "/fhir/Patient/p1"}},
		"consents":   {"self", http.MethodGet, row{path: "/api/v1/consents"}},
		"page":       {"self", http.MethodGet, row{path: "/me/records/Patient/p1"}},
		"checkpoint": {"anonymous", http.MethodGet, row{path: "/log/checkpoint"}},
		"readiness":  {"anonymous", http.MethodGet, row{path: "/readyz"}},
	} {
		for range 4 {
			all.Go(func() {
				began := time.Now()
				answer := h.call(ask.caller, ask.method, ask.row)
				took := time.Since(began)
				if took > 20*time.Second || answer.StatusCode != http.StatusServiceUnavailable {
					t.Errorf("%s: %d after %s", what, answer.StatusCode, took)
				}
			})
		}
	}
	all.Wait()
}
