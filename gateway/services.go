package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/google/uuid"

	"yilian.example/consent"
	"yilian.example/consent/policy"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/intake"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/records"
	"yilian.example/exchange/release"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/auth"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/fabric"
	"yilian.example/gateway/internal/peering"
)

// keepReceived is how long a copy received from another member can be shown again before it has to be asked for anew.
const keepReceived = 24 * time.Hour

// locatePatience is how long another member may take to say what it holds.
const locatePatience = 3 * time.Second

// services are the domains, plugged into the adapters.
type services struct {
	records  *records.Keeper
	reading  *records.Reading
	ingest   *intake.Intake
	requests *release.Asking
	releases *release.Answering
	locating *release.Locating
	consents *consent.Consents
	carrier  *consent.Carrier
	policy   *policy.Engine
	peers    *auth.Peers
	evidence *evidence.Office
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
		Policy: s.policy, Ledger: a.ledger, Log: a.log,
		Gate: a.watch.Ready,
	}
	s.reading = &records.Reading{Org: a.org, Decider: decider, Kept: s.records, Now: a.now}
	s.ingest = &intake.Intake{
		Org: a.org, Base: a.cfg.PublicURL + "/fhir/", Systems: a.cfg.Matching.IdentifierSystems, Index: a.ring, Shelf: s.records,
		Decider: decider, Log: s.records, Now: a.now, NewID: uuid.NewString,
	}
	a.consentServices(s)
	if err := a.exchangeServices(s, decider); err != nil {
		return nil, err
	}
	s.evidence, err = a.evidenceOffice(s)
	return s, err
}

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
		Log:    a.log,
	}
	s.consents = &consent.Consents{
		Org: a.org, Members: members(a.cfg.Members), People: s.reading, Keys: a.ring, Store: store, Now: a.now,
		Book: a.book(), Wake: s.carrier.Wake,
	}
}

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
		Book: a.book(),
		Org:  a.org, Decider: decider, Envelope: envelope, Records: s.records, Holder: s.records, Store: store, Sealer: a.ring, Places: a.db.Log(a.org).Places,
		Knows: func(ctx context.Context, patient consortium.PatientRef) (bool, error) {
			return a.db.KnowsPatient(ctx, a.org, patient)
		},
		Suspended: a.suspended, Now: a.now,
		Fresh: a.cfg.Limits.ReleaseFresh,
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

// book makes the entries of this organisation's log.
func (a *app) book() logbook.Book { return logbook.Book{Org: a.org, Rand: rand.Reader} }

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
				ID: id, Kind: consortium.OrgKind(member.Kind), NameZH: member.NameZH, NameEN: member.NameEN, Contact: member.PublicURL,
			}, true
		}
	}
	return consent.Party{}, false
}
