package consent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
)

// The carrier's pace.
const (
	carrierEvery = 2 * time.Second  // how often it looks by itself
	carrierLease = time.Minute      // how long one attempt may take before another worker may try
	carrierBatch = 8                // orders carried at once
	carrierTry   = 40 * time.Second // bound of one attempt; less than the lease
	backoffFirst = time.Second
	backoffLast  = 5 * time.Minute
)

// straggle is how long after a consent's end a grant that was once submitted could still appear on the ledger: past it,
// its withdrawal has nothing left to end.
const straggle = 10 * time.Minute

// Carrier brings grants and withdrawals to the ledger, at least once each and in order, whatever fails between. Any
// number may run.
type Carrier struct {
	Org    consortium.OrgID
	Store  Store
	Outbox Outbox
	Ledger Ledger
	Keys   Keys
	Now    func() time.Time
	Book   logbook.Book
	Logger *slog.Logger

	once sync.Once
	wake chan struct{} // holds at most one signal; made by bell
}

func (c *Carrier) bell() chan struct{} {
	c.once.Do(func() { c.wake = make(chan struct{}, 1) })
	return c.wake
}

// Wake makes Run look at once.
func (c *Carrier) Wake() {
	select {
	case c.bell() <- struct{}{}:
	default:
	}
}

// Run carries until ctx ends.
func (c *Carrier) Run(ctx context.Context) error {
	tick := time.NewTicker(carrierEvery)
	defer tick.Stop()
	for {
		n, err := c.Step(ctx)
		if err != nil && ctx.Err() == nil {
			c.Logger.WarnContext(ctx, "consents are not being carried to the ledger; trying again", "error", err)
		}
		if n == carrierBatch && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-c.bell():
		}
	}
}

// Step carries the orders that are due, up to a batch, and tells how many it took.
func (c *Carrier) Step(ctx context.Context) (int, error) {
	orders, err := c.Outbox.Claim(ctx, c.Org, c.Now().UTC(), carrierLease, carrierBatch)
	if err != nil {
		return 0, fmt.Errorf("claim orders: %w", err)
	}
	var wg sync.WaitGroup
	for _, o := range orders {
		wg.Go(func() { c.try(ctx, o) })
	}
	wg.Wait()
	return len(orders), nil
}

// try makes one attempt. What it cannot settle it postpones; what it cannot postpone comes back when the lease ends.
func (c *Carrier) try(ctx context.Context, o Order) {
	attempt, cancel := context.WithTimeout(ctx, carrierTry)
	defer cancel()
	out, done, err := c.carry(attempt, o)
	switch {
	case done:
		err = c.Outbox.Settle(ctx, o, out)
	case err != nil:
		c.Logger.WarnContext(
			ctx, "consent not carried; will try again", "consent", o.ID, "op", o.Op, "attempt", o.Attempts, "error", err,
		)
		err = c.Outbox.Postpone(ctx, o, c.Now().UTC().Add(backoff(o.Attempts)), string(fault.Of(err).Code))
	}
	if err != nil {
		c.Logger.WarnContext(
			ctx, "order not written back; it returns when its claim ends", "consent", o.ID, "op", o.Op, "error", err,
		)
		return
	}
	if done && o.Op == OpGrant {
		c.Wake() // its withdrawal may have been waiting for it
	}
}

func (c *Carrier) carry(ctx context.Context, o Order) (Outcome, bool, error) {
	consent, err := c.Store.One(ctx, c.Org, o.ID)
	if err != nil {
		return Outcome{}, false, fmt.Errorf("read consent: %w", err)
	}
	var secret Secret
	if err := open(ctx, c.Keys, sealSecret, consent.ID, consent.Terms, consent.Sealed, &secret); err != nil {
		return Outcome{}, false, err
	}
	if o.Op == OpGrant {
		return c.carryGrant(ctx, o, consent, secret)
	}
	return c.carryWithdrawal(ctx, o, consent, secret)
}

