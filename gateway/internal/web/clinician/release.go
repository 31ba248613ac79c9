package clinician

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/release"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/view"
)

type releasePage struct {
	site.Base
	Result   release.Result
	Person   view.Person
	Sent     bool             // the request reached the custodian; else our own policy refused it
	By       consortium.OrgID // who decided
	Sections []view.Section
	Records  []releasedRecord // one by one, for their evidence files
	// AskPatient says that the patient's consent would change the answer, and where they can give it.
	AskPatient bool
	ConsentURL string
}

// releasedRecord is one record that came.
type releasedRecord struct {
	view.Record
	Witnessed bool // proven to stand in the custodian's log, as the members attest it
}

// release shows a custodian's answer: the records, or why not and what to do next.
func (p *pages) release(c *gin.Context) error {
	res, err := p.Requests.Show(c.Request.Context(), site.Actor(c), c.Param("id"))
	if err != nil {
		return fmt.Errorf("show release: %w", err)
	}
	return p.renderRelease(c, res)
}

// releaseMore asks for the records that follow those of an answer: a request of its own, with a page of its own.
func (p *pages) releaseMore(c *gin.Context) error {
	res, err := p.Requests.More(c.Request.Context(), site.Actor(c), c.Param("id"))
	if err != nil {
		return fmt.Errorf("ask for what follows: %w", err)
	}
	if res.ID == "" {
		return p.renderRelease(c, res)
	}
	c.Redirect(http.StatusSeeOther, "/releases/"+url.PathEscape(res.ID))
	return nil
}

// releaseEvidence returns the evidence file of one record that came.
func (p *pages) releaseEvidence(c *gin.Context) error {
	typ, id := c.Param("type"), c.Param("record")
	file, err := p.Evidence.ReceivedEvidence(c.Request.Context(), site.Actor(c), c.Param("id"), typ, id)
	if err != nil {
		return fmt.Errorf("build evidence of what was received: %w", err)
	}
	site.SendEvidence(c, typ, id, file)
	return nil
}

// consentHelps are the reasons that the patient can lift by granting a consent.
var consentHelps = map[string]bool{
	"CONSENT_MISSING":   true,
	"CONSENT_EXPIRED":   true,
	"CONSENT_WITHDRAWN": true,
	"CONSENT_RECIPIENT": true,
	"CONSENT_PURPOSE":   true,
	"CONSENT_KIND":      true,
	"CONSENT_REFUSED":   true,
}

func (p *pages) renderRelease(c *gin.Context, res release.Result) error {
	title, status := "release.title", http.StatusOK
	if !res.Decision.Allow {
		title, status = "release.refused", http.StatusForbidden
	}
	page := releasePage{
		Base:     p.Base(c, title, "/patients/"+string(res.Patient)),
		Result:   res,
		Sections: view.Sections(exchange.Listing{Versions: res.Records}),
		Person:   p.releaseBanner(c, res),
		Sent:     res.ID != "",
		By:       res.Decision.Query.Custodian,
	}
	page.PrintName = page.Person.Name
	for i, v := range res.Records {
		page.Records = append(page.Records, releasedRecord{view.Of(v), i < len(res.Witnessed) && res.Witnessed[i]})
	}
	for _, r := range res.Decision.Reasons {
		if consentHelps[r.Code] && page.Sent {
			page.AskPatient = true
			custodian, _ := p.Member(res.Custodian)
			page.ConsentURL = custodian.PublicURL + "/me/consents/new"
		}
	}
	return p.Render(c, status, "release", page)
}
