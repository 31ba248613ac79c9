package main

import (
	"context"
	"net/http"

	"github.com/gin-contrib/requestid"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"yilian.example/exchange"
	"yilian.example/exchange/anchor"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/oversight"
	"yilian.example/exchange/release"
	"yilian.example/gateway/internal/api"
	"yilian.example/gateway/internal/api/fhir"
	"yilian.example/gateway/internal/api/limit"
	"yilian.example/gateway/internal/api/peer"
	"yilian.example/gateway/internal/api/problem"
	"yilian.example/gateway/internal/auth"
)

// sought finds out who holds what for those who look people up, as often as they may.
type sought struct {
	*release.Locating
	lookups limit.Lookups
}

// Locate counts the question before it is asked.
func (s sought) Locate(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
) ([]exchange.Holding, error) {
	if err := s.lookups.Asked(actor); err != nil {
		return nil, err
	}
	return s.Locating.Locate(ctx, actor, purpose, patient)
}

// programs adds what programs ask: the public log, FHIR and the JSON API.
func (a *app) programs(
	r *gin.Engine, s *services, callers *auth.Auth, audit *oversight.Logs, witnessed anchor.WitnessedEntries, seek sought,
) {
	failures := problem.Failures{Logger: a.logger}
	(&api.PublicLog{Store: a.db.Log(a.org), VerifierKey: a.ring.LogVerifierKey(), Fail: failures.Problem}).Register(r)
	api.Attestation{Read: s.evidence.Own.Attestation, Fail: failures.Problem}.Register(r)
	(&fhir.Server{
		Org: a.org, PublicURL: a.cfg.PublicURL, MaxBody: a.cfg.Limits.BodyBytes, Started: a.now(), Ingest: s.ingest,
		Records: s.reading, Finder: s.records, ActorFrom: auth.ActorFrom, Failures: failures, Lookups: seek.lookups,
	}).Register(r.Group("", callers.Authenticate(failures.Outcome)))

	j := api.New(r, r.Group("", callers.Authenticate(failures.Problem)), a.cfg.PublicURL, auth.ActorFrom, failures)
	api.Patients{Locator: seek, Identify: s.ingest.Identify}.Register(j)
	api.Releases{Asker: s.requests, Evidence: s.evidence}.Register(j)
	api.Access{History: s.records, Proofs: witnessed}.Register(j)
	api.Consents{Book: s.consents, Ledger: a.ledger, Now: a.now}.Register(j)
	api.Evidence{Builder: s.evidence, Lookups: seek.lookups}.Register(j)
	api.OwnLog{Status: a.seq, Now: a.now}.Register(j)
	api.Audit{Logs: audit.Logs}.Register(j)
	api.Integrity{Status: a.watch.Status, Refused: a.seq.Refused}.Register(j)
}

// operate adds what supervisors ask of everybody's listener, and returns what operators ask on their own.
func (a *app) operate(r *gin.Engine, identity func(context.Context) error) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		health{log: a.seq, db: a.db, now: a.now}, watched{a.watch}, &a.over, clocked{a.clocks},
	)
	r.Use(api.Metrics(registry))
	ops := &api.Ops{Registry: registry, Checks: []api.Check{
		{Name: "database", Essential: true, Run: a.db.Ping},
		{Name: "integrity", Essential: true, Run: a.integrity},
		{Name: "ledger", Run: a.ledger.Ping},
		{Name: "identity", Run: identity},
		{Name: "clock", Advisory: true, Run: a.clocks.Check},
	}}
	ops.Register(r)
	return ops.Counts()
}

// exchange is the listener for other members' gateways, reached over mutual TLS only.
func (a *app) exchange(s *services) *gin.Engine {
	r := a.engine()
	peer.Listener{
		Releases: s.releases, PeerOrg: s.peers.OrgOfPeer, Fail: problem.Failures{Logger: a.logger}.Problem,
		Requests: limit.New(a.cfg.Limits.RequestsPerMemberPerMinute, a.now),
	}.Register(r)
	return r
}

// engine is gin without its own logging, which would print paths, and with request ids, recovery and bounded bodies.
func (a *app) engine() *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.Use(
		plainRequestID, requestid.New(requestid.WithGenerator(uuid.NewString)), recovery(a.logger), api.Private,
		bounded(a.cfg.Limits.BodyBytes), weighed,
	)
	return r
}
