package web

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/internal/auth"
)

type homePage struct {
	Base
}

// home tells strangers what this is, and takes everybody else to where their work is.
func (p *Pages) home(c *gin.Context) error {
	if a, known := auth.ActorFrom(c.Request.Context()); known {
		if to, ok := homes[a.Role]; ok {
			c.Redirect(http.StatusSeeOther, to)
			return nil
		}
	}
	return p.render(c, http.StatusOK, "home", homePage{Base: p.base(c, "home.title", "")})
}

var homes = map[consortium.Role]string{
	consortium.RolePatient:   "/me/records",
	consortium.RoleClinician: "/patients",
	consortium.RoleAssessor:  "/patients",
	consortium.RoleAuditor:   "/audit",
}

type aboutPage struct {
	Base
	Steps []string // keys: about.<step> and about.<step>.text
}

// about explains what is proven and how anybody can check it.
func (p *Pages) about(c *gin.Context) error {
	return p.render(c, http.StatusOK, "about", aboutPage{
		Base: p.base(c, "about.title", ""), Steps: []string{"log", "tree", "ledger", "consent", "access"},
	})
}
