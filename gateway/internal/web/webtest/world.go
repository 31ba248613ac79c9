package webtest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/consent"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/auth"
	"yilian.example/gateway/internal/web/site"
)

// World stands behind the pages in tests: fakes of the domains, for one caller, with a browser in front.
type World struct {
	Browser
	Caller *consortium.Actor // nil: nobody is signed in

	Versions  []exchange.Version
	Entries   []exchange.AccessEntry
	Seen      map[string]bool // log entries that are witnessed
	Grants    []consent.Consent
	Withdrawn []consent.ID
	Holdings  []exchange.Holding
	Result    release.Result
	Asked     []string // what reached the services, for tests to look at
	Fail      error    // what every service answers, where set
}

// NewWorld returns one with what the demonstration's hospital holds.
func NewWorld(t testing.TB, caller *consortium.Actor) *World {
	gin.SetMode(gin.TestMode)
	s := &World{Browser: Browser{T: t}, Caller: caller, Versions: demoVersions(t), Seen: map[string]bool{}}
	s.Entries, s.Grants, s.Holdings = demoAccess(), demoConsents(), demoHoldings()
	for i := range s.Versions {
		s.Seen[s.Versions[i].Entry] = i%7 != 0
	}
	return s
}

// Open puts the shell and the audiences' pages before the world.
func (s *World) Open(audiences ...func(*site.Site) error) *World {
	s.T.Helper()
	r := gin.New()
	pages, err := site.New(r, site.Deps{
		Org: "donghu", Members: Members, Authenticate: s.authenticate, Logger: slog.New(slog.DiscardHandler),
		Now:       func() time.Time { return Now },
		RequestID: func(*gin.Context) string { return "4f1c0a52-6d0e-4a44-9d4f-2f1f5e0c7a11" },
	})
	if err != nil {
		s.T.Fatal(err)
	}
	for _, register := range audiences {
		if err := register(pages); err != nil {
			s.T.Fatal(err)
		}
	}
	r.NoRoute(func(c *gin.Context) { pages.Fail(c, fault.New(fault.NotFound, CodeNotFound, "")) })
	s.Handler = r
	return s
}

// authenticate stands in for auth.Auth: through its real middleware for the roles, with the caller given.
func (s *World) authenticate(fail auth.Fail) gin.HandlerFunc {
	return func(c *gin.Context) {
		auth.SetFail(c, fail)
		if s.Caller != nil {
			c.Request = c.Request.WithContext(auth.WithActor(c.Request.Context(), *s.Caller))
		}
		c.Next()
	}
}

// List returns the page of the versions as a store would: of the kinds, newest first.
func (s *World) List(
	_ context.Context, a consortium.Actor, purpose consortium.Purpose, p consortium.PatientRef, kinds []consortium.Kind,
	page exchange.Page,
) (exchange.Listing, error) {
	s.Asked = append(s.Asked, fmt.Sprintf("list %s %s %s %d", a.ID, purpose, p, len(kinds)))
	if s.Fail != nil {
		return exchange.Listing{}, s.Fail
	}
	out := exchange.Listing{Totals: map[consortium.Kind]int{}}
	for _, v := range s.Versions {
		if !slices.Contains(kinds, v.Kind) {
			continue
		}
		out.Totals[v.Kind]++
		if (page.Type == "" || v.Ref.Type == page.Type) && (page.IDs == nil || slices.Contains(page.IDs, v.Ref.ID)) {
			out.Versions = append(out.Versions, v)
		}
	}
	slices.SortStableFunc(out.Versions, func(x, y exchange.Version) int { return y.Recorded.Compare(x.Recorded) })
	if page.Limit == 0 {
		page.Limit = len(out.Versions)
	}
	out.Versions = exchange.Choose(page, out.Versions, func(v exchange.Version) consortium.Kind { return v.Kind })
	return out, nil
}

