package patient

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/view"
)

type recordsPage struct {
	site.Base
	Purpose  consortium.Purpose // what the records were opened for
	Person   view.Person
	Sections []view.Section
}

// records is what this organisation holds on the patient: what must not be missed whole, of the rest the newest, with
// the way to all of it.
func (p *pages) records(c *gin.Context) error {
	a := site.Actor(c)
	purpose := site.PurposeOf(a.Role)
	kinds := consortium.PatientKinds()
	listed, err := p.Records.List(c.Request.Context(), a, purpose, a.Patient, kinds, view.Overview())
	if err != nil {
		return fmt.Errorf("list records: %w", err)
	}
	page := recordsPage{
		Base: p.Base(c, "records.title", ""), Purpose: purpose, Sections: view.Sections(listed),
		Person: view.PersonOf(listed.Versions, kinds),
	}
	return p.Render(c, http.StatusOK, "records", page)
}

type recordPage struct {
	site.Base
	Purpose   consortium.Purpose // what the record was opened for
	Person    view.Person
	Record    view.Record
	Witnessed bool
	Raw       string // the record as received, for those who want to see it
}

func (p *pages) record(c *gin.Context) error {
	a := site.Actor(c)
	purpose := site.PurposeOf(a.Role)
	v, err := p.Records.Read(c.Request.Context(), a, purpose, p.recordRef(c), 0)
	if err != nil {
		return fmt.Errorf("read record: %w", err)
	}
	witnessed, err := p.Proofs.Witnessed(c.Request.Context(), []string{v.Entry})
	if err != nil {
		return fmt.Errorf("look up proof: %w", err)
	}
	page := recordPage{
		Base:      p.Base(c, "record.title", ""),
		Purpose:   purpose,
		Person:    p.banner(c, a),
		Record:    view.Of(v),
		Witnessed: witnessed[v.Entry],
		Raw:       indent(v.Content),
	}
	if err := p.resolve(c, a, &page); err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "record", page)
}

// banner reads whom a page about one record is about. What cannot be read shows as not reached: the banner never keeps
// a patient from their record.
func (p *pages) banner(c *gin.Context, a consortium.Actor) view.Person {
	kinds := view.BannerKinds()
	listed, err := p.Records.List(c.Request.Context(), a, site.PurposeOf(a.Role), a.Patient, kinds, exchange.Page{})
	if err != nil {
		p.Logger.WarnContext(c.Request.Context(), "banner not reached", "error", err)
		return view.PersonOf(nil, nil)
	}
	return view.PersonOf(listed.Versions, kinds)
}

// resolve fetches the results that a report names.
func (p *pages) resolve(c *gin.Context, a consortium.Actor, page *recordPage) error {
	if len(page.Record.Results) == 0 {
		return nil
	}
	kinds := []consortium.Kind{consortium.Observations}
	asked := view.ResultsOf(page.Record)
	listed, err := p.Records.List(c.Request.Context(), a, page.Purpose, a.Patient, kinds, asked)
	if err != nil {
		return fmt.Errorf("list a report's results: %w", err)
	}
	resolved := []view.Record{page.Record}
	view.Resolve(resolved, listed.Versions)
	page.Record = resolved[0]
	return nil
}

func (p *pages) recordRef(c *gin.Context) exchange.RecordRef {
	return exchange.RecordRef{Org: p.Org, Type: c.Param("type"), ID: c.Param("id")}
}

// recordEvidence returns the file by which a stranger can check the record.
func (p *pages) recordEvidence(c *gin.Context) error {
	ref := p.recordRef(c)
	a := site.Actor(c)
	file, err := p.Evidence.Evidence(c.Request.Context(), a, site.PurposeOf(a.Role), ref.Type, ref.ID)
	if err != nil {
		return fmt.Errorf("build evidence: %w", err)
	}
	site.SendEvidence(c, ref.Type, ref.ID, file)
	return nil
}

// indent lays out JSON for reading; what is not JSON stays as it is.
func indent(content []byte) string {
	var out bytes.Buffer
	if err := json.Indent(&out, content, "", "  "); err != nil {
		return string(content)
	}
	return out.String()
}
