package webtest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"yilian.example/exchange/consortium"
)

// Visit is one page that a caller can come to.
type Visit struct {
	Name   string
	Caller *consortium.Actor
	Path   string
	Form   url.Values // posts, where set
	Status int
	Change func(*World)
}

type plain string

func (p plain) Error() string { return string(p) }

// ErrPlain is a fault whose text nobody may see.
const ErrPlain = plain("secret detail of a driver")

// key is what an untranslated phrase would look like.
var key = regexp.MustCompile(
	`\b(site|nav|home|role|purpose|kinds?|type|flag|fact|code|error|reason|refused|law|records?|` +
		`entry|value|person|lasting|access|consents|grant|statement|find|patient|` +
		`ask|release|audit|evidence|integrity|about)\.[a-zA-Z_.]+\b`,
)

// CheckVisits opens each page in both languages, and holds it to what every page must be.
func CheckVisits(t *testing.T, open func(testing.TB, *consortium.Actor) *World, visits []Visit) {
	for _, v := range visits {
		for _, lang := range []struct{ code, tag, name string }{{"zh", "zh-CN", "医链"}, {"en", "en", "Yilian"}} {
			t.Run(v.Name+"/"+lang.code, func(t *testing.T) {
				w := open(t, v.Caller)
				if v.Change != nil {
					v.Change(w)
				}
				req := httptest.NewRequest(http.MethodGet, v.Path, nil)
				if v.Form != nil {
					req = httptest.NewRequest(http.MethodPost, v.Path, strings.NewReader(v.Form.Encode()))
					req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
				}
				req.Header.Set("Cookie", "yilian-lang="+lang.code)
				p := w.Do(req)
				if p.Status != v.Status {
					t.Fatalf("status %d, want %d\n%s", p.Status, v.Status, p.Body)
				}
				if got := Attr(p.All("html")[0], "lang"); got != lang.tag {
					t.Errorf("html lang is %q", got)
				}
				if got := p.Text(".brand-name"); got != lang.name {
					t.Errorf("the name is %q", got)
				}
				if found := key.FindString(p.Text("main")); found != "" {
					t.Errorf("%q is not translated", found)
				}
				if strings.Contains(p.Text("body"), "%!") {
					t.Error("a phrase got the wrong arguments")
				}
				if strings.Contains(p.Body, string(ErrPlain)) {
					t.Error("the page tells the text of an unexpected error")
				}
				CheckStructure(t, p)
				CheckSafety(t, p)
			})
		}
	}
}

// CheckStructure holds a page to what screen readers and keyboards need.
func CheckStructure(t *testing.T, p Page) {
	t.Helper()
	for selector, want := range map[string]int{
		"h1": 1, "main": 1, "header.top": 1, "footer": 1, "title": 1, `a.skip[href="#main"]`: 1, "main#main": 1,
	} {
		if got := len(p.All(selector)); got != want {
			t.Errorf("%d of %q, want %d", got, selector, want)
		}
	}
	if len(p.All("nav.langs a[hreflang]")) != 1 {
		t.Error("there is no switch to the other language")
	}
	ids := map[string]bool{}
	for _, n := range p.All("[id]") {
		if id := Attr(n, "id"); ids[id] {
			t.Errorf("id %q stands twice", id)
		} else {
			ids[id] = true
		}
	}
	for _, n := range p.All("[aria-labelledby], [aria-describedby], label[for]") {
		for _, a := range []string{"aria-labelledby", "aria-describedby", "for"} {
			if ref := Attr(n, a); ref != "" && !ids[ref] {
				t.Errorf("%s refers to %q, which is not on the page", a, ref)
			}
		}
	}
	for _, n := range p.All(`main a[href^="#"]`) {
		if !ids[strings.TrimPrefix(Attr(n, "href"), "#")] {
			t.Errorf("link to %q leads nowhere", Attr(n, "href"))
		}
	}
	for _, n := range p.All(`input:not([type="hidden"]), select`) {
		if !labelled(p, n) {
			t.Errorf("a field %q has no label", Attr(n, "name"))
		}
	}
	for _, n := range p.All(`fieldset`) {
		if n.FirstChild == nil || n.FirstChild.Data != "legend" {
			t.Error("a group of fields has no legend")
		}
	}
	for _, n := range p.All("svg") {
		if Attr(n, "aria-hidden") != "true" && Attr(n, "aria-label") == "" {
			t.Error("a drawing has no words")
		}
	}
	for _, n := range p.All("a, button, h1, h2, h3, th") {
		if Words(n) == "" {
			t.Errorf("an empty %s", n.Data)
		}
	}
}

func labelled(p Page, field *html.Node) bool {
	for n := field.Parent; n != nil; n = n.Parent {
		if n.Data == "label" {
			return true
		}
	}
	return Attr(field, "id") != "" && len(p.All(`label[for="`+Attr(field, "id")+`"]`)) == 1
}

// CheckSafety holds a page to the content security policy: with it, whatever is inline would not work, and nothing
// inline may be needed.
func CheckSafety(t *testing.T, p Page) {
	t.Helper()
	csp := p.Header.Get("Content-Security-Policy")
	for _, want := range []string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
		"form-action 'self'",
	} {
		if !strings.Contains(csp, want) {
			t.Errorf("policy lacks %q: %s", want, csp)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("policy: %s", csp)
	}
	for header, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
		"Referrer-Policy": "same-origin",
	} {
		if got := p.Header.Get(header); got != want {
			t.Errorf("%s is %q", header, got)
		}
	}
	if n := len(p.All("style, [style], [onclick], [onload], [onsubmit], iframe, object, base")); n != 0 {
		t.Errorf("%d inline styles, handlers or frames", n)
	}
	for _, n := range p.All("script") {
		if Attr(n, "type") != "application/json" && !strings.HasPrefix(Attr(n, "src"), "/static/") {
			t.Error("an inline script")
		}
	}
	for _, n := range p.All("link[href]") {
		if !strings.HasPrefix(Attr(n, "href"), "/static/") {
			t.Errorf("a file of another site: %s", Attr(n, "href"))
		}
	}
	for _, n := range p.All("form") {
		if Attr(n, "method") != "post" || !strings.HasPrefix(Attr(n, "action"), "/") {
			t.Errorf("a form that is not sent to us by POST: %s", Attr(n, "action"))
		}
	}
}

func CheckLinks(t *testing.T, address string, p Page) {
	t.Helper()
	var links []string
	for _, n := range p.All("[href], [action], [src]") {
		links = append(links, Attr(n, "href")+Attr(n, "action")+Attr(n, "src"))
	}
	if len(links) == 0 && p.Header.Get("Location") == "" {
		t.Errorf("%s: a page without links", address)
	}
	for _, link := range append(links, p.Header.Get("Location")) {
		seen := strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(link)
		to, err := url.Parse(seen)
		if err != nil || to.Host != "" || to.Scheme != "" || strings.HasPrefix(seen, "//") {
			t.Errorf("%s: a link leaves the site: %s", address, link)
		}
	}
}
