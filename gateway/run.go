package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/identity"
	"yilian.example/exchange/oversight"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/api/limit"
	"yilian.example/gateway/internal/api/problem"
	"yilian.example/gateway/internal/auth"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/fabric"
	"yilian.example/gateway/internal/keyring"
)

// app is one organisation's gateway, put together. This file is the only place that knows everyone.
type app struct {
	cfg    config.Config
	org    consortium.OrgID
	logger *slog.Logger
	now    func() time.Time
	db     *cockroach.DB
	ring   *keyring.Ring
	ledger *fabric.Ledger
	seq    *anchor.Sequencer
	watch  *oversight.Watch
	clocks *oversight.Clocks
	over   over // what was deleted since the start, as its time was over
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
func run(ctx context.Context, c config.Config, logger *slog.Logger) error {
	a := &app{cfg: c, org: consortium.OrgID(c.Org), logger: logger.With("org", c.Org), now: time.Now}
	if err := a.open(ctx); err != nil {
		return err
	}
	defer a.close()
	s, err := a.services(ctx)
	if err != nil {
		return err
	}
	callers, err := a.callers(ctx, s)
	if err != nil {
		return err
	}
	public, counts, err := a.public(s, callers)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { a.seq.Run(ctx); return nil })
	group.Go(func() error { a.watch.Run(ctx); return nil })
	group.Go(func() error { a.clocks.Run(ctx); return nil })
	group.Go(func() error { return callers.Run(ctx) })
	group.Go(func() error { a.forget(ctx, s.forgetting); return nil })
	group.Go(func() error { return s.carrier.Run(ctx) })
	group.Go(func() error { return a.follow(ctx, s.carrier) })
	group.Go(func() error { return serve(ctx, c.Listen, public, nil, c.Limits.ReadTimeout) })
	group.Go(func() error {
		return serve(ctx, c.Exchange.Listen, a.exchange(s), s.peers.ServerTLS(), c.Limits.ReadTimeout)
	})
	if c.Metrics.Listen != "" {
		group.Go(func() error { return serve(ctx, c.Metrics.Listen, counts, nil, c.Limits.ReadTimeout) })
	}
	a.logger.InfoContext(ctx, "gateway serves", "listen", c.Listen, "exchange", c.Exchange.Listen)
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
	a.openWatch()
	a.openClocks()
	if err := a.db.CheckSchema(ctx); err != nil {
		return err
	}
	origin := consortiumOrigin(a.cfg)
	if a.ring, err = keyring.Load(a.cfg.Keys, a.org, origin, a.db, a.now); err != nil {
		return err
	}
	if a.ledger, err = fabric.Dial(ctx, a.cfg.Ledger, a.logger); err != nil {
		return err
	}
	a.seq, err = anchor.New(a.db.Log(a.org), a.ledger.Witness(origin), anchor.Config{
		Origin: origin, Signer: a.ring.LogSigner(), VerifierKey: a.ring.LogVerifierKey(), Holder: holder(),
		Interval: a.cfg.Log.Interval, BatchMax: a.cfg.Log.BatchMax, Now: a.now, Logger: a.logger,
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
func (a *app) callers(ctx context.Context, s *services) (*auth.Auth, error) {
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
		), Audience: a.cfg.Identity.Audience, Sessions: sessions{cockroach.NewSessions(a.db), a}, Sealer: sealer,
		Patient: s.ingest.Identify, Logger: a.logger,
	})
}

// matching is how identifiers are compared here.
func (a *app) matching() identity.Matching {
	m := a.cfg.Matching
	return identity.NewMatching(identity.Systems{
		National: m.IdentifierSystems, Other: m.OtherSystems, Synonyms: m.Synonyms,
	})
}

// public is the listener for people, systems and auditors, and what operators ask on theirs.
func (a *app) public(s *services, callers *auth.Auth) (*gin.Engine, http.Handler, error) {
	r := a.engine()
	audit, witnessed := a.oversight(), anchor.WitnessedEntries{Log: a.db.Log(a.org)}
	counts := a.operate(r, callers.Ready)
	seek := sought{s.locating, limit.Lookups{Limiter: limit.New(a.cfg.Limits.LookupsPerMinute, a.now)}}
	a.programs(r, s, callers, audit, witnessed, seek)
	pages, err := a.pages(r, s, callers, audit, witnessed, seek)
	if err != nil {
		return nil, nil, err
	}
	callers.Register(r, pages.Fail)
	unrouted := problem.Failures{Logger: a.logger}.Unrouted(pages.Fail)
	r.NoRoute(unrouted)
	r.NoMethod(unrouted)
	return r, counts, nil
}
