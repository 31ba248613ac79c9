package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
)

func TestReadinessNeedsAllOnceAndTheEssentialAlways(t *testing.T) {
	gin.SetMode(gin.TestMode)
	broken := map[string]bool{"database": false, "ledger": true}
	check := func(name string) func(context.Context) error {
		return func(context.Context) error {
			if broken[name] {
				return errors.New("dial tcp 10.1.2.3: password=geheim")
			}
			return nil
		}
	}
	r := gin.New()
	(&Ops{Registry: prometheus.NewRegistry(), Checks: []Check{
		{Name: "database", Essential: true, Run: check("database")}, {Name: "ledger", Run: check("ledger")},
	}}).Register(r)
	ask := func() (int, string) {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
		return w.Code, w.Body.String()
	}
	for _, step := range []struct {
		name             string
		database, ledger bool // broken
		want             int
	}{
		{"the ledger was never seen", false, true, 503},
		{"all is well", false, false, 200},
		{"the ledger is down later", false, true, 200},
		{"the database is down", true, false, 503},
		{"all is well again", false, false, 200},
	} {
		broken["database"], broken["ledger"] = step.database, step.ledger
		status, body := ask()
		if status != step.want {
			t.Errorf("%s: got %d, want %d", step.name, status, step.want)
		}
		if strings.Contains(body, "failing") != (step.database || step.ledger) || strings.Contains(body, "geheim") {
			t.Errorf("%s: %s", step.name, body)
		}
	}
}
