// Package site is the shell of the pages for people: layout, language, navigation, error pages, static files and the
// texts that all pages share. Pages are rendered on the server, Chinese first and English, and work without script, but
// for signing a consent. Each kind of reader has a package of its own beside this one, which opens its templates and
// texts here (Site.Open) and adds its addresses (Site.Group).
//
// The shell decides no permission, knows no database or ledger, and knows of an audience only its line in the
// navigation table.
package site

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/auth"
	"yilian.example/gateway/internal/charset"
)

// Deps is what the shell needs. Every field is required but where it says otherwise.
type Deps struct {
	Org     consortium.OrgID
	Members []config.Member // names and addresses of all members, to show

	// Authenticate puts the caller into the request's context and calls fail for a bad session or token
	// (auth.Auth.Authenticate).
	Authenticate func(fail auth.Fail) gin.HandlerFunc

	Logger *slog.Logger
	Now    func() time.Time // nil: time.Now
	// RequestID names the request for support; nil: the response header X-Request-Id.
	RequestID func(*gin.Context) string
}

// Site is the shell. It is safe for concurrent use once every audience has added its addresses.
type Site struct {
	Deps
	members map[consortium.OrgID]config.Member
	assets  map[string]asset
	routes  gin.IRouter
	served  map[string]bool // addresses that pages have, for the navigation
	shell   *Pages          // the shell's own pages
}

// New checks the dependencies and adds the shell's own addresses to r: /, /about/proof and /static/.
func New(r gin.IRouter, deps Deps) (*Site, error) {
	if deps.Authenticate == nil || deps.Logger == nil || deps.Org == "" || len(deps.Members) == 0 {
		return nil, errors.New("site: Org, Members, Authenticate and Logger are required")
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	if deps.RequestID == nil {
		deps.RequestID = func(c *gin.Context) string { return c.Writer.Header().Get("X-Request-Id") }
	}
	s := &Site{Deps: deps, members: map[consortium.OrgID]config.Member{}, served: map[string]bool{}}
	for _, m := range deps.Members {
		s.members[consortium.OrgID(m.ID)] = m
	}
	var err error
	if s.assets, err = loadAssets(); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	if s.shell, err = s.Open(templates, nil); err != nil {
		return nil, fmt.Errorf("site: %w", err)
	}
	r.GET("/static/:name", s.serveAsset)
	s.routes = r.Group("/", s.headers, s.chooseLang, s.Authenticate(s.Fail))
	open := s.Group("/")
	open.GET("/", s.home)
	open.GET("/about/proof", s.about)
	return s, nil
}

// Handler makes a page. It returns an error instead of showing it: Site.Fail alone does that.
type Handler func(*gin.Context) error

// Group is the addresses below one path, behind the same guards.
type Group struct {
	site   *Site
	routes *gin.RouterGroup
}

// Group adds addresses below path. Guards are auth.Require with the roles that the pages are for.
func (s *Site) Group(path string, guards ...gin.HandlerFunc) Group {
	return Group{s, s.routes.Group(path, guards...)}
}

// GET adds a page; path is below the group's.
func (g Group) GET(path string, h Handler) {
	g.routes.GET(path, g.site.handle(h))
	g.site.served[join(g.routes.BasePath(), path)] = true
}

// POST adds what answers a form.
func (g Group) POST(path string, h Handler) { g.routes.POST(path, g.site.handle(h)) }

func join(base, path string) string {
	return "/" + strings.Trim(strings.TrimSuffix(base, "/")+path, "/")
}

// handle runs a page's handler and renders the error that it returns.
func (s *Site) handle(h Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		err := charset.Check(c.Request)
		if err == nil {
			err = h(c)
		}
		if err != nil {
			s.Fail(c, err)
		}
	}
}

// Member returns a member's entry in the configuration, or false for who is none.
func (s *Site) Member(id consortium.OrgID) (config.Member, bool) {
	m, ok := s.members[id]
	return m, ok
}

// Actor returns the caller; addresses behind auth.Require always have one.
func Actor(c *gin.Context) consortium.Actor {
	a, _ := auth.ActorFrom(c.Request.Context())
	return a
}
