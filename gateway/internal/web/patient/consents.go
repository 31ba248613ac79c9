package patient

import (
	"fmt"
	"net/http"
	"slices"
	"time"

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
	page.Notice = p.Notice(c, "consents.done.withdrawn")
	if page.Notice == "" && c.Query("done") == "granted" && slices.ContainsFunc(list, p.justGranted) {
		page.Notice = p.Text(page.Lang, "consents.done.granted")
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

// justGranted says whether a consent was signed a moment ago. The script that signs comes back with ?done=granted,
// which any link can have: the page only says so where it is true.
func (p *pages) justGranted(one consent.Consent) bool {
	return (one.State == consent.Pending || one.State == consent.Granted) && p.Now().Sub(one.CreatedAt) < grantedLately
}

// grantedLately is how long it is worth saying that a consent was signed.
const grantedLately = 5 * time.Minute

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
	p.Notify(c, "consents.done.withdrawn")
	c.Redirect(http.StatusSeeOther, "/me/consents")
	return nil
}
