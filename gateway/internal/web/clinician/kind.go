package clinician

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/view"
)

type kindPage struct {
	site.Base
	Patient  consortium.PatientRef
	Purpose  consortium.Purpose // what the page was opened for
	Person   view.Person
	Kind     consortium.Kind
	Sections []view.Section
	Pager    site.Pager
}

// kind shows our own records of one kind, page by page.
func (p *pages) kind(c *gin.Context) error {
	patient, kind := consortium.PatientRef(c.Param("patient")), consortium.Kind(c.Param("kind"))
	if !patient.Valid() || !slices.Contains(consortium.PatientKinds(), kind) {
		return fault.New(fault.NotFound, codeNotFound, "There is no such page.")
	}
	a := site.Actor(c)
	purpose, number := site.PurposeOf(a.Role), site.PageNumber(c)
	asked := view.KindPage(kind, number)
	listed, err := p.Records.List(c.Request.Context(), a, purpose, patient, []consortium.Kind{kind}, asked)
	if err != nil {
		return fmt.Errorf("list records of a kind: %w", err)
	}
	base := "/patients/" + string(patient)
	page := kindPage{
		Base: p.Base(c, "kind."+string(kind), ""), Patient: patient, Purpose: purpose, Kind: kind,
		Person: p.banner(c, patient), Sections: view.Whole(view.Sections(listed)),
		Pager: site.NewPager(
			base+"/kinds/"+string(kind), number, asked.Skip, len(listed.Versions), listed.Totals[kind],
		),
	}
	page.PrintName = page.Person.Name
	return p.Render(c, http.StatusOK, "kind", page)
}
