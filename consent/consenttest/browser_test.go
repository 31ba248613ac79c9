package consenttest

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
)

// script is what the patient's browser runs.
const script = "../../gateway/internal/web/site/static/consent.js"

// runScript runs code with the script's functions as `consent` and a JSON value as `input`; the code's value comes back
// as JSON.
func runScript(t *testing.T, code string, input any, into any) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("SKIPPED: there is no node on this machine, so consent.js is covered by the browser test alone")
	}
	path, err := filepath.Abs(script)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	const frame = `const consent = require(process.argv[1]);
		const input = JSON.parse(require("fs").readFileSync(0, "utf8"));
		(async () => { console.log(JSON.stringify(await (`
	cmd := exec.CommandContext(t.Context(), node, "-e", frame+code+`)())) })()`, path)
	cmd.Stdin = bytes.NewReader(data)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("run script: %v: %s", err, stderr.String())
	}
	if err := json.Unmarshal(out, into); err != nil {
		t.Fatalf("read script's answer: %v: %s", err, out)
	}
}

func book(now time.Time) *consent.Consents {
	return &consent.Consents{
		Org: "donghu", Members: Members{}, People: Born(now.AddDate(-40, 0, 0)), Keys: Keys("donghu"), Store: NewBook(),
		Now: func() time.Time { return now }, Book: logbook.Book{Org: "donghu", Rand: rand.Reader},
	}
}

// TestBrowserSigns: what the script signs, the server accepts.
func TestBrowserSigns(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	for _, lang := range []consent.Lang{consent.Chinese, consent.English} {
		b := book(now)
		d, err := b.Draft(t.Context(), Self, consent.Choice{
			Recipient: "qingshan", Purpose: consortium.Treatment, Lang: lang,
			Kinds: []consortium.Kind{consortium.Reports, consortium.Diagnoses}, Until: now.AddDate(0, 0, 30),
		})
		if err != nil {
			t.Fatal(err)
		}
		var signed struct {
			Statement                          consent.Statement
			Salt, PublicKey, Grant, Withdrawal []byte
		}
		runScript(t, `() => consent.sign(input)`, d, &signed)
		c, err := b.Grant(t.Context(), Self, consent.Signed(signed))
		if err != nil {
			t.Fatalf("%s: the server refuses what the script signed: %v", lang, err)
		}
		if c.ID != consent.ID(ledger.ConsentID(signed.PublicKey)) || c.State != consent.Pending {
			t.Errorf("%s: %+v", lang, c)
		}
	}
}

// TestBrowserBytes compares the script's bytes with the server's.
func TestBrowserBytes(t *testing.T) {
	values := []any{
		map[string]any{
			"b":          1,
			"a":          []any{"x", nil, true, -0.5, 1e21},
			"":           "",
			"\u20ac":     "euro",
			"\U0001f600": "face",
			"é":          "e",
			"a\"b":       "\\",
		},
		map[string]any{"text": "授权书\n第一条：“同意”\t\u0001\u007f\u2028<>&'", "kinds": []any{}},
		[]any{0, 100, 1e-7, 123456789012345},
	}
	var got []string
	runScript(t, `() => input.map(consent.canonical)`, values, &got)
	for i, v := range values {
		want, err := tlog.Canonical(v)
		if err != nil {
			t.Fatal(err)
		}
		if got[i] != string(want) {
			t.Errorf("canonical JSON %d:\n script %q\n server %q", i, got[i], want)
		}
	}

	var messages []string
	id, commitment := ledger.ConsentID([]byte("key")), tlog.Hash{1, 2, 3}
	runScript(
		t,
		`() => [consent.grantMessage(input.id, input.commitment, input.until), consent.withdrawalMessage(input.id)]`,
		map[string]any{"id": id, "commitment": hex.EncodeToString(commitment[:]), "until": 1795000000},
		&messages,
	)
	if messages[0] != string(ledger.GrantMessage(id, commitment, 1795000000)) ||
		messages[1] != string(ledger.WithdrawalMessage(id)) {
		t.Errorf("messages differ: %q", messages)
	}
}

// TestBrowserShows: the script signs only what the page shows.
func TestBrowserShows(t *testing.T) {
	var got []bool
	runScript(t, `() => input.map(([a, b]) => consent.shows(a, b))`, [][2]string{
		{"\n  第一行\n\n 第二行 ", "第一行\n第二行"}, {"one\n two", "one two"}, {"第一行", "第一行\n第二行"}, {"TREAT", "HPAYMT"}, {"", "x"},
	}, &got)
	for i, want := range []bool{true, true, false, false, false} {
		if got[i] != want {
			t.Errorf("case %d: %v", i, got[i])
		}
	}
}

// TestBrowserProblems: whatever the server answers, the patient is told what to do, in their language.
func TestBrowserProblems(t *testing.T) {
	var got []string
	runScript(t, `() => input.map(([lang, status, problem]) => consent.problemText(lang, status, problem))`, [][3]any{
		{"zh", 401, map[string]any{}},
		{"zh", 400, map[string]any{"code": "CONSENT_DRAFT_OLD", "detail": "English"}},
		{"zh", 400, map[string]any{"code": "NEW_CODE", "detail": "English"}},
		{"en", 400, map[string]any{"code": "NEW_CODE", "detail": "English"}},
		{"en", 400, map[string]any{}},
	}, &got)
	want := []string{
		"登录已过期，请重新登录后再签署。", "本页打开已超过一小时，请重新加载后再签署。", "签署未成功，未作任何授权。请重新加载本页再试。", "English",
		"Signing did not work and nothing was granted. Please load the page again.",
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("case %d: %q, want %q", i, got[i], want[i])
		}
	}
}
