package main

import (
	"context"
	"fmt"
	"os"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
)

// proofOffice gives and checks evidence files. Giving one shows the record, so it goes through the same door as all reading.
type proofOffice struct {
	org     consortium.OrgID
	reading *exchange.Reading
	builder *evidence.Builder
	roots   evidence.Roots
	opts    evidence.Options
}

func (a *app) proofOffice(reading *exchange.Reading) (*proofOffice, error) {
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
		org: a.org, reading: reading, roots: roots,
		builder: &evidence.Builder{Log: a.db.Log(a.org), Ledger: a.ledger, Origin: consortiumOrigin(a.cfg), Now: a.now},
		opts:    evidence.Options{Chaincode: a.cfg.Ledger.Chaincode, Channel: a.cfg.Ledger.Channel},
	}, nil
}

// Evidence gives the file of a record's current version.
func (p *proofOffice) Evidence(ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, typ, id string) ([]byte, error) {
	version, err := p.reading.Read(ctx, actor, purpose, exchange.RecordRef{Org: p.org, Type: typ, ID: id}, 0)
	if err != nil {
		return nil, err
	}
	return p.builder.Build(ctx, version)
}

// Verify checks a file with the members' roots.
func (p *proofOffice) Verify(file []byte) (evidence.Report, error) {
	return evidence.Verify(file, p.roots, p.opts)
}
