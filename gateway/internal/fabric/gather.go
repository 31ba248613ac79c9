package fabric

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

// gathered is one proposal, endorsed by several members who came to the same result.
type gathered struct {
	bytes []byte    // gateway.PreparedTransaction
	via   *peerConn // one of the peers that answered, our own if it did
}

// endorsement is what one member's peer answered to a proposal.
type endorsement struct {
	peer     *peerConn
	prepared *gateway.PreparedTransaction
	result   []byte // the response payload that was signed
	signed   *peer.Endorsement
	err      error
}

// gather has each member's own peer endorse one and the same proposal, all at once, and puts together what agrees. It
// needs the agreement of need members, and waits for more during grace. So a member that hangs, lags or lies costs its
// own signature and nothing else; the Fabric gateway, asked for all at once, fails or waits as a whole.
func (l *Ledger) gather(
	ctx context.Context, function string, argument []byte, need int, grace time.Duration,
) (gathered, error) {
	ctx, cancel := context.WithTimeout(ctx, l.timeouts.Endorse)
	defer cancel()
	proposal, err := l.peers.order()[0].propose(l, function, argument)
	if err != nil {
		return gathered{}, err
	}
	raw, err := proposal.Bytes()
	if err != nil {
		return gathered{}, fmt.Errorf("write proposal: %w", err)
	}
	answers := make(chan endorsement, len(l.members))
	for _, member := range l.members {
		go func() { answers <- l.askMember(ctx, member, raw) }()
	}
	agreed, failures := l.agree(answers, need, grace)
	if len(agreed) < need {
		return gathered{}, errors.Join(failures...)
	}
	return merge(agreed)
}

// agree collects answers until need members agree and grace is over, or nobody is left to wait for.
func (l *Ledger) agree(answers <-chan endorsement, need int, grace time.Duration) ([]endorsement, []error) {
	byResult := map[string][]endorsement{}
	var best []endorsement
	var failures []error
	var late <-chan time.Time
	for range l.members {
		select {
		case a := <-answers:
			if a.err != nil {
				failures = append(failures, a.err)
				continue
			}
			same := append(byResult[string(a.result)], a)
			byResult[string(a.result)] = same
			if len(same) > len(best) {
				best = same
			}
		case <-late:
			return best, failures
		}
		if len(best) >= need && late == nil {
			late = time.After(grace)
		}
	}
	if len(best) < need {
		failures = append(failures, fmt.Errorf("%d of %d members agree, %d are needed", len(best), len(l.members), need))
	}
	return best, failures
}

// askMember has one member's peers endorse, one after the other until one does.
func (l *Ledger) askMember(ctx context.Context, member string, proposal []byte) endorsement {
	failures := []error{fmt.Errorf("no endorsement by %s", member)}
	for _, p := range l.peers.order() {
		if p.msp != member {
			continue
		}
		answer := p.endorseAs(ctx, member, proposal)
		if answer.err == nil {
			p.succeeded()
			return answer
		}
		if _, refused := refusalOf(answer.err); refused {
			return answer
		}
		if ctx.Err() == nil || errors.Is(ctx.Err(), context.DeadlineExceeded) {
			p.failed(ctx, l.logger, "endorse", answer.err)
		}
		failures = append(failures, answer.err)
	}
	return endorsement{err: errors.Join(failures...)}
}

func (p *peerConn) endorseAs(ctx context.Context, member string, raw []byte) endorsement {
	fail := func(err error) endorsement { return endorsement{peer: p, err: err} }
	var proposed gateway.ProposedTransaction
	if err := proto.Unmarshal(raw, &proposed); err != nil {
		return fail(fmt.Errorf("read proposal: %w", err))
	}
	proposed.EndorsingOrganizations = []string{member}
	own, err := proto.Marshal(&proposed)
	if err != nil {
		return fail(fmt.Errorf("write proposal: %w", err))
	}
	proposal, err := p.gateway.NewProposal(own)
	if err != nil {
		return fail(fmt.Errorf("sign proposal: %w", err))
	}
	transaction, err := proposal.EndorseWithContext(ctx)
	if err != nil {
		return fail(err)
	}
	bytes, err := transaction.Bytes()
	if err != nil {
		return fail(fmt.Errorf("read endorsement: %w", err))
	}
	return readEndorsement(p, member, bytes)
}

