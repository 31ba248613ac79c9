package fabric

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"yilian.example/chaincode/ledger"
)

// maxConflicts is how often a write is made anew after the version check refused it. A refused transaction certainly
// did not happen.
const maxConflicts = 3

// RegisterLog registers this organisation's log, or confirms that it is registered with this key. It returns the
// transaction's id.
func (l *Ledger) RegisterLog(ctx context.Context, args ledger.RegisterLog) (string, error) {
	return l.write(ctx, ledger.WitnessRegister, args, nil)
}

// RotateLog replaces the key of this organisation's log.
func (l *Ledger) RotateLog(ctx context.Context, args ledger.RotateLog) (string, error) {
	return l.write(ctx, ledger.WitnessRotate, args, nil)
}

// SubmitCheckpoint has the ledger witness a signed checkpoint; proof leads from the last witnessed size, and is empty
// from size 0. The same checkpoint again is a success, so a caller may simply repeat it.
func (l *Ledger) SubmitCheckpoint(ctx context.Context, note []byte, proof [][]byte) (string, error) {
	return l.write(ctx, ledger.WitnessCheckpoint, ledger.CheckpointArgs{Note: note, Proof: proof}, nil)
}

// GrantConsent carries a patient's grant. The same grant again is a success.
func (l *Ledger) GrantConsent(ctx context.Context, grant ledger.Grant) (ledger.ConsentState, error) {
	var state ledger.ConsentState
	_, err := l.write(ctx, ledger.ConsentGrant, grant, &state)
	return state, err
}

// WithdrawConsent carries a patient's withdrawal, of any member's consent. Again is a success.
func (l *Ledger) WithdrawConsent(ctx context.Context, withdrawal ledger.Withdrawal) (ledger.ConsentState, error) {
	var state ledger.ConsentState
	_, err := l.write(ctx, ledger.ConsentWithdraw, withdrawal, &state)
	return state, err
}

// RegisterStaff registers a key of this organisation's staff, who may then vouch for assisted consents.
func (l *Ledger) RegisterStaff(ctx context.Context, staff ledger.Staff) (ledger.StaffState, error) {
	var state ledger.StaffState
	_, err := l.write(ctx, ledger.ConsentRegisterStaff, staff, &state)
	return state, err
}

// RetireStaff ends a staff key.
func (l *Ledger) RetireStaff(ctx context.Context, staff ledger.Staff) (ledger.StaffState, error) {
	var state ledger.StaffState
	_, err := l.write(ctx, ledger.ConsentRetireStaff, staff, &state)
	return state, err
}

// write endorses, submits and waits for the commit. Endorsing changes nothing, so it may be tried at one peer after the
// other; from submission on there is exactly one transaction, whose fate is looked up.
func (l *Ledger) write(ctx context.Context, function string, argument, into any) (string, error) {
	raw, err := json.Marshal(argument)
	if err != nil {
		return "", fmt.Errorf("%s: write argument: %w", function, err)
	}
	for attempt := 1; ; attempt++ {
		transaction, via, err := l.endorse(ctx, function, raw)
		if err != nil {
			return "", err
		}
		txID := transaction.TransactionID()
		status, err := l.commit(ctx, function, transaction, via)
		if err != nil {
			return txID, err
		}
		if status.Successful {
			return txID, readAnswer(function, transaction.Result(), into)
		}
		if !conflict(status.Code) {
			return txID, rejected(
				function, txID, &ledger.Refusal{Code: CodeInvalid, Text: "validation gave " + status.Code.String()},
			)
		}
		if attempt == maxConflicts {
			return txID, rejected(
				function, txID, &ledger.Refusal{Code: CodeConflict, Text: "validation gave " + status.Code.String()},
			)
		}
	}
}

func readAnswer(function string, answer []byte, into any) error {
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s: read answer: %w", function, err)
	}
	return nil
}

// endorse has one peer collect endorsements, which costs the members least. Where that fails or takes long, each member
// is asked directly, and for a while that comes first, since the Fabric gateway runs into the same member again and
// again. A contract's refusal is final.
func (l *Ledger) endorse(
	ctx context.Context, function string, argument []byte,
) (*client.Transaction, *peerConn, error) {
	ways := []endorser{l.collect, l.collectDirectly}
	if l.asksDirectly() {
		slices.Reverse(ways)
	}
	var failures []error
	for _, way := range ways {
		transaction, via, err := way(ctx, function, argument)
		if err == nil {
			return transaction, via, nil
		}
		if refusal, found := refusalOf(err); found {
			return nil, nil, rejected(function, transactionID(err), refusal)
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			failures = append(failures, ctx.Err())
			break
		}
	}
	return nil, nil, notSubmitted(function, errors.Join(failures...))
}

// endorser is a way to get a proposal endorsed; it gives the transaction and the peer to submit it through.
type endorser func(ctx context.Context, function string, argument []byte) (*client.Transaction, *peerConn, error)

// collect leaves it to one peer's Fabric gateway.
func (l *Ledger) collect(
	ctx context.Context, function string, argument []byte,
) (*client.Transaction, *peerConn, error) {
	p := l.peers.order()[0]
	transaction, err := p.endorse(ctx, l, function, argument)
	if err != nil {
		_, refused := refusalOf(err)
		if !refused && ctx.Err() == nil {
			l.logger.WarnContext(
				ctx, "peer could not collect endorsements; asking each member", "function", function, "peer", p.endpoint, "error",
				describe(err),
			)
			l.askDirectly(3 * l.timeouts.Cooldown)
		}
		return nil, nil, err
	}
	return transaction, p, nil
}

