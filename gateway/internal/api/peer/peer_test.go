package peer_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/api/limit"
	"yilian.example/gateway/internal/api/peer"
	"yilian.example/gateway/internal/api/problem"
)

// echo answers with what it was asked.
type echo struct{ asked int }

func (e *echo) Answer(_ context.Context, _ consortium.OrgID, message []byte) ([]byte, error) {
	e.asked++
	return message, nil
}

func (e *echo) Locate(ctx context.Context, member consortium.OrgID, message []byte) ([]byte, error) {
	return e.Answer(ctx, member, message)
}

func TestAMemberIsAnsweredAsOftenAsTheLimitAllows(t *testing.T) {
	gin.SetMode(gin.ReleaseMode)
	from, now := consortium.OrgID("qingshan"), time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	answers, engine := &echo{}, gin.New()
	peer.Listener{
		Releases: answers, Requests: limit.New(2, func() time.Time { return now }),
		PeerOrg: func(*tls.ConnectionState) (consortium.OrgID, error) {
			if from == "" {
				return "", errors.New("no certificate")
			}
			return from, nil
		},
		Fail: problem.Failures{Logger: slog.New(slog.DiscardHandler)}.Problem,
	}.Register(engine)
	ask := func(mediaType string, body io.Reader) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, config.ReleasePath, body)
		r.Header.Set("Content-Type", mediaType)
		engine.ServeHTTP(w, r)
		return w
	}
	const jose = config.ReleaseMediaType
	for _, step := range []struct {
		name   string
		from   consortium.OrgID
		media  string
		body   string
		status int
		code   string
	}{
		{"one", "qingshan", jose, "a.b.c", 200, "a.b.c"},
		{"nobody", "", jose, "a.b.c", 401, "PEER_UNKNOWN"},
		{"two, of another media type", "qingshan", "application/json", "{}", 415, "MEDIA_TYPE"},
		{"three", "qingshan", jose, "a.b.c", 429, "TOO_MANY"},
		{"another member", "anhe", jose, "a.b.c", 200, "a.b.c"},
		{"far too large", "anhe", jose, strings.Repeat("a", 65<<10), 413, "BODY_TOO_LARGE"},
	} {
		from = step.from
		got := ask(step.media, strings.NewReader(step.body))
		if got.Code != step.status || !strings.Contains(got.Body.String(), step.code) {
			t.Errorf("%s: %d %s", step.name, got.Code, got.Body)
		}
		if (got.Header().Get("Retry-After") != "") != (step.status == 429) {
			t.Errorf("%s: Retry-After %q", step.name, got.Header().Get("Retry-After"))
		}
	}
	if answers.asked != 2 {
		t.Errorf("%d requests reached the domain", answers.asked)
	}
}
