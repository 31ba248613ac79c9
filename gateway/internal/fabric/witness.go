package fabric

import (
	"context"
	"fmt"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/anchor"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// witness is the ledger as the sequencer of one log sees it.
type witness struct {
	ledger *Ledger
	origin string
}

// Witness returns the ledger as the sequencer of one log sees it.
func (l *Ledger) Witness(origin string) anchor.Witness { return witness{ledger: l, origin: origin} }

func (w witness) Register(ctx context.Context, verifierKey string, empty []byte) error {
	_, err := w.ledger.RegisterLog(ctx, ledger.RegisterLog{Origin: w.origin, Key: verifierKey, Note: empty})
	return err
}

func (w witness) SubmitCheckpoint(ctx context.Context, note []byte, proof []tlog.Hash) (anchor.Witnessed, error) {
	hashes := make([][]byte, len(proof))
	for i, h := range proof {
		hashes[i] = h[:]
	}
	if _, err := w.ledger.SubmitCheckpoint(ctx, note, hashes); err != nil {
		return anchor.Witnessed{}, err
	}
	// What was committed, not what was sent: another leader's checkpoint may be newer.
	latest, ok, err := w.Latest(ctx)
	if err == nil && !ok {
		err = fmt.Errorf("log is not on the ledger after its checkpoint was committed")
	}
	return latest, err
}

func (w witness) Latest(ctx context.Context) (anchor.Witnessed, bool, error) {
	state, err := w.ledger.Log(ctx, w.origin)
	if fault.Is(err, fault.NotFound) {
		return anchor.Witnessed{}, false, nil
	}
	if err != nil {
		return anchor.Witnessed{}, false, err
	}
	return anchor.Witnessed{Note: state.Note, Time: state.Time}, true, nil
}
