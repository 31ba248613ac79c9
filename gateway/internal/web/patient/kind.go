package patient

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
	Purpose  consortium.Purpose // what the records were opened for
	Person   view.Person
	Kind     consortium.Kind
	Sections []view.Section
	Pager    site.Pager
}

// kind is the patient's records of one kind, page by page.
func (p *pages) kind(c *gin.Context) error {
	kind := consortium.Kind(c.Param("kind"))
	if !slices.Contains(consortium.PatientKinds(), kind) {
		return fault.New(fault.NotFound, site.CodeNotFound, "There is no such page.")
	}
	a := site.Actor(c)
	purpose, number := site.PurposeOf(a.Role), site.PageNumber(c)
	asked := view.KindPage(kind, number)
	listed, err := p.Records.List(c.Request.Context(), a, purpose, a.Patient, []consortium.Kind{kind}, asked)
	if err != nil {
		return fmt.Errorf("list records of a kind: %w", err)
	}
	return p.Render(c, http.StatusOK, "kind", kindPage{
		Base: p.Base(c, "kind."+string(kind), ""), Purpose: purpose, Kind: kind,
		Person: p.banner(c, a), Sections: view.Whole(view.Sections(listed)),
		Pager: site.NewPager(
			"/me/records/kinds/"+string(kind), number, asked.Skip, len(listed.Versions), listed.Totals[kind],
		),
	})
}
