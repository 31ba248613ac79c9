package main

import (
	"context"
	"errors"

	"yilian.example/chaincode/record"
	"yilian.example/exchange/anchor"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/fabric"
)

// ledgerWitness is the real ledger as a sequencer sees it.
type ledgerWitness struct {
	ledger *fabric.Ledger
	origin string
}

func (w ledgerWitness) Register(ctx context.Context, verifierKey string, empty []byte) error {
	_, err := w.ledger.RegisterLog(ctx, record.RegisterLog{Origin: w.origin, Key: verifierKey, Note: empty})
	return err
}

func (w ledgerWitness) SubmitCheckpoint(ctx context.Context, note []byte, proof []tlog.Hash) (anchor.Witnessed, error) {
	hashes := make([][]byte, len(proof))
	for i := range proof {
		hashes[i] = proof[i][:]
	}
	if _, err := w.ledger.SubmitCheckpoint(ctx, note, hashes); err != nil {
		return anchor.Witnessed{}, err
	}
	latest, found, err := w.Latest(ctx)
	if err == nil && !found {
		err = errors.New("the log is not on the ledger after its checkpoint was committed")
	}
	return latest, err
}

func (w ledgerWitness) Latest(ctx context.Context) (anchor.Witnessed, bool, error) {
	state, err := w.ledger.Log(ctx, w.origin)
	if fault.Is(err, fault.NotFound) {
		return anchor.Witnessed{}, false, nil
	}
	if err != nil {
		return anchor.Witnessed{}, false, err
	}
	return anchor.Witnessed{Note: state.Note, Time: state.Time}, true, nil
}
