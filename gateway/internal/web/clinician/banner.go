package clinician

import (
	"slices"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/release"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/view"
)

// banner reads whom a page is about from our own records, so that nobody acts on the wrong person's. What cannot be
// read shows as not reached: the banner never keeps a reader from what the page is for.
func (p *pages) banner(c *gin.Context, patient consortium.PatientRef) view.Person {
	versions, reached := p.identity(c, patient)
	return view.PersonOf(versions, reached)
}

// identity returns the records that a banner is made of, and the kinds that were reached.
func (p *pages) identity(
	c *gin.Context, patient consortium.PatientRef,
) ([]exchange.Version, []consortium.Kind) {
	a := site.Actor(c)
	if a.Role != consortium.RoleClinician || !patient.Valid() {
		return nil, nil
	}
	kinds := view.BannerKinds()
	listed, err := p.Records.List(c.Request.Context(), a, site.PurposeOf(a.Role), patient, kinds, exchange.Page{})
	if reasons, err := refusal(err); err != nil || reasons != nil {
		if err != nil {
			p.Logger.WarnContext(c.Request.Context(), "banner not reached", "error", err)
		}
		return nil, nil
	}
	return listed.Versions, kinds
}

// releaseBanner is the banner of another member's answer: of what we hold and what came. Unless both told of
// allergies, it says that some were not reached.
func (p *pages) releaseBanner(c *gin.Context, res release.Result) view.Person {
	versions, reached := p.identity(c, res.Patient)
	came := slices.Contains(res.Decision.Query.Kinds, consortium.Diagnoses) && res.Decision.Allow
	if site.Actor(c).Role != consortium.RoleClinician {
		reached = res.Decision.Query.Kinds // an assessor's organisation holds nothing itself
	}
	if !came {
		reached = nil
	}
	return view.PersonOf(append(versions, res.Records...), reached)
}
