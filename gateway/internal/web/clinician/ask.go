package clinician

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
	"yilian.example/gateway/internal/web/site"
)

type askForm struct {
	Patient    consortium.PatientRef
	Custodians []consortium.OrgID
	Purpose    consortium.Purpose // the one that the reader's role is there for
	Kinds      []consortium.Kind
	Chosen     askChoice
	Problems   []site.Link
}

type askChoice struct {
	Custodian consortium.OrgID
	Purpose   consortium.Purpose
	Kinds     []consortium.Kind
}

// askForm offers the other members that hold something or did not answer; where nobody is known to, every hospital: a
// holding may not be registered yet.
func (p *pages) askForm(
	c *gin.Context, a consortium.Actor, patient consortium.PatientRef, holdings []exchange.Holding,
) askForm {
	f := askForm{Patient: patient, Kinds: consortium.PatientKinds(), Purpose: site.PurposeOf(a.Role)}
	for _, m := range p.Members {
		org := consortium.OrgID(m.ID)
		may := slices.ContainsFunc(holdings, func(h exchange.Holding) bool {
			return h.Org == org && (h.Count > 0 || h.Unreached)
		})
		if org != p.Org && (may || (len(holdings) == 0 && consortium.OrgKind(m.Kind) == consortium.Hospital)) {
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
func (p *pages) ask(c *gin.Context) error {
	patient := consortium.PatientRef(c.Param("patient"))
	if !patient.Valid() {
		return fault.New(fault.NotFound, codeNotFound, "There is no such page.")
	}
	a := site.Actor(c)
	choice := chosen(c)
	if problems := p.askProblems(site.LangOf(c), choice); len(problems) > 0 {
		page, err := p.patientPage(c)
		if err != nil {
			return err
		}
		page.Ask.Problems = problems
		return p.Render(c, http.StatusUnprocessableEntity, "patient", page)
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

func (p *pages) askProblems(lang site.Lang, choice askChoice) []site.Link {
	var problems []site.Link
	add := func(field, key string) {
		problems = append(problems, site.Link{Href: "#" + field, Text: p.Text(lang, key)})
	}
	if _, ok := p.Member(choice.Custodian); !ok || choice.Custodian == p.Org {
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
