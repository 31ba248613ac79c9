package webtest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// Browser asks a handler for pages.
type Browser struct {
	T       testing.TB
	Handler http.Handler
}

// Page is a rendered page.
type Page struct {
	t      testing.TB
	Status int
	Header http.Header
	Body   string
	root   *html.Node
}

// Get opens an address.
func (s *Browser) Get(path string) Page {
	s.T.Helper()
	return s.Do(httptest.NewRequest(http.MethodGet, path, nil))
}

// Post sends a form.
func (s *Browser) Post(path string, form url.Values) Page {
	s.T.Helper()
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.Do(req)
}

// Do sends a request.
func (s *Browser) Do(req *http.Request) Page {
	s.T.Helper()
	rec := httptest.NewRecorder()
	s.Handler.ServeHTTP(rec, req)
	root, err := html.Parse(bytes.NewReader(rec.Body.Bytes()))
	if err != nil {
		s.T.Fatal(err)
	}
	return Page{s.T, rec.Code, rec.Header(), rec.Body.String(), root}
}

// All returns the elements of a CSS selector.
func (p Page) All(selector string) []*html.Node {
	p.t.Helper()
	sel, err := cascadia.ParseGroup(selector)
	if err != nil {
		p.t.Fatal(err)
	}
	return cascadia.QueryAll(p.root, sel)
}

// Text returns the words of the first element of a selector, spaces made one; it fails when there is none.
func (p Page) Text(selector string) string {
	p.t.Helper()
	found := p.All(selector)
	if len(found) == 0 {
		p.t.Fatalf("there is no %q on the page (status %d)", selector, p.Status)
	}
	return Words(found[0])
}

// Words returns the words of an element, spaces made one.
func Words(n *html.Node) string {
	var out strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			out.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return strings.Join(strings.Fields(out.String()), " ")
}

// Attr returns an attribute of an element; empty where it has none.
func Attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
