// Package auditor is the pages of those who check: the members' logs beside what the ledger holds and what the audit of
// the own database has found, for auditors, and the check of an evidence file, for everybody who is signed in.
package auditor

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

// Register adds the pages below /audit.
func Register(s *site.Site, deps Deps) error {
	open, err := s.Open(templates, texts)
	if err != nil {
		return fmt.Errorf("auditor: %w", err)
	}
	p := &pages{open, deps}
	audit := s.Group("/audit", auth.Require())
	audit.GET("/evidence", p.evidenceForm)
	audit.POST("/evidence", p.checkEvidence)
	logs := s.Group("/audit", auth.Require(consortium.RoleAuditor))
	logs.GET("", p.auditLogs)
	logs.GET("/database", p.auditDatabase)
	return nil
}
