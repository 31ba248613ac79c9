package fabrictest

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	gatewaypb "github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"yilian.example/chaincode/stubtest"
)

// service is a peer's gateway service as Fabric 3.1 serves it: the same order of checks, codes, texts and details.
type service struct {
	gatewaypb.UnimplementedGatewayServer
	node *node
}

var _ gatewaypb.GatewayServer = (*service)(nil)

// Evaluate runs the proposal on this peer.
func (s *service) Evaluate(ctx context.Context, in *gatewaypb.EvaluateRequest) (*gatewaypb.EvaluateResponse, error) {
	if err := s.node.wait(ctx); err != nil {
		return nil, err
	}
	_, proposal, err := s.open(in.GetProposedTransaction())
	if err != nil {
		return nil, err
	}
	if !s.node.endorses() {
		return nil, withDetail(
			codes.Aborted, "failed to evaluate transaction, see attached details for more info", s.node,
			"chaincode stream terminated",
		)
	}
	endorsed, err := s.node.network.ledger.Propose(proposal)
	if err != nil {
		return nil, withDetail(codes.Unknown, "evaluate call to endorser returned error: "+err.Error(), s.node, err.Error())
	}
	s.node.network.mu.Lock()
	change := s.node.network.onAnswer
	s.node.network.mu.Unlock()
	return &gatewaypb.EvaluateResponse{Result: &peer.Response{Status: 200, Payload: change(endorsed.Payload)}}, nil
}

// Endorse runs the proposal and has the peers of the members asked for, or of a quorum, sign the result.
func (s *service) Endorse(ctx context.Context, in *gatewaypb.EndorseRequest) (*gatewaypb.EndorseResponse, error) {
	if err := s.node.wait(ctx); err != nil {
		return nil, err
	}
	raw, proposal, err := s.open(in.GetProposedTransaction())
	if err != nil {
		return nil, err
	}
	endorsers, err := s.plan(ctx, in.GetEndorsingOrganizations())
	if err != nil {
		return nil, err
	}
	n := s.node.network
	endorsed, err := n.ledger.Propose(proposal)
	if err != nil {
		return nil, withDetail(
			codes.Aborted, "failed to endorse transaction, see attached details for more info", s.node, err.Error(),
		)
	}
	envelope, err := stubtest.Endorse(raw, &peer.ChaincodeAction{
		Response:    &peer.Response{Status: 200, Payload: endorsed.Payload},
		ChaincodeId: &peer.ChaincodeID{Name: Chaincode, Version: "1"},
	}, endorsers...)
	if err != nil {
		return nil, status.Error(codes.Aborted, err.Error())
	}
	n.mu.Lock()
	n.endorsed[proposal.TxID] = endorsed
	n.mu.Unlock()
	return &gatewaypb.EndorseResponse{PreparedTransaction: envelope}, nil
}

// plan chooses the endorsing peers.
func (s *service) plan(ctx context.Context, asked []string) ([]*stubtest.Identity, error) {
	n := s.node.network
	if len(asked) > 0 {
		return s.planFor(ctx, asked)
	}
	if !s.node.endorses() {
		return nil, withDetail(
			codes.Aborted, "failed to endorse transaction, see attached details for more info", s.node,
			"chaincode stream terminated",
		)
	}
	endorsers := []*stubtest.Identity{s.node.peer}
	for _, m := range n.order {
		if p := n.nodes[m]; p != s.node && p.endorses() && len(endorsers) < n.quorum() {
			if err := p.wait(ctx); err != nil {
				return nil, err
			}
			endorsers = append(endorsers, p.peer)
		}
	}
	if len(endorsers) < n.quorum() {
		return nil, status.Error(
			codes.FailedPrecondition, "no combination of peers can be derived which satisfy the endorsement policy",
		)
	}
	return endorsers, nil
}

func (s *service) planFor(ctx context.Context, asked []string) ([]*stubtest.Identity, error) {
	var endorsers []*stubtest.Identity
	var missing []string
	for _, m := range asked {
		p, known := s.node.network.nodes[m]
		if !known {
			missing = append(missing, m)
			continue
		}
		if err := p.wait(ctx); err != nil {
			return nil, err
		}
		p.mu.Lock()
		stopped, silent := p.server == nil, p.silent
		p.mu.Unlock()
		if stopped {
			missing = append(missing, m)
		} else if silent {
			return nil, withDetail(
				codes.Aborted, "failed to collect enough transaction endorsements, see attached details for more info", p,
				"chaincode stream terminated",
			)
		} else {
			endorsers = append(endorsers, p.peer)
		}
	}
	if len(missing) > 0 {
		return nil, status.Error(
			codes.Unavailable, "failed to find any endorsing peers for org(s): "+strings.Join(missing, ", "),
		)
	}
	return endorsers, nil
}

// Submit orders the transaction, or not, as the test decided.
func (s *service) Submit(ctx context.Context, in *gatewaypb.SubmitRequest) (*gatewaypb.SubmitResponse, error) {
	if err := s.node.wait(ctx); err != nil {
		return nil, err
	}
	if len(in.GetPreparedTransaction().GetSignature()) == 0 {
		return nil, status.Error(codes.InvalidArgument, "prepared transaction must be signed")
	}
	n := s.node.network
	n.mu.Lock()
	endorsed, decide := n.endorsed[in.GetTransactionId()], n.onSubmit
	n.mu.Unlock()
	if endorsed == nil {
		return nil, status.Error(codes.InvalidArgument, "this network did not endorse the transaction")
	}
	ordered, err := decide()
	if ordered {
		n.ledger.Commit(endorsed)
	}
	if err != nil {
		return nil, err
	}
	return &gatewaypb.SubmitResponse{}, nil
}

