package main

import (
	"context"
	"time"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/release"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/peering"
)

// keepReceived is how long a copy received from another member can be shown again before it has to be asked for anew.
const keepReceived = 24 * time.Hour

// locatePatience is how long another member may take to say what it holds.
const locatePatience = 3 * time.Second

func (a *app) exchangeServices(s *services, decider exchange.Decider) error {
	envelope, err := peering.NewEnvelope(a.ring.ReleaseSigner(), a.cfg.Members)
	if err != nil {
		return err
	}
	courier, err := peering.NewCourier(a.others(), s.peers.ClientTLS, a.cfg.Limits.ReadTimeout)
	if err != nil {
		return err
	}
	prover, err := a.prover()
	if err != nil {
		return err
	}
	store := cockroach.NewReleases(a.db)
	s.requests = &release.Asking{
		Book: a.book(),
		Org:  a.org, Decider: decider, Envelope: envelope, Courier: courier, Store: store, Sealer: a.ring, Access: s.records,
		Ledger: a.ledger, Prover: prover, Now: a.now, Keep: keepReceived,
	}
	s.releases = &release.Answering{
		Book: a.book(), Org: a.org, Decider: decider, Envelope: envelope, Records: s.records, Holder: s.records,
		Store: store, Sealer: a.ring, Places: a.db.Log(a.org).Places,
		Knows: func(ctx context.Context, patient consortium.PatientRef) (bool, error) {
			return a.db.KnowsPatient(ctx, a.org, patient)
		},
		Suspended: a.suspended, Now: a.now,
		Fresh: a.cfg.Limits.ReleaseFresh, Stale: a.stale,
	}
	s.forgetting = &release.Forgetting{
		Org: a.org, Store: store, Sealer: a.ring, Fresh: a.cfg.Limits.ReleaseFresh, Logger: a.logger,
	}
	s.locating = &release.Locating{
		Org: a.org, Own: s.reading, Decider: decider, Envelope: envelope, Courier: courier, Access: s.records, Now: a.now,
		Patience: locatePatience,
	}
	for _, m := range a.others() {
		s.locating.Members = append(s.locating.Members, consortium.OrgID(m.ID))
	}
	return nil
}

// others are the members but this one.
func (a *app) others() []config.Member {
	var out []config.Member
	for _, m := range a.cfg.Members {
		if m.ID != a.cfg.Org {
			out = append(out, m)
		}
	}
	return out
}
