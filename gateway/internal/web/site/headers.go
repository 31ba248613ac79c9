package site

import (
	"strings"

	"github.com/gin-gonic/gin"
)

// headers are on every page. No script or style but our own files, no frames, nothing kept by browsers or proxies in
// between, since most pages show health records. Referrer-Policy is same-origin and not stricter: with no-referrer,
// browsers hide the Origin of our own forms, by which requests of other sites are told apart.
func (s *Site) headers(c *gin.Context) {
	h := c.Writer.Header()
	h.Set(
		"Content-Security-Policy",
		"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "+
			"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Cookie, Accept-Language, Accept-Encoding")
	if s.https() {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// https says that people reach these pages over https.
func (s *Site) https() bool { return strings.HasPrefix(s.members[s.Org].PublicURL, "https://") }
