package e2e

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// tab is one browser of one person: a fresh profile, no shared cookies.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string // address of the member's pages
}

// browse starts Chromium with a profile of its own. It calls out to nobody but this machine.
func browse(t *testing.T, base string) *tab {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Fatal("no Chromium on this machine: scripts/setup.sh installs it")
	}
	options := append(
		chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(
			program,
		),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(390, 844),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("lang", "zh-CN"),
		chromedp.Flag("accept-lang", "zh-CN"),
	)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	// The browser lives as long as the context of the first call.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	return &tab{t: t, ctx: ctx, base: base}
}

// withoutScript switches JavaScript off in the page, and on again.
func (b *tab) withoutScript(off bool) {
	b.t.Helper()
	_, err := chromedp.Call(
		b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off},
	)
	if err != nil {
		b.t.Fatalf("switch scripts: %v", err)
	}
}

// do runs steps, each within half a minute, and shows the page when one fails.
func (b *tab) do(what string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v\nat %s\n%s", what, err, b.address(), b.text())
	}
}

// open goes to a page of this member.
func (b *tab) open(path string) {
	b.t.Helper()
	b.do("open "+path, chromedp.Navigate(b.base+path))
}

// click clicks what a selector finds and waits for the page that follows.
func (b *tab) click(selector string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		b.t.Fatalf("click %s: %v\nat %s\n%s", selector, err, b.address(), b.text())
	}
}

// has waits until the page's text holds words.
func (b *tab) has(words string) {
	b.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(b.text(), words) {
		if time.Now().After(deadline) {
			b.t.Fatalf("page does not say %q\nat %s\n%s", words, b.address(), b.text())
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// hasNot wants words absent from the page as it is now.
func (b *tab) hasNot(words string) {
	b.t.Helper()
	if strings.Contains(b.text(), words) {
		b.t.Fatalf("page says %q\nat %s", words, b.address())
	}
}

func (b *tab) text() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.TextContent(chromedp.CSS("body")))
	if err != nil {
		return "(" + err.Error() + ")"
	}
	return strings.Join(strings.Fields(text), " ")
}

func (b *tab) address() string {
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	location, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return location
}
