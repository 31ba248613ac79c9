package main

import (
	"fmt"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/oversight"
	"yilian.example/gateway/internal/auth"
	"yilian.example/gateway/internal/web/auditor"
	"yilian.example/gateway/internal/web/clinician"
	"yilian.example/gateway/internal/web/patient"
	"yilian.example/gateway/internal/web/site"
)

// pages adds the pages for people to r: the shell, and what each kind of reader has.
func (a *app) pages(
	r *gin.Engine, s *services, callers *auth.Auth, logs *oversight.Logs, witnessed anchor.WitnessedEntries, seek sought,
) (*site.Site, error) {
	shell, err := site.New(r, site.Deps{
		Org: a.org, Members: a.cfg.Members, Authenticate: callers.Authenticate, Logger: a.logger, Now: a.now,
	})
	if err != nil {
		return nil, fmt.Errorf("open pages: %w", err)
	}
	err = patient.Register(shell, patient.Deps{
		Records: s.reading, Access: s.records, Proofs: witnessed, Evidence: s.evidence, Consents: s.consents,
	})
	if err != nil {
		return nil, fmt.Errorf("open pages: %w", err)
	}
	err = clinician.Register(shell, clinician.Deps{
		Systems: a.cfg.Matching.IdentifierSystems, Ref: s.ingest.Identify,
		Records: s.reading, Holdings: seek, Requests: s.requests, Evidence: s.evidence,
	})
	if err != nil {
		return nil, fmt.Errorf("open pages: %w", err)
	}
	err = auditor.Register(shell, auditor.Deps{
		MemberLogs: logs, Database: a.watch, LogRefused: a.seq.Refused, Verify: s.evidence.Verify,
	})
	if err != nil {
		return nil, fmt.Errorf("open pages: %w", err)
	}
	return shell, nil
}
