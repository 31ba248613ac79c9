package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/consent"
	"yilian.example/consent/consenttest"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/logbook"
	"yilian.example/gateway/internal/api/problem"
)

var consentNoon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// counter is the consents API before a book in memory and a ledger.
type counter struct {
	t       *testing.T
	actor   *consortium.Actor
	carrier *consent.Carrier
	ledger  *consenttest.Ledger
	engine  *gin.Engine
}

func newCounter(t *testing.T) *counter {
	gin.SetMode(gin.ReleaseMode)
	now := func() time.Time { return consentNoon }
	keys, book, quiet := consenttest.Keys("donghu"), consenttest.NewBook(), slog.New(slog.DiscardHandler)
	self := consenttest.Self
	c := &counter{t: t, actor: &self, ledger: consenttest.NewLedger(now), engine: gin.New()}
	c.carrier = &consent.Carrier{
		Org:    "donghu",
		Store:  book,
		Outbox: book,
		Ledger: c.ledger,
		Keys:   keys,
		Now:    now,
		Book:   logbook.Book{Org: "donghu", Rand: rand.Reader},
		Logger: quiet,
	}
	consents := &consent.Consents{
		Org:     "donghu",
		Members: consenttest.Members{},
		People:  consenttest.Born(consentNoon.AddDate(-30, 0, 0)),
		Keys:    keys,
		Store:   book,
		Now:     now,
		Book:    logbook.Book{Org: "donghu", Rand: rand.Reader},
	}
	who := func(context.Context) (consortium.Actor, bool) {
		if c.actor == nil {
			return consortium.Actor{}, false
		}
		return *c.actor, true
	}
	c.engine.Use(Private)
	j := New(c.engine, &c.engine.RouterGroup, "http://donghu.example", who, problem.Failures{Logger: quiet})
	Consents{Book: consents, Ledger: c.ledger, Now: now}.Register(j)
	return c
}

// call sends a value as JSON and reads the answer into out.
func (c *counter) call(method, path string, body, out any) *http.Response {
	c.t.Helper()
	var payload io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		payload = strings.NewReader(b)
	default:
		data, err := json.Marshal(b)
		if err != nil {
			c.t.Fatal(err)
		}
		payload = bytes.NewReader(data)
	}
	req := httptest.NewRequestWithContext(c.t.Context(), method, path, payload)
	if payload != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	rec := httptest.NewRecorder()
	c.engine.ServeHTTP(rec, req)
	res := rec.Result()
	if out != nil {
		if err := json.Unmarshal(rec.Body.Bytes(), out); err != nil {
			c.t.Fatalf("%s %s: %d %s", method, path, res.StatusCode, rec.Body)
		}
	}
	return res
}

func draftBody() map[string]any {
	return map[string]any{
		"recipient": "qingshan",
		"purpose":   "TREAT",
		"kinds":     []string{"reports", "diagnoses"},
		"until":     consentNoon.AddDate(0, 0, 7),
		"lang":      "zh",
	}
}

// signedBody drafts over the API and signs as the browser does.
func (c *counter) signedBody() map[string]any {
	c.t.Helper()
	var d consent.Draft
	if res := c.call("POST", "/api/v1/consents/draft", draftBody(), &d); res.StatusCode != http.StatusOK {
		c.t.Fatalf("draft: %d", res.StatusCode)
	}
	s := consenttest.Sign(c.t, d)
	return map[string]any{
		"statement":  s.Statement,
		"salt":       s.Salt,
		"publicKey":  s.PublicKey,
		"grant":      s.Grant,
		"withdrawal": s.Withdrawal,
	}
}

