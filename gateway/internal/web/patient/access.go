package patient

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/internal/web/site"
)

// accessPageSize is how many entries one page shows.
const accessPageSize = 30

type accessPage struct {
	site.Base
	Entries []accessLine
	Earlier int64 // number below which the next page begins; 0: there is none
	Newest  bool  // this is the first page
}

type accessLine struct {
	Seq       int64
	Time      time.Time
	Decision  consortium.Decision
	Witnessed bool
	Self      bool // the patient themself
}

// access shows who looked at the patient's records here, and why.
func (p *pages) access(c *gin.Context) error {
	a := site.Actor(c)
	before, err := strconv.ParseInt(c.DefaultQuery("before", "0"), 10, 64)
	if err != nil || before < 0 {
		before = 0
	}
	entries, err := p.Access.AccessHistory(c.Request.Context(), a.Patient, before, accessPageSize)
	if err != nil {
		return fmt.Errorf("list accesses: %w", err)
	}
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.Entry
	}
	witnessed, err := p.Proofs.Witnessed(c.Request.Context(), ids)
	if err != nil {
		return fmt.Errorf("look up proofs: %w", err)
	}
	page := accessPage{Base: p.Base(c, "access.title", ""), Newest: before == 0}
	for _, e := range entries {
		who := e.Decision.Query.Actor
		page.Entries = append(page.Entries, accessLine{
			Seq: e.Seq, Time: e.Time, Decision: e.Decision, Witnessed: witnessed[e.Entry],
			Self: who.Role == consortium.RolePatient && who.Patient == a.Patient,
		})
	}
	if n := len(page.Entries); n == accessPageSize && page.Entries[n-1].Seq > 1 {
		page.Earlier = page.Entries[n-1].Seq
	}
	return p.Render(c, http.StatusOK, "access", page)
}
