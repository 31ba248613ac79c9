package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
	"yilian.example/gateway/internal/web/view"
)

type findPage struct {
	Base
	Systems []string
	Problem string
}

// findForm asks for an identifier. It is sent in the body, never in an address: addresses are kept by browsers, proxies
// and logs.
func (p *Pages) findForm(c *gin.Context) error {
	return p.render(c, http.StatusOK, "find", findPage{Base: p.base(c, "find.title", ""), Systems: p.Systems})
}

func (p *Pages) find(c *gin.Context) error {
	page := findPage{Base: p.base(c, "find.title", ""), Systems: p.Systems}
	system, value := c.PostForm("system"), strings.TrimSpace(c.PostForm("value"))
	if !slices.Contains(p.Systems, system) || value == "" || len(value) > 128 {
		page.Problem = p.text(page.Lang, "find.missing")
		return p.render(c, http.StatusUnprocessableEntity, "find", page)
	}
	ref, err := p.Ref(system, value)
	if fault.Is(err, fault.Invalid) {
		page.Problem = p.text(page.Lang, "find.invalid")
		return p.render(c, http.StatusUnprocessableEntity, "find", page)
	}
	if err != nil {
		return fmt.Errorf("find patient: %w", err)
	}
	c.Redirect(http.StatusSeeOther, "/patients/"+url.PathEscape(string(ref)))
	return nil
}

type patientPage struct {
	Base
	Patient  consortium.PatientRef
	Person   *view.Record // who it is, where our own records say so and may be read
	Sections []view.Section
	Refused  []consortium.Reason // why our own records are not shown
	Holdings []holdingRow
	Hidden   []consortium.Reason // why it is not told who holds what
	Kinds    []consortium.Kind   // columns of Holdings
	Ask      askForm
	MayAsk   bool
}

// holdingRow is one member's holdings, a cell for each kind.
type holdingRow struct {
	Org   consortium.OrgID
	Own   bool
	Cells []exchange.Holding
	Total int
}

type askForm struct {
	Patient    consortium.PatientRef
	Custodians []consortium.OrgID
	Purpose    consortium.Purpose // the one that the reader's role is there for
	Kinds      []consortium.Kind
	Chosen     askChoice
	Problems   []link
}

type askChoice struct {
	Custodian consortium.OrgID
	Purpose   consortium.Purpose
	Kinds     []consortium.Kind
}

// patient shows who holds what on one person, our own records where the reader treats them, and the form to ask another
// member.
func (p *Pages) patient(c *gin.Context) error {
	page, err := p.patientPage(c)
	if err != nil {
		return err
	}
	return p.render(c, http.StatusOK, "patient", page)
}

func (p *Pages) patientPage(c *gin.Context) (patientPage, error) {
	patient := consortium.PatientRef(c.Param("patient"))
	if !patient.Valid() {
		return patientPage{}, fault.New(fault.NotFound, "NOT_FOUND", "There is no such page.")
	}
	a := actor(c)
	page := patientPage{
		Base:    p.base(c, "patient.title", "/patients/"+string(patient)),
		Patient: patient,
		Kinds:   consortium.PatientKinds(),
	}
	holdings, reasons, err := p.locate(c, a, patient)
	if err != nil {
		return patientPage{}, err
	}
	page.Hidden, page.Holdings = reasons, p.holdingRows(holdings)
	if a.Role == consortium.RoleClinician {
		versions, err := p.Records.List(c.Request.Context(), a, consortium.Treatment, patient, consortium.PatientKinds())
		if page.Refused, err = refusal(err); err != nil {
			return patientPage{}, fmt.Errorf("list records: %w", err)
		}
		if page.Refused == nil {
			page.Sections = view.Sections(versions)
			page.Person = person(page.Sections)
		}
	}
	page.Ask = p.askForm(c, a, patient, holdings)
	// Whoever may not even learn who holds what would be refused by our own policy before anything is sent.
	page.MayAsk = page.Hidden == nil
	return page, nil
}

// refusal separates what the policy refused, which the page explains, from what went wrong.
func refusal(err error) ([]consortium.Reason, error) {
	var refused *exchange.Refused
	if errors.As(err, &refused) {
		return refused.Decision.Reasons, nil
	}
	return nil, err
}

