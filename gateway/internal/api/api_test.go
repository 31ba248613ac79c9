package api

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/internal/api/problem"
)

func TestStrangersAreTurnedAwayBeforeTheirRequestIsLookedAt(t *testing.T) {
	gin.SetMode(gin.TestMode)
	known := false
	r := gin.New()
	j := New(r, r.Group(""), "http://127.0.0.1", func(context.Context) (consortium.Actor, bool) {
		return consortium.Actor{ID: "u", Org: "donghu", Role: consortium.RoleClinician}, known
	}, problem.Failures{Logger: slog.New(slog.DiscardHandler)})
	Releases{}.Register(j)
	OwnLog{Now: time.Now}.Register(j)
	send := func() (int, string) {
		w := httptest.NewRecorder()
		req := httptest.NewRequest(http.MethodPost, "/api/v1/releases", strings.NewReader(`{"patient":`))
		req.Header.Set("Content-Type", "application/json")
		r.ServeHTTP(w, req)
		if ct := w.Header().Get("Content-Type"); ct != "application/problem+json" {
			t.Errorf("content type %q", ct)
		}
		return w.Code, w.Body.String()
	}
	if status, body := send(); status != http.StatusUnauthorized || !strings.Contains(body, "SIGN_IN") {
		t.Errorf("a stranger got %d %s", status, body)
	}
	known = true
	if status, body := send(); status != http.StatusBadRequest || !strings.Contains(body, "MALFORMED") {
		t.Errorf("a caller got %d %s", status, body)
	}
}
