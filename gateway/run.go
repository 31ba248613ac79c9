package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/gin-contrib/requestid"
	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/consortium"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/api"
	"yilian.example/gateway/internal/auth"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/fabric"
	"yilian.example/gateway/internal/keyring"
)

// app is one organisation's gateway, put together. This file is the only place that knows everyone.
type app struct {
	cfg    config.Config
	org    consortium.OrgID
	log    *slog.Logger
	now    func() time.Time
	db     *cockroach.DB
	ring   *keyring.Ring
	ledger *fabric.Ledger
	seq    *anchor.Sequencer
}

func consortiumOrigin(c config.Config) string {
	return consortium.LogOrigin(consortium.OrgID(c.Org), c.Domain)
}

// migrate brings the schema up to date; several gateways may do so at once.
func migrate(ctx context.Context, c config.Config) error {
	db, err := cockroach.Open(ctx, c.Database.URL, c.Database.Schema, nil, c.Database.MaxConns)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Migrate(ctx)
}

// run serves until ctx is over.
func run(ctx context.Context, c config.Config, log *slog.Logger) error {
	a := &app{cfg: c, org: consortium.OrgID(c.Org), log: log.With("org", c.Org), now: time.Now}
	if err := a.open(ctx); err != nil {
		return err
	}
	defer a.close()
	s, err := a.services(ctx)
	if err != nil {
		return err
	}
	callers, err := a.callers(ctx)
	if err != nil {
		return err
	}
	public, err := a.public(s, callers)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { a.seq.Run(ctx); return nil })
	group.Go(func() error { return callers.Run(ctx) })
	group.Go(func() error { return s.carrier.Run(ctx) })
	group.Go(func() error { return a.follow(ctx, s.carrier) })
	group.Go(func() error { return serve(ctx, c.Listen, public, nil, c.Limits.ReadTimeout) })
	group.Go(func() error {
		return serve(ctx, c.Exchange.Listen, a.exchange(s), s.peers.ServerTLS(), c.Limits.ReadTimeout)
	})
	a.log.InfoContext(ctx, "gateway serves", "listen", c.Listen, "exchange", c.Exchange.Listen)
	return group.Wait()
}

// open reaches for what the gateway stands on. Only the database must answer now; the ledger and the identity provider
// may come later.
func (a *app) open(ctx context.Context) error {
	key, err := keyring.BindingKey(a.cfg.Keys)
	if err != nil {
		return err
	}
	d := a.cfg.Database
	if a.db, err = cockroach.Open(ctx, d.URL, d.Schema, key, d.MaxConns); err != nil {
		return err
	}
	if err := a.db.CheckSchema(ctx); err != nil {
		return err
	}
	origin := consortiumOrigin(a.cfg)
	if a.ring, err = keyring.Load(a.cfg.Keys, a.org, origin, a.db, a.now); err != nil {
		return err
	}
	if a.ledger, err = fabric.Dial(ctx, a.cfg.Ledger, a.log); err != nil {
		return err
	}
	a.seq, err = anchor.New(a.db.Log(a.org), a.ledger.Witness(origin), anchor.Config{
		Origin: origin, Signer: a.ring.LogSigner(), VerifierKey: a.ring.LogVerifierKey(), Holder: holder(),
		Interval: a.cfg.Log.Interval, BatchMax: a.cfg.Log.BatchMax, Now: a.now, Logger: a.log,
	})
	return err
}

func (a *app) close() {
	_ = a.ledger.Close()
	a.db.Close()
}

// holder names this process and run.
func holder() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), uuid.NewString())
}

// callers knows who is calling: people by session, systems by bearer token.
func (a *app) callers(ctx context.Context) (*auth.Auth, error) {
	secret, err := os.ReadFile(a.cfg.Identity.ClientSecretFile)
	if err != nil {
		return nil, fmt.Errorf("read the identity provider's client secret: %w", err)
	}
	seal, err := a.ring.Blind(ctx, "yilian/session-seal/v1")
	if err != nil {
		return nil, err
	}
	sealer, err := auth.NewSealer(seal)
	if err != nil {
		return nil, err
	}
	return auth.New(auth.Options{
		Org: a.org, PublicURL: a.cfg.PublicURL, Issuer: a.cfg.Identity.Issuer, ClientID: a.cfg.Identity.ClientID,
		ClientSecret: strings.TrimSpace(
			string(secret),
		), Audience: a.cfg.Identity.Audience, Sessions: cockroach.NewSessions(a.db), Sealer: sealer,
		Patient: a.patientRef, Log: a.log,
	})
}

// patientRef derives a patient's reference from an identifier of a system that is matched here.
func (a *app) patientRef(system, value string) (consortium.PatientRef, error) {
	return api.ResolvePatient(a.cfg.Matching.IdentifierSystems, a.ring.Ref, system, value)
}

// public is the listener for people, systems and auditors.
func (a *app) public(s *services, callers *auth.Auth) (*gin.Engine, error) {
	r := a.engine()
	failures := api.Failures{Log: a.log}
	a.operate(r, callers)
	(&api.Log{Store: a.db.Log(a.org), VerifierKey: a.ring.LogVerifierKey(), Fail: failures.Problem}).Register(r)

	fhir := r.Group("", callers.Authenticate(failures.Outcome))
	(&api.FHIR{
		Org: a.org, PublicURL: a.cfg.PublicURL, MaxBody: a.cfg.Limits.BodyBytes, Started: a.now(), Ingest: s.ingest, Records: s.reading, Finder: s.records,
		ActorFrom: auth.ActorFrom, Failures: failures,
	}).Register(fhir)

	group := r.Group("", callers.Authenticate(failures.Problem))
	j := api.New(r, group, a.cfg.PublicURL, auth.ActorFrom, failures)
	api.Patients{Locator: s.reading, Systems: a.cfg.Matching.IdentifierSystems, Ref: a.ring.Ref}.Register(j)
	api.Releases{Asker: s.requests, Evidence: s.proofs}.Register(j)
	api.Access{Log: s.records, Proofs: proofs{a.db.Log(a.org)}}.Register(j)
	api.Consents{Book: s.consents, Ledger: a.ledger, Now: a.now}.Register(j)
	api.Evidence{Builder: s.proofs}.Register(j)
	api.Logs{Status: a.seq, Now: a.now}.Register(j)
	audit := newAudit(a)
	api.Audit{Logs: audit.memberLogs}.Register(j)

	pages, err := a.pages(r, s, callers, audit)
	if err != nil {
		return nil, err
	}
	callers.Register(r, pages.Fail)
	unrouted := failures.Unrouted(pages.Fail)
	r.NoRoute(unrouted)
	r.NoMethod(unrouted)
	return r, nil
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
	api.Exchange{Releases: s.releases, PeerOrg: s.peers.OrgOfPeer, Fail: api.Failures{Log: a.log}.Problem}.Register(r)
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