func (p *Pages) locate(
	c *gin.Context, a consortium.Actor, patient consortium.PatientRef,
) ([]exchange.Holding, []consortium.Reason, error) {
	holdings, err := p.Holdings.Locate(c.Request.Context(), a, staffPurpose(a), patient)
	reasons, err := refusal(err)
	if err != nil {
		return nil, nil, fmt.Errorf("locate records: %w", err)
	}
	return holdings, reasons, nil
}

// staffPurpose is why this role asks: doctors to treat, assessors for a claim.
func staffPurpose(a consortium.Actor) consortium.Purpose {
	if a.Role == consortium.RoleAssessor {
		return consortium.Payment
	}
	return consortium.Treatment
}

// person is the demographic record, for the head of the page.
func person(sections []view.Section) *view.Record {
	for _, s := range sections {
		if s.Kind == consortium.Demographics && len(s.First.Records) > 0 {
			return &s.First.Records[0]
		}
	}
	return nil
}

// holdingRows puts holdings into a table: a row for each member that holds something, ours first, then in the members'
// order.
func (p *Pages) holdingRows(holdings []exchange.Holding) []holdingRow {
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

// askForm offers the other members that hold something; where nobody is known to, every hospital: a holding may not be
// registered yet.
func (p *Pages) askForm(
	c *gin.Context, a consortium.Actor, patient consortium.PatientRef, holdings []exchange.Holding,
) askForm {
	f := askForm{Patient: patient, Kinds: consortium.PatientKinds(), Purpose: staffPurpose(a)}
	for _, m := range p.Members {
		org := consortium.OrgID(m.ID)
		holds := slices.ContainsFunc(holdings, func(h exchange.Holding) bool { return h.Org == org && h.Count > 0 })
		if org != p.Org && (holds || (len(holdings) == 0 && consortium.OrgKind(m.Kind) == consortium.Hospital)) {
			f.Custodians = append(f.Custodians, org)
		}
	}
	f.Chosen = chosen(c)
	if len(f.Custodians) == 1 {
		f.Chosen.Custodian = f.Custodians[0]
	}
	return f
}

// chosen reads the form that was sent.
func chosen(c *gin.Context) askChoice {
	choice := askChoice{
		Custodian: consortium.OrgID(c.PostForm("custodian")),
		Purpose:   consortium.Purpose(c.PostForm("purpose")),
	}
	for _, k := range c.PostFormArray("kind") {
		choice.Kinds = append(choice.Kinds, consortium.Kind(k))
	}
	return choice
}

// ask sends the request to the other member and goes to its answer.
func (p *Pages) ask(c *gin.Context) error {
	patient := consortium.PatientRef(c.Param("patient"))
	if !patient.Valid() {
		return fault.New(fault.NotFound, "NOT_FOUND", "There is no such page.")
	}
	a := actor(c)
	choice := chosen(c)
	if problems := p.askProblems(langOf(c), choice); len(problems) > 0 {
		page, err := p.patientPage(c)
		if err != nil {
			return err
		}
		page.Ask.Problems = problems
		return p.render(c, http.StatusUnprocessableEntity, "patient", page)
	}
	res, err := p.Requests.Ask(c.Request.Context(), a, choice.Purpose, patient, choice.Custodian, choice.Kinds)
	if reasons, err := refusal(err); err != nil {
		return fmt.Errorf("ask for records: %w", err)
	} else if reasons != nil {
		res = release.Result{Custodian: p.Org, Decision: consortium.Decision{Reasons: reasons}}
	}
	if res.ID != "" {
		c.Redirect(http.StatusSeeOther, "/releases/"+url.PathEscape(res.ID))
		return nil
	}
	// Refused by our own policy: nothing was sent, so there is no answer to come back to.
	res.Patient = patient
	return p.renderRelease(c, res)
}

func (p *Pages) askProblems(lang Lang, choice askChoice) []link {
	var problems []link
	add := func(field, key string) { problems = append(problems, link{Href: "#" + field, Text: p.text(lang, key)}) }
	if _, ok := p.members[choice.Custodian]; !ok || choice.Custodian == p.Org {
		add("custodian", "ask.missing.custodian")
	}
	if !choice.Purpose.Valid() {
		add("purpose", "ask.missing.purpose")
	}
	if len(choice.Kinds) == 0 || slices.ContainsFunc(choice.Kinds, func(k consortium.Kind) bool { return !k.Valid() }) {
		add("kinds", "ask.missing.kinds")
	}
	return problems
}
