package api_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/api"
)

func TestAttestationIsServedToStrangersAndNeverFromACache(t *testing.T) {
	gin.SetMode(gin.TestMode)
	var fail error
	r := gin.New()
	api.Attestation{
		Read: func(context.Context) ([]byte, error) { return []byte("{}\n"), fail },
		Fail: func(c *gin.Context, err error) { c.String(http.StatusServiceUnavailable, string(fault.Of(err).Code)) },
	}.Register(r)
	get := func() *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		r.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/log/attestation", nil))
		return rec
	}
	if rec := get(); rec.Code != http.StatusOK || rec.Body.String() != "{}\n" ||
		rec.Header().Get("Cache-Control") != "no-store" || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %s %v", rec.Code, rec.Body, rec.Header())
	}
	fail = fault.Wrap(errors.New("peers are down"), fault.Unavailable, "LEDGER_UNAVAILABLE", "Later.")
	if rec := get(); rec.Code != http.StatusServiceUnavailable {
		t.Errorf("without members: %d", rec.Code)
	}
}
