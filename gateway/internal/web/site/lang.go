package site

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

// Lang is a language of the pages.
type Lang string

// The languages; Chinese is what those get who ask for neither.
const (
	Chinese Lang = "zh"
	English Lang = "en"
)

var languages = []Lang{Chinese, English}

// Tag is the language tag for the html element (BCP 47).
func (l Lang) Tag() string {
	if l == English {
		return "en"
	}
	return "zh-CN"
}

const (
	langCookie = "yilian-lang"
	langKey    = "yilian.web.lang"
)

// chooseLang takes the language from ?lang, which is remembered, from the cookie, or from the browser's preference.
func (s *Site) chooseLang(c *gin.Context) {
	asked := Lang(c.Query("lang"))
	if asked == Chinese || asked == English {
		http.SetCookie(
			c.Writer,
			&http.Cookie{Name: langCookie, Value: string(asked), Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()),
				HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.https()},
		)
		c.Set(langKey, asked)
		return
	}
	c.Set(langKey, remembered(c))
}

// remembered is the language chosen earlier, or else the browser's preference.
func remembered(c *gin.Context) Lang {
	if kept, err := c.Cookie(langCookie); err == nil && (Lang(kept) == Chinese || Lang(kept) == English) {
		return Lang(kept)
	}
	return preferred(c.GetHeader("Accept-Language"))
}

// preferred is the first of our languages that the browser names; browsers list them best first.
func preferred(header string) Lang {
	for part := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), ";")
		switch primary, _, _ := strings.Cut(tag, "-"); primary {
		case "zh":
			return Chinese
		case "en":
			return English
		}
	}
	return Chinese
}

// LangOf returns the language that this request is answered in.
func LangOf(c *gin.Context) Lang {
	if l, ok := c.Get(langKey); ok {
		return l.(Lang)
	}
	return remembered(c) // sign-in's routes do not pass through chooseLang
}

// repeated are the parameters of an address that a page's own links repeat, where they are numbers. Nothing else of an
// address comes back on a page (send).
var repeated = map[string]bool{"page": true, "before": true}

func isNumber(s string) bool {
	return s != "" && len(s) < 20 && strings.Trim(s, "0123456789") == ""
}

// langLink is this page in another language. A page that answers a form links to the form's page.
func langLink(c *gin.Context, lang Lang, formPage string) string {
	path := c.Request.URL.Path
	q := url.Values{}
	if c.Request.Method == http.MethodGet {
		for name, values := range c.Request.URL.Query() {
			if repeated[name] && isNumber(values[0]) {
				q.Set(name, values[0])
			}
		}
	} else if formPage != "" {
		path = formPage
	}
	q.Set("lang", string(lang))
	return (&url.URL{Path: OwnPath(path), RawQuery: q.Encode()}).String()
}
