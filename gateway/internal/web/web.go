// Package web is the pages for people: patients, clinicians and auditors. They are rendered on the server, Chinese
// first and English, and work without script, but for signing a consent. The package decides no permission and knows no
// database or ledger: what it shows comes through the narrow interfaces of Deps, which decide and log.
//
// Each page is one Go file and one template of the same name. A handler returns an error; errors.go alone renders
// errors.
package web

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/auth"
)

// Pages serves the pages. It is safe for concurrent use.
type Pages struct {
	Deps
	members map[consortium.OrgID]config.Member
	assets  map[string]asset
	pages   map[Lang]pageSet
}

// New checks the dependencies and reads the templates: a page that cannot be rendered at all shows at the start, not to
// a patient.
func New(deps Deps) (*Pages, error) {
	if deps.Authenticate == nil || deps.Log == nil || deps.Org == "" || len(deps.Members) == 0 || len(deps.Systems) == 0 {
		return nil, errors.New("web: Org, Members, Systems, Authenticate and Log are required")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.RequestID == nil {
		deps.RequestID = func(c *gin.Context) string { return c.Writer.Header().Get("X-Request-Id") }
	}
	p := &Pages{Deps: deps, members: map[consortium.OrgID]config.Member{}}
	for _, m := range deps.Members {
		p.members[consortium.OrgID(m.ID)] = m
	}
	var err error
	if p.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	p.pages = map[Lang]pageSet{}
	for _, lang := range languages {
		if p.pages[lang], err = p.parsePages(lang); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	return p, nil
}

// Register adds the pages' routes: /, /me/…, /patients, /releases/…, /audit, /about/proof and /static/.
func (p *Pages) Register(r gin.IRouter) {
	r.GET("/static/:name", p.serveAsset)
	site := r.Group("/", p.headers, p.chooseLang, p.Authenticate(p.Fail))
	site.GET("/", p.handle(p.home))
	site.GET("/about/proof", p.handle(p.about))

	me := site.Group("/me", auth.Require(consortium.RolePatient))
	me.GET("/records", p.handle(p.records))
	me.GET("/records/:type/:id", p.handle(p.record))
	me.GET("/records/:type/:id/evidence", p.handle(p.recordEvidence))
	me.GET("/access", p.handle(p.access))
	me.GET("/consents", p.handle(p.consents))
	me.POST("/consents/:id/withdraw", p.handle(p.withdraw))
	me.GET("/consents/new", p.handle(p.grantForm))
	me.POST("/consents/new", p.handle(p.grantStatement))

	staff := site.Group("/", auth.Require(consortium.RoleClinician, consortium.RoleAssessor))
	staff.GET("/patients", p.handle(p.findForm))
	staff.POST("/patients", p.handle(p.find))
	staff.GET("/patients/:patient", p.handle(p.patient))
	staff.POST("/patients/:patient/ask", p.handle(p.ask))
	staff.GET("/releases/:id", p.handle(p.release))
	staff.GET("/releases/:id/:type/:record/evidence", p.handle(p.releaseEvidence))

	audit := site.Group("/audit", auth.Require())
	audit.GET("", auth.Require(consortium.RoleAuditor), p.handle(p.auditLogs))
	audit.GET("/evidence", p.handle(p.evidenceForm))
	audit.POST("/evidence", p.handle(p.checkEvidence))
}

// handle runs a page's handler and renders the error that it returns.
func (p *Pages) handle(h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			p.Fail(c, err)
		}
	}
}

// headers are on every page. No script or style but our own files, no frames, nothing kept by browsers or proxies in
// between, since most pages show health records. Referrer-Policy is same-origin and not stricter: with no-referrer,
// browsers hide the Origin of our own forms, by which requests of other sites are told apart.
func (p *Pages) headers(c *gin.Context) {
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
	h.Set("Vary", "Cookie, Accept-Language")
	if p.https() {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// https says that people reach these pages over https.
func (p *Pages) https() bool { return strings.HasPrefix(p.members[p.Org].PublicURL, "https://") }

// actor is the caller; routes behind auth.Require always have one.
func actor(c *gin.Context) consortium.Actor {
	a, _ := auth.ActorFrom(c.Request.Context())
	return a
}
