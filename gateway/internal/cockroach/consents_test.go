package cockroach_test

import (
	"testing"

	"yilian.example/consent/consenttest"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// TestConsents holds the SQL store to the suite. The cases share one database, emptied before each.
func TestConsents(t *testing.T) {
	db := cockroachtest.New(t)
	consenttest.RunStore(t, func(t *testing.T) consenttest.Store {
		for _, statement := range []string{"DELETE FROM consents", "DELETE FROM consent_orders", "DELETE FROM consent_positions"} {
			if _, err := db.Pool().Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		return cockroach.NewConsents(db)
	})
}
