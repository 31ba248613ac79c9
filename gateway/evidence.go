package main

import (
	"context"
	"fmt"
	"os"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/records"
	"yilian.example/exchange/release"
	"yilian.example/gateway/internal/peering"
)

// proofOffice gives and checks evidence files. Giving one shows the record, so it goes through the same door as all
// reading.
type proofOffice struct {
	org     consortium.OrgID
	reading *records.Reading
	builder *evidence.Builder
	roots   evidence.Roots
	opts    evidence.Options

	requests *release.Asking
	foreign  func(custodian consortium.OrgID, index int64) *evidence.Builder // builds from another member's public log
}

func (a *app) proofOffice(reading *records.Reading, requests *release.Asking) (*proofOffice, error) {
	files := map[string][]byte{}
	for _, m := range a.cfg.Members {
		pem, err := os.ReadFile(m.LedgerCA)
		if err != nil {
			return nil, fmt.Errorf("read ledger root of %s: %w", m.ID, err)
		}
		files[m.ID] = pem
	}
	roots, err := evidence.ParseRoots(files)
	if err != nil {
		return nil, err
	}
	return &proofOffice{
		org: a.org, reading: reading, requests: requests, foreign: a.foreignBuilder, roots: roots,
		builder: &evidence.Builder{Log: a.db.Log(a.org), Ledger: a.ledger, Origin: consortiumOrigin(a.cfg), Now: a.now},
		opts:    evidence.Options{Chaincode: a.cfg.Ledger.Chaincode, Channel: a.cfg.Ledger.Channel},
	}, nil
}

func (a *app) foreignBuilder(custodian consortium.OrgID, index int64) *evidence.Builder {
	member, _ := a.cfg.Member(custodian) // of a reply that was verified as this member's
	return &evidence.Builder{
		Log:    foreignLog{peering.NewPublicLog(member.PublicURL, a.cfg.Limits.ReadTimeout), index},
		Ledger: a.ledger, Origin: consortium.LogOrigin(custodian, a.cfg.Domain), Now: a.now,
	}
}

// Evidence gives the file of a record's current version.
func (p *proofOffice) Evidence(
	ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, typ, id string,
) ([]byte, error) {
	version, err := p.reading.Read(ctx, actor, purpose, exchange.RecordRef{Org: p.org, Type: typ, ID: id}, 0)
	if err != nil {
		return nil, err
	}
	return p.builder.Build(ctx, version)
}

// ReceivedEvidence gives the file of a record that another member released to the caller. It is built here, from that
// member's public log and the members' signatures, so that the receiver need not ask the custodian to prove itself.
func (p *proofOffice) ReceivedEvidence(
	ctx context.Context, actor consortium.Actor, release, typ, id string,
) ([]byte, error) {
	part, err := p.requests.Part(ctx, actor, release, typ, id)
	if err != nil {
		return nil, err
	}
	if part.Index == nil {
		return nil, fault.New(
			fault.Conflict, "NOT_WITNESSED",
			"This record was not in the custodian's log yet when it was handed over. Please ask for it again.",
		)
	}
	builder := p.foreign(part.Custodian, *part.Index)
	return builder.Build(ctx, part.Version)
}

// foreignLog is another member's public log, with the place of one entry as that member told it.
type foreignLog struct {
	*peering.PublicLog
	index int64
}

// Place gives the place that was told; the proof built from it shows whether it is true.
func (l foreignLog) Place(context.Context, string) (int64, bool, error) { return l.index, true, nil }

// Verify checks a file with the members' roots.
func (p *proofOffice) Verify(file []byte) (evidence.Report, error) {
	return evidence.Verify(file, p.roots, p.opts)
}
