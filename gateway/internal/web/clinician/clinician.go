// Package clinician is the pages of those who find a patient and ask other members for records: doctors and nurses,
// who treat, and an insurer's assessors, who ask for a claim through the same three pages. It decides no permission:
// what it shows comes through the ports of Deps, which decide and log.
package clinician

import (
	"embed"
	"errors"
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

// Register adds /patients and /releases.
func Register(s *site.Site, deps Deps) error {
	if len(deps.Systems) == 0 {
		return errors.New("clinician: without an identifier system nobody can be found")
	}
	open, err := s.Open(templates, texts)
	if err != nil {
		return fmt.Errorf("clinician: %w", err)
	}
	p := &pages{open, deps}
	staff := s.Group("/", auth.Require(consortium.RoleClinician, consortium.RoleAssessor))
	staff.GET("/patients", p.findForm)
	staff.POST("/patients", p.find)
	staff.GET("/patients/:patient", p.patient)
	staff.POST("/patients/:patient/ask", p.ask)
	treating := s.Group("/", auth.Require(consortium.RoleClinician))
	treating.GET("/patients/:patient/kinds/:kind", p.kind)
	treating.GET("/patients/:patient/records/:type/:record", p.record)
	staff.GET("/releases/:id", p.release)
	staff.POST("/releases/:id/more", p.releaseMore)
	staff.GET("/releases/:id/:type/:record/evidence", p.releaseEvidence)
	return nil
}
