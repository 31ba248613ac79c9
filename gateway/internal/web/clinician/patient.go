package clinician

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/web/site"
	"yilian.example/gateway/internal/web/view"
)

type patientPage struct {
	site.Base
	Patient  consortium.PatientRef
	Purpose  consortium.Purpose // what the page was opened for
	Person   view.Person        // who it is, where our own records say so and may be read
	Sections []view.Section
	Refused  []consortium.Reason // why our own records are not shown
	Holdings []holdingRow
	// Unreached are members that did not answer: that they hold nothing is not known.
	Unreached []consortium.OrgID
	Hidden    []consortium.Reason // why it is not told who holds what
	Kinds     []consortium.Kind   // columns of Holdings
	Ask       askForm
	MayAsk    bool
}

// holdingRow is one member's holdings, a cell for each kind.
type holdingRow struct {
	Org   consortium.OrgID
	Own   bool
	Cells []exchange.Holding
	Total int
}

// patient shows who holds what on one person, our own records where the reader treats them, and the form to ask another
// member.
func (p *pages) patient(c *gin.Context) error {
	page, err := p.patientPage(c)
	if err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "patient", page)
}

func (p *pages) patientPage(c *gin.Context) (patientPage, error) {
	patient := consortium.PatientRef(c.Param("patient"))
	if !patient.Valid() {
		return patientPage{}, fault.New(fault.NotFound, codeNotFound, "There is no such page.")
	}
	a := site.Actor(c)
	page := patientPage{
		Base:    p.Base(c, "patient.title", "/patients/"+string(patient)),
		Patient: patient,
		Purpose: site.PurposeOf(a.Role),
		Kinds:   consortium.PatientKinds(),
		Person:  view.PersonOf(nil, nil),
	}
	holdings, reasons, err := p.locate(c, a, patient)
	if err != nil {
		return patientPage{}, err
	}
	page.Hidden, page.Holdings, page.Unreached = reasons, p.holdingRows(holdings), unreached(holdings)
	if a.Role == consortium.RoleClinician {
		if err := p.own(c, a, &page); err != nil {
			return patientPage{}, err
		}
	}
	page.Ask = p.askForm(c, a, patient, holdings)
	// Whoever may not even learn who holds what would be refused by our own policy before anything is sent.
	page.MayAsk = page.Hidden == nil
	return page, nil
}

// own fills in what our own records say, as far as the reader may see them.
func (p *pages) own(c *gin.Context, a consortium.Actor, page *patientPage) error {
	kinds := consortium.PatientKinds()
	listed, err := p.Records.List(c.Request.Context(), a, page.Purpose, page.Patient, kinds, view.Overview())
	if page.Refused, err = refusal(err); err != nil {
		return fmt.Errorf("list records: %w", err)
	}
	if page.Refused == nil {
		page.Sections = view.Sections(listed)
		page.Person = view.PersonOf(listed.Versions, kinds)
		page.PrintName = page.Person.Name
	}
	return nil
}

// refusal separates what the policy refused, which the page explains, from what went wrong.
func refusal(err error) ([]consortium.Reason, error) {
	var refused *exchange.Refused
	if errors.As(err, &refused) {
		return refused.Decision.Reasons, nil
	}
	return nil, err
}

func (p *pages) locate(
	c *gin.Context, a consortium.Actor, patient consortium.PatientRef,
) ([]exchange.Holding, []consortium.Reason, error) {
	holdings, err := p.Holdings.Locate(c.Request.Context(), a, site.PurposeOf(a.Role), patient)
	reasons, err := refusal(err)
	if err != nil {
		return nil, nil, fmt.Errorf("locate records: %w", err)
	}
	return holdings, reasons, nil
}

// unreached returns the members that did not answer.
func unreached(holdings []exchange.Holding) []consortium.OrgID {
	var out []consortium.OrgID
	for _, h := range holdings {
		if h.Unreached {
			out = append(out, h.Org)
		}
	}
	return out
}

// holdingRows puts holdings into a table: a row for each member that holds something, ours first, then in the members'
// order.
func (p *pages) holdingRows(holdings []exchange.Holding) []holdingRow {
	var rows []holdingRow
	for _, m := range p.Members {
		row := holdingRow{Org: consortium.OrgID(m.ID), Own: m.ID == string(p.Org)}
		for _, kind := range consortium.PatientKinds() {
			cell := exchange.Holding{Org: row.Org, Kind: kind}
			for _, h := range holdings {
				if h.Org == row.Org && h.Kind == kind {
					cell = h
				}
			}
			row.Cells = append(row.Cells, cell)
			row.Total += cell.Count
		}
		if row.Total == 0 {
			continue
		}
		if row.Own {
			rows = slices.Insert(rows, 0, row)
		} else {
			rows = append(rows, row)
		}
	}
	return rows
}
