package main

import (
	"github.com/gin-contrib/requestid"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/oversight"
	"yilian.example/gateway/internal/api"
	"yilian.example/gateway/internal/api/fhir"
	"yilian.example/gateway/internal/api/peer"
	"yilian.example/gateway/internal/api/problem"
	"yilian.example/gateway/internal/auth"
)

// programs adds what programs ask: the public log, FHIR and the JSON API.
func (a *app) programs(r *gin.Engine, s *services, callers *auth.Auth, audit *oversight.Logs, witnessed anchor.WitnessedEntries) {
	failures := problem.Failures{Log: a.log}
	(&api.Log{Store: a.db.Log(a.org), VerifierKey: a.ring.LogVerifierKey(), Fail: failures.Problem}).Register(r)
	api.Attestation{Read: s.evidence.Own.Attestation, Fail: failures.Problem}.Register(r)
	(&fhir.Server{
		Org: a.org, PublicURL: a.cfg.PublicURL, MaxBody: a.cfg.Limits.BodyBytes, Started: a.now(), Ingest: s.ingest,
		Records: s.reading, Finder: s.records, ActorFrom: auth.ActorFrom, Failures: failures,
	}).Register(r.Group("", callers.Authenticate(failures.Outcome)))

	j := api.New(r, r.Group("", callers.Authenticate(failures.Problem)), a.cfg.PublicURL, auth.ActorFrom, failures)
	api.Patients{Locator: s.reading, Systems: a.cfg.Matching.IdentifierSystems, Ref: a.ring.Ref}.Register(j)
	api.Releases{Asker: s.requests, Evidence: s.evidence}.Register(j)
	api.Access{Log: s.records, Proofs: witnessed}.Register(j)
	api.Consents{Book: s.consents, Ledger: a.ledger, Now: a.now}.Register(j)
	api.Evidence{Builder: s.evidence}.Register(j)
	api.Logs{Status: a.seq, Now: a.now}.Register(j)
	api.Audit{Logs: audit.Logs}.Register(j)
}

// operate adds what operators ask.
func (a *app) operate(r *gin.Engine, callers *auth.Auth) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		health{log: a.seq, db: a.db, now: a.now},
	)
	r.Use(api.Metrics(registry))
	(&api.Ops{Registry: registry, Checks: []api.Check{
		{Name: "database", Essential: true, Run: a.db.Ping},
		{Name: "ledger", Run: a.ledger.Ping},
		{Name: "identity", Run: callers.Ready},
	}}).Register(r)
}

// exchange is the listener for other members' gateways, reached over mutual TLS only.
func (a *app) exchange(s *services) *gin.Engine {
	r := a.engine()
	peer.Listener{
		Releases: s.releases, PeerOrg: s.peers.OrgOfPeer, Fail: problem.Failures{Log: a.log}.Problem,
	}.Register(r)
	return r
}

// engine is gin without its own logging, which would print paths, and with request ids and recovery.
func (a *app) engine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.Use(requestid.New(requestid.WithGenerator(uuid.NewString)), recovery(a.log))
	return r
}
