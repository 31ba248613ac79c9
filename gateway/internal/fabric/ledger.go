// Package fabric is the gateway's client of the consortium's ledger: typed calls of the chaincode "yilian", over the
// members' peers.
//
// It knows three outcomes of a write (errors.go) and reconciles an unknown one with the ledger before it reports it. It
// decides nothing about consents or logs, holds no state that matters across restarts, and retries only what certainly
// did not happen.
package fabric

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/gateway/config"
)

// Timeouts bound the steps of a call. The caller's context bounds them all.
type Timeouts struct {
	Evaluate time.Duration // a read at one peer
	Collect  time.Duration // having one peer collect endorsements
	Endorse  time.Duration // collecting them from each member, where that fails
	Submit   time.Duration // handing a transaction to the orderers
	// waiting until it is in a block; a change of the leading orderer stalls for about 7 s. Every fifth of it one more
	// peer is asked
	Commit time.Duration
	// how long a peer that failed is asked last; for three times that long endorsements are collected directly
	Cooldown time.Duration
}

// DefaultTimeouts suit four members on one continent. Collect is long enough that mere load does not make every member
// be asked twice.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		Evaluate: 3 * time.Second, Collect: 5 * time.Second, Endorse: 10 * time.Second,
		Submit: 15 * time.Second, Commit: 45 * time.Second, Cooldown: 10 * time.Second,
	}
}

// Option changes how a Ledger is made.
type Option func(*Ledger)

// WithTimeouts replaces DefaultTimeouts.
func WithTimeouts(t Timeouts) Option { return func(l *Ledger) { l.timeouts = t } }

// WithClock replaces time.Now; the clock decides only which peers are asked first.
func WithClock(now func() time.Time) Option { return func(l *Ledger) { l.now = now } }

// Ledger is a client of one channel. It is safe for concurrent use.
type Ledger struct {
	channel   string
	chaincode string
	members   []string // MSP ids of all members with peers, sorted
	timeouts  Timeouts
	now       func() time.Time
	logger    *slog.Logger
	identity  clientIdentity
	peers     *pool

	directUntil atomic.Int64 // Unix nanoseconds: until then endorsements are collected directly
}

// Dial reads the identity and the peers' certificates. It opens no connection: a gateway starts, and serves reads,
// while the ledger is down.
func Dial(ctx context.Context, cfg config.Ledger, logger *slog.Logger, options ...Option) (*Ledger, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("dial ledger: %w", err)
	}
	l := &Ledger{
		channel:   cfg.Channel,
		chaincode: cfg.Chaincode,
		timeouts:  DefaultTimeouts(),
		now:       time.Now,
		logger:    logger,
	}
	for _, option := range options {
		option(l)
	}
	id, err := loadIdentity(cfg)
	if err != nil {
		return nil, fmt.Errorf("dial ledger: %w", err)
	}
	l.identity = id
	for _, p := range cfg.Peers {
		if !slices.Contains(l.members, p.MSP) {
			l.members = append(l.members, p.MSP)
		}
	}
	slices.Sort(l.members)
	l.peers, err = dialPeers(cfg, id, l.now, l.timeouts.Cooldown)
	if err != nil {
		return nil, fmt.Errorf("dial ledger: %w", err)
	}
	return l, nil
}

// Close ends all connections; running calls fail.
func (l *Ledger) Close() error { return l.peers.close() }

// Ping reads from the ledger: nil says that at least one peer and its chaincode answer.
func (l *Ledger) Ping(ctx context.Context) error {
	_, err := l.Logs(ctx)
	return err
}

// read asks one peer, own ones first, and the next where it cannot answer. The answer is what that one peer says; what
// must not rest on one peer's word is Attest.
func (l *Ledger) read(ctx context.Context, function string, argument, into any) error {
	raw, err := json.Marshal(argument)
	if err != nil {
		return fmt.Errorf("%s: write argument: %w", function, err)
	}
	var failures []error
	for _, p := range l.peers.order() {
		answer, err := p.evaluate(ctx, l, function, raw)
		if err == nil {
			p.succeeded()
			if err := json.Unmarshal(answer, into); err != nil {
				return fmt.Errorf("%s: read answer: %w", function, err)
			}
			return nil
		}
		if refusal, found := refusalOf(err); found {
			return refused(function, refusal)
		}
		if ctx.Err() != nil {
			return unavailable(function, ctx.Err())
		}
		p.failed(ctx, l.logger, function, err)
		failures = append(failures, err)
	}
	return unavailable(function, errors.Join(failures...))
}

// evaluate asks the peer to run a function on itself. Naming its own organisation keeps it from asking another peer
// instead.
func (p *peerConn) evaluate(ctx context.Context, l *Ledger, function string, argument []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, l.timeouts.Evaluate)
	defer cancel()
	proposal, err := p.propose(l, function, argument, p.msp)
	if err != nil {
		return nil, err
	}
	return proposal.EvaluateWithContext(ctx)
}

// Log returns one log as the ledger knows it; fault.NotFound where it is not registered.
func (l *Ledger) Log(ctx context.Context, origin string) (ledger.LogState, error) {
	var state ledger.LogState
	err := l.read(ctx, ledger.WitnessLatest, ledger.LogQuery{Origin: origin}, &state)
	return state, err
}

// Logs returns every log, ordered by origin.
func (l *Ledger) Logs(ctx context.Context) ([]ledger.LogState, error) {
	var logs []ledger.LogState
	err := l.read(ctx, ledger.WitnessAll, struct{}{}, &logs)
	return logs, err
}

// Consent returns one consent; fault.NotFound where the ledger does not have it. The patient's signatures in it are
// verified here, so a lying peer can hide a grant or a withdrawal, but not invent one.
func (l *Ledger) Consent(ctx context.Context, id string) (ledger.ConsentState, error) {
	var state ledger.ConsentState
	if err := l.read(ctx, ledger.ConsentRead, ledger.ConsentQuery{ID: id}, &state); err != nil {
		return ledger.ConsentState{}, err
	}
	if err := checkConsent(id, state); err != nil {
		return ledger.ConsentState{}, fmt.Errorf("%s: %w", ledger.ConsentRead, err)
	}
	return state, nil
}

func checkConsent(id string, state ledger.ConsentState) error {
	if state.Type != ledger.TypeConsent || state.ID != id || ledger.ConsentID(state.PublicKey) != id ||
		len(state.Commitment) != 32 {
		return errors.New("the peer's answer is not the consent asked for")
	}
	grant := ledger.GrantMessage(id, [32]byte(state.Commitment), state.Until)
	if err := ledger.VerifyP256(state.PublicKey, grant, state.Signature); err != nil {
		return fmt.Errorf("check grant in the peer's answer: %w", err)
	}
	if state.Status == ledger.StatusGranted {
		return nil
	}
	if err := ledger.VerifyP256(state.PublicKey, ledger.WithdrawalMessage(id), state.WithdrawalSignature); err != nil {
		return fmt.Errorf("check withdrawal in the peer's answer: %w", err)
	}
	return nil
}