// carryGrant looks the consent up before it submits again, since an earlier attempt may have been ordered although it
// seemed to fail. A grant that was withdrawn after its first attempt is carried all the same, so that the withdrawal
// which follows ends it on the ledger too.
func (c *Carrier) carryGrant(ctx context.Context, o Order, consent Consent, secret Secret) (Outcome, bool, error) {
	commitment := tlog.Commit(tlog.KindConsent, secret.Salt, secret.Statement)
	until := consent.Terms.Until.Unix()
	var state ledger.ConsentState
	var err error
	if o.Attempts > 1 {
		state, err = c.Ledger.Consent(ctx, string(o.ID))
		if err != nil && !fault.Is(err, fault.NotFound) {
			return Outcome{}, false, fmt.Errorf("look up grant: %w", err)
		}
	}
	if o.Attempts == 1 || err != nil {
		state, err = c.Ledger.GrantConsent(ctx, ledger.Grant{
			ID:         string(o.ID),
			PublicKey:  secret.PublicKey,
			Commitment: commitment[:],
			Until:      until,
			Signature:  secret.Grant,
			Mode:       ledger.ModeSelf,
		})
	}
	if code, final := refusal(err); final {
		return Outcome{Refused: code, At: c.Now().UTC()}, true, nil
	}
	if err != nil {
		return Outcome{}, false, fmt.Errorf("carry grant: %w", err)
	}
	if state.Status == ledger.StatusWithdrawn {
		return Outcome{Refused: string(ledger.CodeConsentWithdrawn), At: c.Now().UTC()}, true, nil
	}
	if state.ID != string(o.ID) || !bytes.Equal(state.Commitment, commitment[:]) || state.Until != until ||
		state.GrantTx == "" {
		return Outcome{}, false, errors.New("carry grant: the ledger holds another consent under this id")
	}
	receipt, err := seal(ctx, c.Keys, sealReceipt, consent.ID, consent.Terms, Receipt{
		Tx: state.GrantTx, Commitment: state.Commitment, Until: state.Until, At: state.GrantedAt,
	})
	if err != nil {
		return Outcome{}, false, err
	}
	return Outcome{Receipt: receipt, At: c.Now().UTC()}, true, nil
}

func (c *Carrier) carryWithdrawal(ctx context.Context, o Order, consent Consent, secret Secret) (Outcome, bool, error) {
	state, err := c.Ledger.Consent(ctx, string(o.ID))
	if fault.Is(err, fault.NotFound) {
		if c.Now().After(consent.Terms.Until.Add(straggle)) {
			return Outcome{At: c.Now().UTC()}, true, nil
		}
		return Outcome{}, false, fmt.Errorf("carry withdrawal: the ledger has no such grant yet: %w", err)
	}
	if err != nil {
		return Outcome{}, false, fmt.Errorf("look up consent: %w", err)
	}
	if state.Status != ledger.StatusWithdrawn {
		state, err = c.Ledger.WithdrawConsent(ctx, ledger.Withdrawal{ID: string(o.ID), Signature: secret.Withdrawal})
		if err != nil {
			return Outcome{}, false, fmt.Errorf("carry withdrawal: %w", err)
		}
	}
	if state.Status != ledger.StatusWithdrawn {
		return Outcome{}, false, errors.New("carry withdrawal: the ledger does not show it as withdrawn")
	}
	return Outcome{At: c.Now().UTC()}, true, nil
}

// refusal tells whether the ledger will never take the grant, and why. Refusals of the moment (clock, caller) are tried
// again.
func refusal(err error) (string, bool) {
	var r *ledger.Refusal
	if !errors.As(err, &r) {
		return "", false
	}
	switch r.Code {
	case ledger.CodeArgument,
		ledger.CodeSignature,
		ledger.CodeConsentUntil,
		ledger.CodeConsentExists,
		ledger.CodeConsentWithdrawn:
		return string(r.Code), true
	}
	return "", false
}

func backoff(attempts int) time.Duration {
	if attempts > 9 {
		return backoffLast
	}
	return min(backoffFirst<<(attempts-1), backoffLast)
}
