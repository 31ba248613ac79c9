package main

import (
	"context"
	"crypto/rand"

	"github.com/google/uuid"

	"yilian.example/consent"
	"yilian.example/consent/policy"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/intake"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/records"
	"yilian.example/exchange/release"
	"yilian.example/gateway/internal/auth"
	"yilian.example/gateway/internal/cockroach"
)

// services are the domains, plugged into the adapters.
type services struct {
	records  *records.Keeper
	reading  *records.Reading
	ingest   *intake.Intake
	requests *release.Asking
	releases *release.Answering
	locating *release.Locating
	// forgetting deletes what is over of both sides of release
	forgetting *release.Forgetting
	consents   *consent.Consents
	carrier    *consent.Carrier
	policy     *policy.Engine
	peers      *auth.Peers
	evidence   *evidence.Office
}

func (a *app) services(ctx context.Context) (*services, error) {
	s := &services{}
	var err error
	if s.policy, err = policy.New(ctx); err != nil {
		return nil, err
	}
	if s.peers, err = auth.NewPeers(a.cfg.Exchange, a.cfg.Members); err != nil {
		return nil, err
	}
	s.records = &records.Keeper{
		Org:      a.org,
		Versions: a.db,
		Accesses: a.db,
		Facts:    a.db,
		Keys:     a.ring,
		Now:      a.now,
		Book:     a.book(),
	}
	decider := &consent.Decider{
		Org: a.org, Care: a.db, CareWindow: a.cfg.Limits.CareWindow, Consents: cockroach.NewConsents(a.db), Keys: a.ring,
		Policy: s.policy, Ledger: a.ledger, Logger: a.logger,
		Gate: a.watch.Ready,
	}
	s.reading = &records.Reading{Org: a.org, Decider: decider, Kept: s.records, Now: a.now}
	s.ingest = &intake.Intake{
		Org:      a.org,
		Base:     a.cfg.PublicURL + "/fhir/",
		Matching: a.matching(),
		Index:    a.ring,
		Shelf:    s.records,
		Decider:  decider,
		Access:   s.records,
		Now:      a.now,
		NewID:    uuid.NewString,
	}
	a.consentServices(s)
	if err := a.exchangeServices(s, decider); err != nil {
		return nil, err
	}
	s.evidence, err = a.evidenceOffice(s)
	return s, err
}

// book makes the entries of this organisation's log.
func (a *app) book() logbook.Book { return logbook.Book{Org: a.org, Rand: rand.Reader} }