// collectDirectly asks each member's own peer.
func (l *Ledger) collectDirectly(
	ctx context.Context, function string, argument []byte,
) (*client.Transaction, *peerConn, error) {
	made, err := l.gather(ctx, function, argument, l.quorum(), 0)
	if err != nil {
		l.askDirectly(0)
		return nil, nil, err
	}
	transaction, err := made.via.gateway.NewTransaction(made.bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("read gathered transaction: %w", err)
	}
	return transaction, made.via, nil
}

func (l *Ledger) asksDirectly() bool { return l.now().UnixNano() < l.directUntil.Load() }

func (l *Ledger) askDirectly(while time.Duration) { l.directUntil.Store(l.now().Add(while).UnixNano()) }

// quorum is how many members the channel's endorsement policy wants: more than two thirds.
func (l *Ledger) quorum() int { return len(l.members)*2/3 + 1 }

func (p *peerConn) endorse(
	ctx context.Context, l *Ledger, function string, argument []byte,
) (*client.Transaction, error) {
	ctx, cancel := context.WithTimeout(ctx, l.timeouts.Collect)
	defer cancel()
	proposal, err := p.propose(l, function, argument)
	if err != nil {
		return nil, err
	}
	return proposal.EndorseWithContext(ctx)
}

// commit submits once and waits. Whatever submission answers, the transaction may have been ordered (under BFT ordering
// "insufficient number of orderers could successfully process transaction" comes with transactions that commit), so its
// status is asked for all the same.
func (l *Ledger) commit(
	ctx context.Context, function string, transaction *client.Transaction, via *peerConn,
) (*client.Status, error) {
	txID := transaction.TransactionID()
	submitCtx, cancel := context.WithTimeout(ctx, l.timeouts.Submit)
	_, err := transaction.SubmitWithContext(submitCtx)
	cancel()
	if err != nil {
		l.logger.WarnContext(
			ctx, "submission was not confirmed; looking the transaction up", "function", function, "tx", txID, "peer",
			via.endpoint, "error", describe(err),
		)
	}
	status, statusErr := l.status(ctx, txID, via)
	if statusErr != nil {
		return nil, unknown(function, txID, errors.Join(err, statusErr))
	}
	return status, nil
}

// Outcome looks a transaction up that ended in ErrUnknown: true if it is committed, false if it was refused at commit.
// It waits up to the commit timeout for it to appear, and answers ErrUnknown again while it does not.
func (l *Ledger) Outcome(ctx context.Context, txID string) (bool, error) {
	status, err := l.status(ctx, txID, nil)
	if err != nil {
		return false, unknown("look up transaction", txID, err)
	}
	return status.Successful, nil
}

// status asks for a transaction's status, first at the peer that it went through. A peer answers when the transaction
// commits; one that fails or takes long is joined by the next, within one commit timeout.
func (l *Ledger) status(ctx context.Context, txID string, via *peerConn) (*client.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, l.timeouts.Commit)
	defer cancel()
	request, err := l.statusRequest(txID)
	if err != nil {
		return nil, err
	}
	waiting := l.peers.order()
	if via != nil {
		waiting = append([]*peerConn{via}, slices.DeleteFunc(waiting, func(p *peerConn) bool { return p == via })...)
	}
	type answer struct {
		status *client.Status
		err    error
	}
	answers := make(chan answer, len(waiting))
	askNext := func() {
		if len(waiting) == 0 {
			return
		}
		p := waiting[0]
		waiting = waiting[1:]
		go func() {
			status, err := p.status(ctx, request)
			answers <- answer{status, err}
		}()
	}
	slow := time.NewTicker(max(l.timeouts.Commit/5, time.Millisecond))
	defer slow.Stop()
	failures := make([]error, 0, cap(answers))
	for askNext(); len(failures) < cap(answers); {
		select {
		case a := <-answers:
			if a.err == nil {
				return a.status, nil
			}
			failures = append(failures, a.err)
			askNext()
		case <-slow.C:
			askNext()
		case <-ctx.Done():
			return nil, errors.Join(append(failures, ctx.Err())...)
		}
	}
	return nil, errors.Join(failures...)
}

func (p *peerConn) status(ctx context.Context, request []byte) (*client.Status, error) {
	commit, err := p.gateway.NewCommit(request)
	if err != nil {
		return nil, fmt.Errorf("make status request: %w", err)
	}
	return commit.StatusWithContext(ctx)
}

// statusRequest makes the request for a transaction's status; the gateway client signs it.
func (l *Ledger) statusRequest(txID string) ([]byte, error) {
	creator, err := proto.Marshal(
		&msp.SerializedIdentity{Mspid: l.identity.id.MspID(), IdBytes: l.identity.id.Credentials()},
	)
	if err != nil {
		return nil, fmt.Errorf("serialize identity: %w", err)
	}
	request, err := proto.Marshal(
		&gateway.CommitStatusRequest{ChannelId: l.channel, TransactionId: txID, Identity: creator},
	)
	if err != nil {
		return nil, fmt.Errorf("make status request: %w", err)
	}
	signed, err := proto.Marshal(&gateway.SignedCommitStatusRequest{Request: request})
	if err != nil {
		return nil, fmt.Errorf("make status request: %w", err)
	}
	return signed, nil
}

func conflict(code peer.TxValidationCode) bool {
	return code == peer.TxValidationCode_MVCC_READ_CONFLICT || code == peer.TxValidationCode_PHANTOM_READ_CONFLICT
}

func transactionID(err error) string {
	var endorse *client.EndorseError
	if errors.As(err, &endorse) {
		return endorse.TransactionID
	}
	return ""
}
