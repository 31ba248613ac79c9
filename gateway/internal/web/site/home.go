package site

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"yilian.example/gateway/internal/auth"
)

type homePage struct {
	Base
}

// home tells strangers what this is, and takes everybody else to where their work is.
func (s *Site) home(c *gin.Context) error {
	if a, known := auth.ActorFrom(c.Request.Context()); known {
		if entries := s.entries(a.Role); len(entries) > 0 {
			c.Redirect(http.StatusSeeOther, entries[0].path)
			return nil
		}
	}
	return s.shell.Render(c, http.StatusOK, "home", homePage{Base: s.shell.Base(c, "home.title", "")})
}

type aboutPage struct {
	Base
	Steps []string // keys: about.<step> and about.<step>.text
}

// about explains what is proven and how anybody can check it.
func (s *Site) about(c *gin.Context) error {
	return s.shell.Render(c, http.StatusOK, "about", aboutPage{
		Base: s.shell.Base(c, "about.title", ""), Steps: []string{"log", "tree", "ledger", "consent", "access"},
	})
}
