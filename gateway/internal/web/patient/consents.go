package patient

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"yilian.example/consent"
	"yilian.example/gateway/internal/web/site"
)

type consentsPage struct {
	site.Base
	Current []consentLine
	Past    []consentLine
}

type consentLine struct {
	consent.Consent
	// Shown is where it stands in a reader's eyes: pending, active, expired, refused or withdrawn.
	Shown string
	Open  bool // can be withdrawn
}

// consents lists what the patient granted at this organisation.
func (p *pages) consents(c *gin.Context) error {
	list, err := p.Consents.List(c.Request.Context(), site.Actor(c))
	if err != nil {
		return fmt.Errorf("list consents: %w", err)
	}
	page := consentsPage{Base: p.Base(c, "consents.title", "")}
	if key := "consents.done." + c.Query("done"); p.HasText(key) {
		page.Notice = p.Text(page.Lang, key)
	}
	for _, one := range list {
		line := p.consentLine(one)
		if line.Open {
			page.Current = append(page.Current, line)
		} else {
			page.Past = append(page.Past, line)
		}
	}
	return p.Render(c, http.StatusOK, "consents", page)
}

func (p *pages) consentLine(one consent.Consent) consentLine {
	line := consentLine{Consent: one, Shown: string(one.State)}
	over := !p.Now().Before(one.Terms.Until)
	switch {
	case over && (one.State == consent.Granted || one.State == consent.Pending):
		line.Shown = "expired"
	case one.State == consent.Granted:
		line.Shown, line.Open = "active", true
	case one.State == consent.Pending:
		line.Open = true
	}
	return line
}

// withdraw takes a consent back. One click, no question asked: taking back must not be harder than giving (PIPL 15).
func (p *pages) withdraw(c *gin.Context) error {
	if _, err := p.Consents.Withdraw(c.Request.Context(), site.Actor(c), consent.ID(c.Param("id"))); err != nil {
		return fmt.Errorf("withdraw consent: %w", err)
	}
	c.Redirect(http.StatusSeeOther, "/me/consents?done=withdrawn")
	return nil
}
