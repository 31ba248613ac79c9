package consent

import (
	"context"
	"fmt"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// LedgerEvent is news from the ledger. Events of one block may come again, so noting them is idempotent.
type LedgerEvent struct {
	ID        string // of the consent; empty where the event only tells how far the ledger has come
	Withdrawn bool
	Block     uint64
}

// Positions remembers how far the ledger's events were noted.
type Positions interface {
	// EventPosition is the block to begin at; 0 at first.
	EventPosition(ctx context.Context, org consortium.OrgID) (uint64, error)
	SetEventPosition(ctx context.Context, org consortium.OrgID, block uint64) error
}

// followRetry is the pause before an event that could not be noted is tried again.
const followRetry = time.Second

// Follow notes the ledger's events until the channel closes or ctx ends. An event that cannot be noted holds up those
// after it: a withdrawal must not be lost.
func (c *Carrier) Follow(ctx context.Context, events <-chan LedgerEvent, positions Positions) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, open := <-events:
			if !open {
				return nil
			}
			for c.note(ctx, e, positions) != nil {
				select {
				case <-ctx.Done():
					return nil
				case <-time.After(followRetry):
				}
			}
		}
	}
}

func (c *Carrier) note(ctx context.Context, e LedgerEvent, positions Positions) error {
	var err error
	if e.Withdrawn {
		err = c.Observe(ctx, e.ID)
	}
	if err == nil {
		err = positions.SetEventPosition(ctx, c.Org, e.Block)
	}
	if err != nil && ctx.Err() == nil {
		c.Logger.WarnContext(ctx, "ledger event not noted; trying again", "block", e.Block, "error", err)
	}
	return err
}

// Observe takes note of a withdrawal that the ledger announced: any member may have carried it. It must return without
// an error before the event is marked as read. Consents of other custodians are none of ours.
func (c *Carrier) Observe(ctx context.Context, id string) error {
	consent, err := c.Store.One(ctx, c.Org, ID(id))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("observe withdrawal: %w", err)
	}
	if consent.State == Withdrawn {
		return nil
	}
	state, err := c.Ledger.Consent(ctx, id)
	if err != nil {
		return fmt.Errorf("observe withdrawal: %w", err)
	}
	if state.Status != ledger.StatusWithdrawn {
		return nil
	}
	end, err := ending(ctx, c.Keys, c.Book, consent, endedByLedger, c.Now().UTC())
	if err != nil {
		return err
	}
	if _, err := c.Store.Withdraw(ctx, c.Org, consent.ID, end); err != nil {
		return fmt.Errorf("observe withdrawal: %w", err)
	}
	return nil
}
