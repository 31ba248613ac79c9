package main

import (
	"fmt"

	"github.com/gin-gonic/gin"

	"yilian.example/gateway/internal/auth"
	"yilian.example/gateway/internal/web/auditor"
	"yilian.example/gateway/internal/web/clinician"
	"yilian.example/gateway/internal/web/patient"
	"yilian.example/gateway/internal/web/site"
)

// pages adds the pages for people to r: the shell, and what each kind of reader has.
func (a *app) pages(r *gin.Engine, s *services, callers *auth.Auth, logs *audit) (*site.Site, error) {
	shell, err := site.New(r, site.Deps{
		Org: a.org, Members: a.cfg.Members, Authenticate: callers.Authenticate, Log: a.log, Now: a.now,
	})
	if err != nil {
		return nil, fmt.Errorf("open pages: %w", err)
	}
	err = patient.Register(shell, patient.Deps{
		Records: s.reading, Access: s.records, Proofs: proofs{a.db.Log(a.org)}, Evidence: s.proofs, Consents: s.consents,
	})
	if err != nil {
		return nil, fmt.Errorf("open pages: %w", err)
	}
	err = clinician.Register(shell, clinician.Deps{
		Systems: a.cfg.Matching.IdentifierSystems, Ref: a.patientRef,
		Records: s.reading, Holdings: s.reading, Requests: s.requests, Evidence: s.proofs,
	})
	if err != nil {
		return nil, fmt.Errorf("open pages: %w", err)
	}
	err = auditor.Register(shell, auditor.Deps{MemberLogs: logs, Verify: s.proofs.Verify})
	if err != nil {
		return nil, fmt.Errorf("open pages: %w", err)
	}
	return shell, nil
}