func TestConsentsAPI(t *testing.T) {
	c := newCounter(t)
	var granted consentBody
	body := c.signedBody()
	res := c.call("POST", "/api/v1/consents", body, &granted)
	if res.StatusCode != http.StatusCreated || granted.State != consent.Pending || granted.Counts ||
		granted.Recipient != "qingshan" {
		t.Fatalf("granted: %d %+v", res.StatusCode, granted)
	}
	if res.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the answer may be cached: %q", res.Header.Get("Cache-Control"))
	}
	path := "/api/v1/consents/" + string(granted.ID)

	var shown consentBody
	c.call("GET", path, nil, &shown)
	if shown.Ledger == nil || shown.Ledger.State != "absent" || shown.Counts {
		t.Errorf("before the ledger has it: %+v", shown)
	}
	if _, err := c.carrier.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.call("GET", path, nil, &shown)
	if shown.State != consent.Granted || !shown.Counts || shown.Ledger.State != "granted" || shown.Ledger.GrantTx == "" {
		t.Errorf("after the ledger has it: %+v", shown)
	}

	var again consentBody
	if res := c.call("POST", "/api/v1/consents", body, &again); res.StatusCode != http.StatusCreated ||
		again.ID != granted.ID {
		t.Errorf("same submission again: %d %+v", res.StatusCode, again)
	}
	var list struct{ Consents []consentBody }
	c.call("GET", "/api/v1/consents", nil, &list)
	if len(list.Consents) != 1 || list.Consents[0].ID != granted.ID {
		t.Errorf("list: %+v", list)
	}

	var ended consentBody
	res = c.call("POST", path+"/withdrawal", nil, &ended)
	if res.StatusCode != http.StatusOK || ended.State != consent.Withdrawn || ended.Withdrawn == nil || ended.Counts {
		t.Errorf("withdrawn: %d %+v", res.StatusCode, ended)
	}
	if res := c.call("POST", path+"/withdrawal", nil, &ended); res.StatusCode != http.StatusOK {
		t.Errorf("withdrawn again: %d", res.StatusCode)
	}
	c.ledger.Unread = true
	shown = consentBody{}
	if res := c.call("GET", path, nil, &shown); res.StatusCode != http.StatusOK || shown.Ledger != nil {
		t.Errorf("while the ledger cannot be reached: %d %+v", res.StatusCode, shown.Ledger)
	}
}

func TestConsentsAPIRefusals(t *testing.T) {
	clinician := consortium.Actor{ID: "d", Org: "donghu", Role: consortium.RoleClinician}
	self, other := consenttest.Self, consenttest.Other
	const (
		all   = "/api/v1/consents"
		draft = all + "/draft"
	)
	absent := all + "/" + strings.Repeat("a", 64)
	text := func(body string) func(*counter) any { return func(*counter) any { return body } }
	drafted := func(change map[string]any) func(*counter) any {
		return func(*counter) any {
			b := draftBody()
			maps.Copy(b, change)
			return b
		}
	}
	for name, tc := range map[string]struct {
		actor  *consortium.Actor
		method string
		path   string
		body   func(*counter) any
		status int
		code   string
	}{
		"nobody lists":         {nil, "GET", all, nil, 401, "SIGN_IN"},
		"clinician lists":      {&clinician, "GET", all, nil, 403, "PATIENT_ONLY"},
		"clinician drafts":     {&clinician, "POST", draft, drafted(nil), 403, "PATIENT_ONLY"},
		"somebody else grants": {&other, "POST", all, func(c *counter) any { return c.signedBody() }, 403, "NOT_THE_PATIENT"},
		"bad signature": {&self, "POST", all, func(c *counter) any {
			b := c.signedBody()
			b["grant"] = make([]byte, 64)
			return b
		}, 422, "CONSENT_SIGNATURE"},
		"not JSON":       {&self, "POST", all, text("{"), 400, "MALFORMED"},
		"wrong types":    {&self, "POST", all, text(`{"statement":[],"salt":5}`), 422, "NOT_AS_DOCUMENTED"},
		"unknown member": {&self, "POST", draft, drafted(map[string]any{"patient": "p"}), 422, "NOT_AS_DOCUMENTED"},
		"marketing":      {&self, "POST", draft, drafted(map[string]any{"purpose": "HMARKT"}), 422, "NOT_AS_DOCUMENTED"},
		"absent":         {&self, "GET", absent, nil, 404, "CONSENT_NOT_FOUND"},
		"not an id":      {&self, "GET", all + "/x", nil, 422, "NOT_AS_DOCUMENTED"},
		"withdraw other": {&self, "POST", absent + "/withdrawal", nil, 404, "CONSENT_NOT_FOUND"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCounter(t)
			var body any
			if tc.body != nil {
				body = tc.body(c)
			}
			c.actor = tc.actor
			var p problem.Document
			res := c.call(tc.method, tc.path, body, &p)
			if res.StatusCode != tc.status || p.Code != tc.code || res.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%d %s %+v, want %d %s", res.StatusCode, res.Header.Get("Content-Type"), p, tc.status, tc.code)
			}
		})
	}
}

// TestOpenAPI: the description is served, in version 3.1, and says what the browser has to send.
func TestOpenAPI(t *testing.T) {
	var doc struct {
		OpenAPI string
		Paths   map[string]any
	}
	newCounter(t).call("GET", "/api/openapi.json", nil, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || doc.Paths["/api/v1/consents/{id}/withdrawal"] == nil {
		t.Errorf("description %s with paths %v", doc.OpenAPI, doc.Paths)
	}
}
