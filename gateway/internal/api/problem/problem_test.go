package problem

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/status"
)

func TestEveryKindHasAStatus(t *testing.T) {
	for kind := fault.Internal; kind <= fault.TooMany; kind++ {
		if status.OfKind(kind) < 400 || issues[kind] == "" {
			t.Errorf("kind %d has no status or no issue type", kind)
		}
	}
}

func TestFailuresShowNoMoreThanTheyMay(t *testing.T) {
	secret := errors.New("pq: duplicate key 990000195803120260")
	refused := exchange.NewRefused(consortium.Decision{
		Reasons: []consortium.Reason{{Code: "CONSENT_MISSING", Article: "PIPL 23, 29"}},
	})
	for _, c := range []struct {
		name   string
		err    error
		status int
		code   string
		logged bool
	}{
		{"unclassified", fmt.Errorf("store: %w", secret), 500, "INTERNAL", true},
		{"down", fault.Wrap(secret, fault.Unavailable, "DATABASE_DOWN", "Try again later."), 503, "DATABASE_DOWN", true},
		{"conflict", fault.Wrap(secret, fault.Conflict, "TAKEN", "It was done already."), 409, "TAKEN", false},
		{"precondition", fault.New(fault.Conflict, "VERSION_CONFLICT", "Read again."), 412, "VERSION_CONFLICT", false},
		{"refused", refused, 403, "CONSENT_MISSING", false},
		{"hidden", fault.Wrap(refused, fault.NotFound, "NOT_FOUND", "There is no such record."), 404, "NOT_FOUND", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			gin.SetMode(gin.ReleaseMode)
			var log bytes.Buffer
			f := Failures{Logger: slog.New(slog.NewTextHandler(&log, nil))}
			for _, render := range []func(*gin.Context, error){f.Problem, f.Outcome} {
				w := httptest.NewRecorder()
				ctx, _ := gin.CreateTestContext(w)
				ctx.Request = httptest.NewRequest("GET", "/x", nil)
				render(ctx, c.err)
				body := w.Body.String()
				if w.Code != c.status || !strings.Contains(body, c.code) || !json.Valid(w.Body.Bytes()) {
					t.Errorf("%d %s", w.Code, body)
				}
				if strings.Contains(body, "990000") || strings.Contains(body, "pq:") {
					t.Errorf("leaked: %s", body)
				}
				if c.name == "hidden" && strings.Contains(body, "CONSENT") {
					t.Errorf("says what it hides: %s", body)
				}
			}
			if (log.Len() > 0) != c.logged {
				t.Errorf("logged %q", log.String())
			}
		})
	}
}
