package patient

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/web/site"
)

type grantPage struct {
	site.Base
	Options  []grantOption
	Kinds    []grantKind
	Periods  []grantPeriod
	Problems []site.Link // what is missing, each with the field that it is about
}

// grantOption is one recipient with the purpose that it can serve: a hospital treats, an insurer pays.
type grantOption struct {
	Value     string
	Recipient consortium.OrgID
	Purpose   consortium.Purpose
	Chosen    bool
}

type grantKind struct {
	Kind   consortium.Kind
	Chosen bool
}

type grantPeriod struct {
	Days   int
	Until  time.Time
	Chosen bool
}

// grantDays are the periods that can be chosen, at most a year.
var grantDays = []int{7, 30, 90, 365}

// purposeOf says what a sort of member may receive records for.
var purposeOf = map[consortium.OrgKind]consortium.Purpose{
	consortium.Hospital: consortium.Treatment,
	consortium.Insurer:  consortium.Payment,
}

// grantForm asks for recipient, kinds and period. Nothing is chosen beforehand: consent is the patient's own act (PIPL
// 5, 14).
func (p *pages) grantForm(c *gin.Context) error {
	return p.Render(c, http.StatusOK, "grant", p.grantPage(c))
}

func (p *pages) grantPage(c *gin.Context) grantPage {
	page := grantPage{Base: p.Base(c, "grant.title", "")}
	for _, m := range p.Members {
		purpose, ok := purposeOf[consortium.OrgKind(m.Kind)]
		if !ok || m.ID == string(p.Org) {
			continue
		}
		value := m.ID + " " + string(purpose)
		page.Options = append(page.Options, grantOption{value, consortium.OrgID(m.ID), purpose, c.PostForm("who") == value})
	}
	for _, k := range consortium.PatientKinds() {
		page.Kinds = append(page.Kinds, grantKind{k, slices.Contains(c.PostFormArray("kind"), string(k))})
	}
	for _, days := range grantDays {
		page.Periods = append(
			page.Periods, grantPeriod{days, p.Now().AddDate(0, 0, days), c.PostForm("days") == strconv.Itoa(days)},
		)
	}
	return page
}

type statementPage struct {
	site.Base
	Heading string
	Lines   []string
	Draft   consent.Draft // embedded as data; static/consent.js signs over it
}

// grantStatement shows the statement in plain words, ready to be signed. Nothing is stored yet.
func (p *pages) grantStatement(c *gin.Context) error {
	page := p.grantPage(c)
	choice, problems := p.grantChoice(c, page)
	if len(problems) > 0 {
		page.Problems = problems
		return p.Render(c, http.StatusUnprocessableEntity, "grant", page)
	}
	draft, err := p.Consents.Draft(c.Request.Context(), site.Actor(c), choice)
	if fault.Is(err, fault.Invalid) {
		page.Problems = []site.Link{{Href: "#who", Text: p.ErrorText(page.Lang, fault.Of(err))}}
		return p.Render(c, http.StatusUnprocessableEntity, "grant", page)
	}
	if err != nil {
		return fmt.Errorf("draft consent: %w", err)
	}
	lines := strings.Split(draft.Statement.Text, "\n")
	return p.Render(c, http.StatusOK, "statement", statementPage{
		Base: p.Base(c, "statement.title", "/me/consents/new"), Heading: lines[0], Lines: lines[1:], Draft: draft,
	})
}

func (p *pages) grantChoice(c *gin.Context, page grantPage) (consent.Choice, []site.Link) {
	choice := consent.Choice{Lang: consent.Lang(page.Lang)}
	var problems []site.Link
	missing := func(field, key string) {
		problems = append(problems, site.Link{Href: "#" + field, Text: p.Text(page.Lang, key)})
	}
	if i := slices.IndexFunc(page.Options, func(o grantOption) bool { return o.Chosen }); i >= 0 {
		choice.Recipient, choice.Purpose = page.Options[i].Recipient, page.Options[i].Purpose
	} else {
		missing("who", "grant.missing.who")
	}
	for _, k := range page.Kinds {
		if k.Chosen {
			choice.Kinds = append(choice.Kinds, k.Kind)
		}
	}
	if len(choice.Kinds) == 0 {
		missing("kinds", "grant.missing.kinds")
	}
	if i := slices.IndexFunc(page.Periods, func(o grantPeriod) bool { return o.Chosen }); i >= 0 {
		choice.Until = page.Periods[i].Until
	} else {
		missing("period", "grant.missing.period")
	}
	return choice, problems
}
