package fabric

import (
	"context"
	"encoding/json"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"

	"yilian.example/chaincode/ledger"
)

// EventKind is what a ConsentEvent tells.
type EventKind string

// The kinds. Progress tells only that everything before its block was delivered, so that a consumer that keeps the
// block number need not begin again far back after a quiet time.
const (
	ConsentGranted   EventKind = "granted"
	ConsentWithdrawn EventKind = "withdrawn"
	Progress         EventKind = "progress"
)

// progressEvery is how many blocks without a consent event go by before Progress is sent.
const progressEvery = 64

// retryEvents is the pause before the events are asked for at another peer.
const retryEvents = 500 * time.Millisecond

// ConsentEvent is one consent's change on the ledger.
type ConsentEvent struct {
	Kind  EventKind
	ID    string // of the consent; empty for Progress
	TxID  string
	Block uint64 // begin here again after a restart
}

// ConsentEvents delivers the changes of all consents from a block on (0: from the beginning), whichever member carried
// them. Keep the Block of the last event handled and begin there again: events of that block come again, so handling
// must be idempotent. The channel closes when ctx ends; peers that fail are replaced by others in between.
func (l *Ledger) ConsentEvents(ctx context.Context, fromBlock uint64) (<-chan ConsentEvent, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make(chan ConsentEvent)
	go func() {
		defer close(out)
		position := &eventPosition{next: fromBlock, told: fromBlock}
		for ctx.Err() == nil {
			for _, p := range l.peers.order() {
				l.followEvents(ctx, p, position, out)
			}
			select {
			case <-ctx.Done():
			case <-time.After(retryEvents):
			}
		}
	}()
	return out, nil
}

// eventPosition is where the stream stands. It belongs to the goroutine of ConsentEvents.
type eventPosition struct {
	next uint64 // the block to ask from
	tx   string // the last transaction delivered in that block
	told uint64 // the last block that the consumer heard of
}

func (p *eventPosition) BlockNumber() uint64   { return p.next }
func (p *eventPosition) TransactionID() string { return p.tx }

// followEvents delivers events from one peer until it fails or ctx ends.
func (l *Ledger) followEvents(ctx context.Context, p *peerConn, position *eventPosition, out chan<- ConsentEvent) {
	if ctx.Err() != nil {
		return
	}
	streamCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, err := p.gateway.GetNetwork(l.channel).ChaincodeEvents(streamCtx, l.chaincode,
		client.WithStartBlock(position.next), client.WithCheckpoint(position))
	if err != nil {
		p.failed(ctx, l.logger, "events", err)
		return
	}
	for event := range events {
		found, send := l.translate(ctx, event, position)
		if send {
			select {
			case out <- found:
				position.told = event.BlockNumber
			case <-ctx.Done():
				return
			}
		}
		position.next, position.tx = event.BlockNumber, event.TransactionID
	}
}

// translate makes a consent event of a chaincode event, or Progress, or nothing.
func (l *Ledger) translate(
	ctx context.Context, event *client.ChaincodeEvent, position *eventPosition,
) (ConsentEvent, bool) {
	made := ConsentEvent{TxID: event.TransactionID, Block: event.BlockNumber}
	switch event.EventName {
	case ledger.EventConsentGranted:
		made.Kind = ConsentGranted
	case ledger.EventConsentWithdrawn:
		made.Kind = ConsentWithdrawn
	default:
		return ConsentEvent{Kind: Progress, Block: event.BlockNumber}, event.BlockNumber >= position.told+progressEvery
	}
	var payload ledger.Event
	if err := json.Unmarshal(event.Payload, &payload); err != nil || !ledger.ValidID(payload.ID) {
		l.logger.ErrorContext(ctx, "consent event cannot be read", "tx", event.TransactionID, "block", event.BlockNumber)
		return ConsentEvent{}, false
	}
	made.ID = payload.ID
	return made, true
}
