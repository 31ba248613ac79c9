package clinician

import (
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/view"
)

type recordPage struct {
	site.Base
	Patient consortium.PatientRef
	Purpose consortium.Purpose // what the record was opened for
	Person  view.Person
	Record  view.Record
}

// record shows one of our own records by itself, a report with its results.
func (p *pages) record(c *gin.Context) error {
	patient := consortium.PatientRef(c.Param("patient"))
	a := site.Actor(c)
	purpose := site.PurposeOf(a.Role)
	ref := exchange.RecordRef{Org: p.Org, Type: c.Param("type"), ID: c.Param("record")}
	v, err := p.Records.Read(c.Request.Context(), a, purpose, ref, 0)
	if fault.Is(err, fault.Forbidden) || err == nil && v.Patient != patient {
		// As if there were none: nobody learns from an answer whose records are here.
		err = fault.New(fault.NotFound, codeNotFound, "There is no such record.")
	}
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	page := recordPage{
		Base:    p.Base(c, "record.title", "/patients/"+string(patient)),
		Patient: patient, Purpose: purpose, Person: p.banner(c, patient), Record: view.Of(v),
	}
	page.PrintName = page.Person.Name
	if err := p.resolve(c, a, &page); err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "record", page)
}

// resolve fetches the results that a report names. Those that the reader may not see are said to be missing.
func (p *pages) resolve(c *gin.Context, a consortium.Actor, page *recordPage) error {
	if len(page.Record.Results) == 0 {
		return nil
	}
	kinds := []consortium.Kind{consortium.Observations}
	asked := view.ResultsOf(page.Record)
	listed, err := p.Records.List(c.Request.Context(), a, page.Purpose, page.Patient, kinds, asked)
	if _, err = refusal(err); err != nil {
		return fmt.Errorf("list a report's results: %w", err)
	}
	resolved := []view.Record{page.Record}
	view.Resolve(resolved, listed.Versions)
	page.Record = resolved[0]
	return nil
}