func (s *World) Read(
	_ context.Context, a consortium.Actor, _ consortium.Purpose, ref exchange.RecordRef, _ int,
) (exchange.Version, error) {
	for _, v := range s.Versions {
		if v.Ref == ref {
			return v, s.Fail
		}
	}
	return exchange.Version{}, fault.New(fault.NotFound, CodeNotFound, "There is no such record.")
}

func (s *World) AccessHistory(
	_ context.Context, _ consortium.PatientRef, before int64, limit int,
) ([]exchange.AccessEntry, error) {
	var out []exchange.AccessEntry
	for _, e := range s.Entries {
		if (before == 0 || e.Seq < before) && len(out) < limit {
			out = append(out, e)
		}
	}
	return out, s.Fail
}

func (s *World) Witnessed(context.Context, []string) (map[string]bool, error) { return s.Seen, nil }

func (s *World) ReceivedEvidence(_ context.Context, who consortium.Actor, release, typ, id string) ([]byte, error) {
	s.Asked = append(s.Asked, "evidence of "+release+" "+typ+"/"+id)
	return []byte("{}"), s.Fail
}

func (s *World) Evidence(_ context.Context, _ consortium.Actor, _ consortium.Purpose, typ, id string) ([]byte, error) {
	return []byte(`{"type":"yilian/evidence"}`), s.Fail
}

func (s *World) Locate(
	context.Context, consortium.Actor, consortium.Purpose, consortium.PatientRef,
) ([]exchange.Holding, error) {
	return s.Holdings, s.Fail
}

func (s *World) Ask(
	_ context.Context, a consortium.Actor, purpose consortium.Purpose, p consortium.PatientRef,
	custodian consortium.OrgID, kinds []consortium.Kind,
) (release.Result, error) {
	s.Asked = append(s.Asked, fmt.Sprintf("ask %s %s %s %v", a.ID, purpose, custodian, kinds))
	return s.Result, s.Fail
}

// More answers as Show does.
func (s *World) More(_ context.Context, a consortium.Actor, id string) (release.Result, error) {
	s.Asked = append(s.Asked, "more "+a.ID+" "+id)
	return s.Result, s.Fail
}

func (s *World) Show(context.Context, consortium.Actor, string) (release.Result, error) {
	return s.Result, s.Fail
}

// Ref stands in for the derivation of references.
func (s *World) Ref(_, value string) (consortium.PatientRef, error) {
	if value == "not a number" {
		return "", fault.New(fault.Invalid, CodeIdentifier, "")
	}
	return PatientRef, nil
}

// Consents is the world as the patient's consents, whose List is another than that of the records.
type Consents struct{ *World }

func (s Consents) List(context.Context, consortium.Actor) ([]consent.Consent, error) {
	return s.Grants, s.Fail
}

func (s Consents) Withdraw(_ context.Context, _ consortium.Actor, id consent.ID) (consent.Consent, error) {
	s.Withdrawn = append(s.Withdrawn, id)
	return consent.Consent{}, s.Fail
}

func (s Consents) Draft(_ context.Context, a consortium.Actor, choice consent.Choice) (consent.Draft, error) {
	terms := consent.Terms{
		Patient:   a.Patient,
		Custodian: "donghu",
		Recipient: choice.Recipient,
		Purpose:   choice.Purpose,
		Kinds:     choice.Kinds,
		From:      Now,
		Until:     choice.Until,
		Notice:    consent.NoticeVersion,
		Lang:      choice.Lang,
	}
	party := func(m config.Member) consent.Party {
		return consent.Party{ID: consortium.OrgID(m.ID), NameZH: m.NameZH, NameEN: m.NameEN, Contact: m.PublicURL}
	}
	text := consent.Text(terms, party(Members[0]), party(Members[1]))
	return consent.Draft{
		Statement: consent.NewStatement("", terms, text),
		Salt:      make([]byte, 32),
		Until:     terms.Until.Unix(),
	}, s.Fail
}
