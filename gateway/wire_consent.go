package main

import (
	"context"
	"fmt"

	"yilian.example/consent"
	"yilian.example/exchange/consortium"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/fabric"
)

func (a *app) consentServices(s *services) {
	store := cockroach.NewConsents(a.db)
	s.carrier = &consent.Carrier{
		Org:    a.org,
		Store:  store,
		Outbox: store,
		Ledger: a.ledger,
		Keys:   a.ring,
		Now:    a.now,
		Book:   a.book(),
		Logger: a.logger,
	}
	s.consents = &consent.Consents{
		Org: a.org, Members: members(a.cfg.Members), People: s.reading, Keys: a.ring, Store: store, Now: a.now,
		Book: a.book(), Wake: s.carrier.Wake,
	}
}

// follow hands the ledger's consent events to the carrier, so that a withdrawal carried by another member counts here
// too.
func (a *app) follow(ctx context.Context, carrier *consent.Carrier) error {
	store := cockroach.NewConsents(a.db)
	from, err := store.EventPosition(ctx, a.org)
	if err != nil {
		return fmt.Errorf("follow ledger: %w", err)
	}
	events, err := a.ledger.ConsentEvents(ctx, from)
	if err != nil {
		return fmt.Errorf("follow ledger: %w", err)
	}
	news := make(chan consent.LedgerEvent)
	go func() {
		defer close(news)
		for e := range events {
			select {
			case news <- consent.LedgerEvent{ID: e.ID, Withdrawn: e.Kind == fabric.ConsentWithdrawn, Block: e.Block}:
			case <-ctx.Done():
			}
		}
	}()
	return carrier.Follow(ctx, news, store)
}

// members names the consortium for the consent notice.
type members []config.Member

// Member returns a member as the notice names it.
func (m members) Member(id consortium.OrgID) (consent.Party, bool) {
	for _, member := range m {
		if member.ID == string(id) {
			return consent.Party{
				ID: id, Kind: consortium.OrgKind(member.Kind), NameZH: member.NameZH, NameEN: member.NameEN,
				Contact: member.PublicURL,
			}, true
		}
	}
	return consent.Party{}, false
}
