package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/oversight"
	"yilian.example/exchange/release"
	"yilian.example/gateway/internal/peering"
)

// auditTimeout is how long the auditor's page waits for a member's log.
const auditTimeout = 3 * time.Second

// evidenceOffice makes and checks evidence files.
func (a *app) evidenceOffice(s *services) (*evidence.Office, error) {
	roots, err := a.ledgerRoots()
	if err != nil {
		return nil, err
	}
	return &evidence.Office{
		Org: a.org, Records: s.reading, Copies: copies{s.requests}.part, Foreign: a.foreignLog, Roots: roots,
		Own:     &evidence.Builder{Log: a.db.Log(a.org), Ledger: a.ledger, Origin: consortiumOrigin(a.cfg), Now: a.now},
		Options: a.evidenceOptions(),
	}, nil
}

func (a *app) evidenceOptions() evidence.Options {
	return evidence.Options{Chaincode: a.cfg.Ledger.Chaincode, Channel: a.cfg.Ledger.Channel, Domain: a.cfg.Domain}
}

// ledgerRoots are the root certificates of the members' peers.
func (a *app) ledgerRoots() (evidence.Roots, error) {
	files := map[string][]byte{}
	for _, m := range a.cfg.Members {
		pem, err := os.ReadFile(m.LedgerCA)
		if err != nil {
			return nil, fmt.Errorf("read ledger root of %s: %w", m.ID, err)
		}
		files[m.ID] = pem
	}
	return evidence.ParseRoots(files)
}

// How long the proofs of one reply may take, and how long beyond the budget a record may be in no witnessed log.
const (
	proofPatience = 3 * time.Second
	lateSlack     = 15 * time.Minute
)

// prover shows that what other members release stands in their logs.
func (a *app) prover() (release.Prover, error) {
	roots, err := a.ledgerRoots()
	if err != nil {
		return nil, err
	}
	foreign, err := evidence.NewForeign(evidence.ForeignConfig{
		Log: a.foreignLog, Ledger: a.ledger, Roots: roots, Options: a.evidenceOptions(), Now: a.now, Patience: proofPatience,
		Late: a.cfg.Log.LagBudget + lateSlack,
	})
	return proofs{foreign}, err
}

type proofs struct{ *evidence.Foreign }

// Prove is what the asking side wants proven.
func (p proofs) Prove(ctx context.Context, custodian consortium.OrgID, parts []release.Part) ([]bool, error) {
	copies := make([]evidence.Copy, len(parts))
	for i, part := range parts {
		copies[i] = evidence.Copy{Custodian: part.Custodian, Version: part.Version, Index: part.Index}
	}
	return p.Foreign.Prove(ctx, custodian, copies)
}

// foreignLog is the public log of a member whose reply was verified as its own.
func (a *app) foreignLog(custodian consortium.OrgID) (evidence.Tiles, string) {
	return a.publicLog(custodian, a.cfg.Limits.ReadTimeout), consortium.LogOrigin(custodian, a.cfg.Domain)
}

func (a *app) publicLog(org consortium.OrgID, timeout time.Duration) *peering.PublicLog {
	member, _ := a.cfg.Member(org)
	return peering.NewPublicLog(member.PublicURL, timeout)
}

// copies are what other members released.
type copies struct{ *release.Asking }

func (c copies) part(ctx context.Context, actor consortium.Actor, id, typ, record string) (evidence.Copy, error) {
	part, err := c.Part(ctx, actor, id, typ, record)
	return evidence.Copy{Custodian: part.Custodian, Version: part.Version, Index: part.Index}, err
}

// oversight compares the members' logs with the ledger.
func (a *app) oversight() *oversight.Logs {
	logs := &oversight.Logs{
		Domain: a.cfg.Domain, Ledger: a.ledger, Served: served{a}, Statuses: statuses{a}, Now: a.now,
	}
	for _, m := range a.cfg.Members {
		logs.Members = append(logs.Members, consortium.OrgID(m.ID))
	}
	return logs
}

// served fetches what members serve to everybody.
type served struct{ *app }

func (s served) Checkpoint(ctx context.Context, org consortium.OrgID) ([]byte, error) {
	return s.publicLog(org, auditTimeout).Checkpoint(ctx)
}

// statuses reads what waits at this member itself: another member's database is its own, and what waits there is not
// known here.
type statuses struct{ *app }

func (s statuses) Waiting(ctx context.Context, org consortium.OrgID, origin string) (oversight.Waiting, bool) {
	if org != s.org {
		return oversight.Waiting{}, false
	}
	st, err := anchor.ReadStatus(ctx, s.db.Log(org), origin)
	if err != nil {
		return oversight.Waiting{}, false
	}
	return oversight.Waiting{Pending: st.Pending, Lag: st.Lag(s.now()), PublishedAt: st.WitnessedAt}, true
}
