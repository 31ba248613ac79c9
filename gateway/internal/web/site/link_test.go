package site_test

import (
	"net/url"
	"strings"
	"testing"

	"yilian.example/gateway/internal/web/site"
)

func TestOwnPathStaysOnThisHost(t *testing.T) {
	for path, want := range map[string]string{
		"/":                       "/",
		"/me/records":             "/me/records",
		"/patients/a b":           "/patients/a b",
		"/病历":                     "/病历",
		"/a//b":                   "/a//b",
		"":                        "/",
		"me":                      "/",
		"//evil.example/":         "/",
		"///evil.example/":        "/",
		`/\evil.example/`:         "/",
		`\\evil.example/`:         "/",
		`/a\..\..\\evil.example/`: "/",
		"/\t/evil.example/":       "/",
		"/\n/evil.example/":       "/",
		"/\r\n/evil.example":      "/",
		"/\x00/evil.example":      "/",
		"/\u0085/evil.example":    "/",
		"/\xff/evil.example":      "/",
		"https://evil.example/":   "/",
		"javascript:alert(1)":     "/",
	} {
		if got := site.OwnPath(path); got != want {
			t.Errorf("%q becomes %q, want %q", path, got, want)
		}
	}
}

func FuzzOwnPathStaysOnThisHost(f *testing.F) {
	for _, path := range []string{"/me", "//evil.example", `/\evil`, "/\t/evil", "https://a.example", "/a/../..//evil"} {
		f.Add(path)
	}
	base := &url.URL{Scheme: "https", Host: "here.example", Path: "/"}
	f.Fuzz(func(t *testing.T, path string) {
		// As a browser reads a link: tabs and line ends are dropped, backslashes are slashes.
		link := (&url.URL{Path: site.OwnPath(path)}).String()
		link = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(link)
		to, err := base.Parse(link)
		if err != nil || to.Host != base.Host || to.Scheme != base.Scheme {
			t.Errorf("%q becomes %q, which leads to %v (%v)", path, link, to, err)
		}
	})
}