// CommitStatus waits until the transaction is in a block.
func (s *service) CommitStatus(
	ctx context.Context, in *gatewaypb.SignedCommitStatusRequest,
) (*gatewaypb.CommitStatusResponse, error) {
	if err := s.node.wait(ctx); err != nil {
		return nil, err
	}
	var request gatewaypb.CommitStatusRequest
	if err := proto.Unmarshal(in.GetRequest(), &request); err != nil {
		return nil, status.Error(codes.InvalidArgument, "invalid status request")
	}
	if err := s.authenticate(request.GetIdentity(), in.GetRequest(), in.GetSignature()); err != nil {
		return nil, err
	}
	for {
		_, grown := s.node.network.ledger.Blocks(1 << 62)
		if block, found := s.node.network.ledger.Status(request.GetTransactionId()); found {
			return &gatewaypb.CommitStatusResponse{Result: block.Code, BlockNumber: block.Number}, nil
		}
		select {
		case <-ctx.Done():
			return nil, status.FromContextError(ctx.Err()).Err()
		case <-grown:
		}
	}
}

// ChaincodeEvents streams the events of committed transactions, block by block.
func (s *service) ChaincodeEvents(
	in *gatewaypb.SignedChaincodeEventsRequest, out grpc.ServerStreamingServer[gatewaypb.ChaincodeEventsResponse],
) error {
	var request gatewaypb.ChaincodeEventsRequest
	if err := proto.Unmarshal(in.GetRequest(), &request); err != nil {
		return status.Error(codes.InvalidArgument, "failed to unmarshal request")
	}
	if err := s.authenticate(request.GetIdentity(), in.GetRequest(), in.GetSignature()); err != nil {
		return err
	}
	if err := s.node.wait(out.Context()); err != nil {
		return err
	}
	next := request.GetStartPosition().GetSpecified().GetNumber()
	skip := request.GetAfterTransactionId()
	for {
		blocks, grown := s.node.network.ledger.Blocks(next)
		for _, b := range blocks {
			next = b.Number + 1
			if b.TxID == skip || b.Event == nil {
				continue
			}
			event := &peer.ChaincodeEvent{
				ChaincodeId: request.GetChaincodeId(),
				TxId:        b.TxID,
				EventName:   b.Event.Name,
				Payload:     b.Event.Payload,
			}
			events := []*peer.ChaincodeEvent{event}
			if err := out.Send(&gatewaypb.ChaincodeEventsResponse{BlockNumber: b.Number, Events: events}); err != nil {
				return err
			}
		}
		select {
		case <-out.Context().Done():
			return status.FromContextError(out.Context().Err()).Err()
		case <-grown:
		}
	}
}

// open reads a signed proposal and checks who signed it.
func (s *service) open(signed *peer.SignedProposal) (*peer.Proposal, stubtest.Proposal, error) {
	var (
		proposal      peer.Proposal
		header        common.Header
		channel       common.ChannelHeader
		signature     common.SignatureHeader
		payload       peer.ChaincodeProposalPayload
		specification peer.ChaincodeInvocationSpec
	)
	err := errors.Join(
		proto.Unmarshal(signed.GetProposalBytes(), &proposal), proto.Unmarshal(proposal.GetHeader(), &header),
		proto.Unmarshal(proposal.GetPayload(), &payload),
	)
	err = errors.Join(err,
		proto.Unmarshal(header.GetChannelHeader(), &channel),
		proto.Unmarshal(header.GetSignatureHeader(), &signature),
		proto.Unmarshal(payload.GetInput(), &specification),
	)
	args := specification.GetChaincodeSpec().GetInput().GetArgs()
	if err != nil || len(args) == 0 {
		return nil, stubtest.Proposal{}, status.Error(codes.InvalidArgument, "failed to unpack transaction proposal")
	}
	if channel.GetChannelId() != Channel || specification.GetChaincodeSpec().GetChaincodeId().GetName() != Chaincode {
		return nil, stubtest.Proposal{}, status.Error(codes.InvalidArgument, "no such channel or chaincode")
	}
	if err := s.authenticate(signature.GetCreator(), signed.GetProposalBytes(), signed.GetSignature()); err != nil {
		return nil, stubtest.Proposal{}, err
	}
	made := stubtest.Proposal{
		TxID: channel.GetTxId(), Creator: signature.GetCreator(), Time: channel.GetTimestamp().AsTime().Round(0).In(time.UTC),
		Function: string(args[0]),
	}
	for _, a := range args[1:] {
		made.Args = append(made.Args, string(a))
	}
	return &proposal, made, nil
}

// authenticate checks that a member's certificate signed the message.
func (s *service) authenticate(creator, message, signature []byte) error {
	denied := status.Error(codes.PermissionDenied, "access denied: the creator's signature does not verify")
	var id msp.SerializedIdentity
	if err := proto.Unmarshal(creator, &id); err != nil {
		return denied
	}
	network := s.node.network
	if !slices.Contains(network.order, id.GetMspid()) {
		return denied
	}
	block, _ := pem.Decode(id.GetIdBytes())
	if block == nil {
		return denied
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return denied
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(network.Root(id.GetMspid()))
	if _, err := cert.Verify(
		x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}},
	); err != nil {
		return denied
	}
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	digest := sha256.Sum256(message)
	if !ok || !ecdsa.VerifyASN1(key, digest[:], signature) {
		return denied
	}
	return nil
}

func withDetail(code codes.Code, text string, p *node, message string) error {
	detailed, err := status.New(code, text).
		WithDetails(&gatewaypb.ErrorDetail{Address: p.address, MspId: p.ca.MSP, Message: message})
	if err != nil {
		return status.Error(code, text)
	}
	return detailed.Err()
}
