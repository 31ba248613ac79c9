package stubtest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"yilian.example/chaincode/ledger"
)

// FakeAttestation makes a signed read of witness:Attest without a network: the bytes of a prepared transaction whose
// answer is state, endorsed by one peer of each CA. It is what the gateway's Attest returns, so it serves to test what
// verifies such reads.
func FakeAttestation(t testing.TB, state ledger.LogState, cas ...*CA) []byte {
	t.Helper()
	answer, err := json.Marshal(state)
	if err != nil {
		t.Fatalf("write state: %v", err)
	}
	var peers []*Identity
	for _, ca := range cas {
		endorser, err := ca.Issue("peer0."+ca.MSP, "peer", nil)
		if err != nil {
			t.Fatal(err)
		}
		peers = append(peers, endorser)
	}
	raw, err := SignRead(state, answer, peers...)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// SignRead makes the prepared transaction of FakeAttestation with any answer and any endorsers: to make faulty ones.
func SignRead(state ledger.LogState, answer []byte, endorsers ...*Identity) ([]byte, error) {
	creator, err := NewCreator("client", nil)
	if err != nil {
		return nil, err
	}
	query, err := json.Marshal(ledger.LogQuery{Origin: state.Origin})
	if err != nil {
		return nil, fmt.Errorf("write query: %w", err)
	}
	txID := fmt.Sprintf("%x", sha256.Sum256(creator))
	proposal, err := newProposal(state.Channel, txID, creator, ledger.WitnessAttest, query)
	if err != nil {
		return nil, err
	}
	envelope, err := Endorse(proposal, &peer.ChaincodeAction{
		Response:    &peer.Response{Status: 200, Payload: answer},
		ChaincodeId: &peer.ChaincodeID{Name: "yilian", Version: "1"},
	}, endorsers...)
	if err != nil {
		return nil, err
	}
	return marshal(&gateway.PreparedTransaction{TransactionId: txID, Envelope: envelope})
}

func newProposal(channel, txID string, creator []byte, function string, argument []byte) (*peer.Proposal, error) {
	input := &peer.ChaincodeInput{Args: [][]byte{[]byte(function), argument}}
	id := &peer.ChaincodeID{Name: "yilian"}
	extension, err := marshal(&peer.ChaincodeHeaderExtension{ChaincodeId: id})
	if err != nil {
		return nil, err
	}
	channelHeader, err := marshal(&common.ChannelHeader{
		Type: int32(common.HeaderType_ENDORSER_TRANSACTION), ChannelId: channel, TxId: txID,
		Timestamp: &timestamppb.Timestamp{Seconds: 1}, Extension: extension,
	})
	if err != nil {
		return nil, err
	}
	signatureHeader, err := marshal(&common.SignatureHeader{Creator: creator, Nonce: []byte(txID)})
	if err != nil {
		return nil, err
	}
	header, err := marshal(&common.Header{ChannelHeader: channelHeader, SignatureHeader: signatureHeader})
	if err != nil {
		return nil, err
	}
	invocation, err := marshal(
		&peer.ChaincodeInvocationSpec{ChaincodeSpec: &peer.ChaincodeSpec{ChaincodeId: id, Input: input}},
	)
	if err != nil {
		return nil, err
	}
	payload, err := marshal(&peer.ChaincodeProposalPayload{Input: invocation})
	if err != nil {
		return nil, err
	}
	return &peer.Proposal{Header: header, Payload: payload}, nil
}

// Endorse assembles what a peer's gateway service hands back for an endorsed proposal: the transaction with one
// endorsement per endorser over the same response payload.
func Endorse(proposal *peer.Proposal, action *peer.ChaincodeAction, endorsers ...*Identity) (*common.Envelope, error) {
	var header common.Header
	if err := proto.Unmarshal(proposal.GetHeader(), &header); err != nil {
		return nil, fmt.Errorf("read proposal header: %w", err)
	}
	hash := sha256.New()
	hash.Write(header.GetChannelHeader())
	hash.Write(header.GetSignatureHeader())
	hash.Write(proposal.GetPayload()) // no transient data here, which Fabric would leave out
	extension, err := marshal(action)
	if err != nil {
		return nil, err
	}
	response, err := marshal(&peer.ProposalResponsePayload{ProposalHash: hash.Sum(nil), Extension: extension})
	if err != nil {
		return nil, err
	}
	endorsed := &peer.ChaincodeEndorsedAction{ProposalResponsePayload: response}
	for _, e := range endorsers {
		name, err := e.Serialized()
		if err != nil {
			return nil, err
		}
		signature, err := e.Sign(append(append([]byte(nil), response...), name...))
		if err != nil {
			return nil, err
		}
		endorsed.Endorsements = append(endorsed.Endorsements, &peer.Endorsement{Endorser: name, Signature: signature})
	}
	actionPayload, err := marshal(
		&peer.ChaincodeActionPayload{ChaincodeProposalPayload: proposal.GetPayload(), Action: endorsed},
	)
	if err != nil {
		return nil, err
	}
	transaction, err := marshal(&peer.Transaction{
		Actions: []*peer.TransactionAction{{Header: header.GetSignatureHeader(), Payload: actionPayload}},
	})
	if err != nil {
		return nil, err
	}
	payload, err := marshal(&common.Payload{Header: &header, Data: transaction})
	if err != nil {
		return nil, err
	}
	return &common.Envelope{Payload: payload}, nil
}

func marshal(m proto.Message) ([]byte, error) {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("write %T: %w", m, err)
	}
	return raw, nil
}
