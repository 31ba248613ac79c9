// Package patient is the patient's pages: their records, who looked at them, and what they agreed to. It decides no
// permission: what it shows comes through the ports of Deps, which decide and log.
package patient

import (
	"embed"
	"fmt"

	"yilian.example/exchange/consortium"
	"yilian.example/gateway/internal/auth"
	"yilian.example/gateway/internal/web/site"
)

//go:embed templates
var templates embed.FS

type pages struct {
	*site.Pages
	Deps
}

// Register adds the pages below /me.
func Register(s *site.Site, deps Deps) error {
	open, err := s.Open(templates, texts)
	if err != nil {
		return fmt.Errorf("patient: %w", err)
	}
	p := &pages{open, deps}
	me := s.Group("/me", auth.Require(consortium.RolePatient))
	me.GET("/records", p.records)
	me.GET("/records/kinds/:kind", p.kind)
	me.GET("/records/:type/:id", p.record)
	me.GET("/records/:type/:id/evidence", p.recordEvidence)
	me.GET("/access", p.access)
	me.GET("/consents", p.consents)
	me.POST("/consents/:id/withdraw", p.withdraw)
	me.GET("/consents/new", p.grantForm)
	me.POST("/consents/new", p.grantStatement)
	return nil
}
