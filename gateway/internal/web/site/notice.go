package site

import (
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
)

// noticeSeconds is how long a notice waits for its page.
const noticeSeconds = 60

// noticeCookie is a cookie of the session, shown once. It holds a key of ours and nothing else. An address cannot set
// it, so no link can have a page claim what was not done. The organisation stands in its name, as cookies are shared by
// all ports of a host.
func (s *Site) noticeCookie() string { return "yilian-" + string(s.Org) + "-notice" }

// Notify has the next page say what was just done.
func (s *Site) Notify(c *gin.Context, key string) {
	s.setNotice(c, key, noticeSeconds)
}

func (s *Site) setNotice(c *gin.Context, key string, age int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: s.noticeCookie(), Value: key, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.https(),
		SameSite: http.SameSiteStrictMode,
	})
}

// Notice is what was just done in words, once, where it is one of the keys that the page knows.
func (p *Pages) Notice(c *gin.Context, keys ...string) string {
	key, err := c.Cookie(p.noticeCookie())
	if err != nil || key == "" {
		return ""
	}
	p.setNotice(c, "", -1)
	if !slices.Contains(keys, key) {
		return ""
	}
	return p.Text(LangOf(c), key)
}
