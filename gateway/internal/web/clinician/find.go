package clinician

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/web/site"
)

type findPage struct {
	site.Base
	Systems []string
	Problem string
}

// findForm asks for an identifier. It is sent in the body, never in an address: addresses are kept by browsers, proxies
// and logs.
func (p *pages) findForm(c *gin.Context) error {
	return p.Render(c, http.StatusOK, "find", findPage{Base: p.Base(c, "find.title", ""), Systems: p.Systems})
}

func (p *pages) find(c *gin.Context) error {
	page := findPage{Base: p.Base(c, "find.title", ""), Systems: p.Systems}
	system, value := c.PostForm("system"), strings.TrimSpace(c.PostForm("value"))
	if !slices.Contains(p.Systems, system) || value == "" || len(value) > 128 {
		page.Problem = p.Text(page.Lang, "find.missing")
		return p.Render(c, http.StatusUnprocessableEntity, "find", page)
	}
	ref, err := p.Ref(system, value)
	if fault.Is(err, fault.Invalid) {
		page.Problem = p.Text(page.Lang, "find.invalid")
		return p.Render(c, http.StatusUnprocessableEntity, "find", page)
	}
	if err != nil {
		return fmt.Errorf("find patient: %w", err)
	}
	c.Redirect(http.StatusSeeOther, "/patients/"+url.PathEscape(string(ref)))
	return nil
}