// readEndorsement takes the one endorsement out of a prepared transaction and checks that it is the member's signature.
// Whether the member's root issued the certificate is for those to check who rely on it.
func readEndorsement(p *peerConn, member string, raw []byte) endorsement {
	made := endorsement{peer: p, prepared: &gateway.PreparedTransaction{}}
	action, _, err := openPrepared(raw, made.prepared)
	if err != nil {
		made.err = err
		return made
	}
	made.result = action.GetAction().GetProposalResponsePayload()
	for _, e := range action.GetAction().GetEndorsements() {
		if signedBy(e, made.result, member) {
			made.signed = e
			return made
		}
	}
	made.err = fmt.Errorf("the answer of %s is not signed by it", p.endpoint)
	return made
}

func signedBy(e *peer.Endorsement, result []byte, member string) bool {
	var id msp.SerializedIdentity
	if err := proto.Unmarshal(e.GetEndorser(), &id); err != nil || id.GetMspid() != member {
		return false
	}
	block, _ := pem.Decode(id.GetIdBytes())
	if block == nil {
		return false
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return false
	}
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	digest := sha256.Sum256(bytes.Join([][]byte{result, e.GetEndorser()}, nil))
	return ok && ecdsa.VerifyASN1(key, digest[:], e.GetSignature())
}

// openPrepared reads the layers of a prepared transaction down to its one action, and returns a function that writes
// the action back.
func openPrepared(
	raw []byte, prepared *gateway.PreparedTransaction,
) (*peer.ChaincodeActionPayload, func() error, error) {
	var (
		payload     common.Payload
		transaction peer.Transaction
		action      peer.ChaincodeActionPayload
	)
	err := errors.Join(
		proto.Unmarshal(raw, prepared), proto.Unmarshal(prepared.GetEnvelope().GetPayload(), &payload),
		proto.Unmarshal(payload.GetData(), &transaction),
	)
	if err != nil || len(transaction.GetActions()) != 1 {
		return nil, nil, errors.Join(errors.New("the peer's answer is not a transaction with one action"), err)
	}
	if err := proto.Unmarshal(transaction.GetActions()[0].GetPayload(), &action); err != nil {
		return nil, nil, fmt.Errorf("read the transaction's action: %w", err)
	}
	write := func() error {
		var err error
		if transaction.Actions[0].Payload, err = proto.Marshal(&action); err != nil {
			return fmt.Errorf("write action: %w", err)
		}
		if payload.Data, err = proto.Marshal(&transaction); err != nil {
			return fmt.Errorf("write transaction: %w", err)
		}
		if prepared.Envelope.Payload, err = proto.Marshal(&payload); err != nil {
			return fmt.Errorf("write payload: %w", err)
		}
		return nil
	}
	return &action, write, nil
}

// merge puts all endorsements of one result into one transaction.
func merge(agreed []endorsement) (gathered, error) {
	raw, err := proto.Marshal(agreed[0].prepared)
	if err != nil {
		return gathered{}, fmt.Errorf("write transaction: %w", err)
	}
	var prepared gateway.PreparedTransaction
	action, write, err := openPrepared(raw, &prepared)
	if err != nil {
		return gathered{}, err
	}
	action.Action.Endorsements = nil
	made := gathered{via: agreed[0].peer}
	for _, a := range agreed {
		action.Action.Endorsements = append(action.Action.Endorsements, a.signed)
		if a.peer.own {
			made.via = a.peer
		}
	}
	if err := write(); err != nil {
		return gathered{}, err
	}
	made.bytes, err = proto.Marshal(&prepared)
	if err != nil {
		return gathered{}, fmt.Errorf("write transaction: %w", err)
	}
	return made, nil
}
