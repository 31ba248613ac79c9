package fabrictest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	gatewaypb "github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"
)

// VerifySignedRead checks a signed read by chaincode/README.md, and returns its answer and the members that signed it.
// It exists so that the client can be tested alone; what auditors run is exchange/evidence.
func VerifySignedRead(raw []byte, roots map[string][]byte) ([]byte, []string, error) {
	var (
		prepared    gatewaypb.PreparedTransaction
		payload     common.Payload
		transaction peer.Transaction
		action      peer.ChaincodeActionPayload
		response    peer.ProposalResponsePayload
		result      peer.ChaincodeAction
	)
	err := errors.Join(
		proto.Unmarshal(raw, &prepared), proto.Unmarshal(prepared.GetEnvelope().GetPayload(), &payload),
		proto.Unmarshal(payload.GetData(), &transaction),
	)
	if err != nil || len(transaction.GetActions()) != 1 {
		return nil, nil, errors.New("not a prepared transaction with one action")
	}
	err = proto.Unmarshal(transaction.GetActions()[0].GetPayload(), &action)
	signed := action.GetAction().GetProposalResponsePayload()
	err = errors.Join(err, proto.Unmarshal(signed, &response), proto.Unmarshal(response.GetExtension(), &result))
	if err != nil {
		return nil, nil, fmt.Errorf("read response payload: %w", err)
	}
	if result.GetResponse().GetStatus() != 200 {
		return nil, nil, errors.New("the answer is not a success")
	}
	var members []string
	for _, e := range action.GetAction().GetEndorsements() {
		member, err := verifyEndorsement(signed, e, roots)
		if err != nil {
			return nil, nil, err
		}
		if !slices.Contains(members, member) {
			members = append(members, member)
		}
	}
	return result.GetResponse().GetPayload(), members, nil
}

func verifyEndorsement(signed []byte, e *peer.Endorsement, roots map[string][]byte) (string, error) {
	var id msp.SerializedIdentity
	if err := proto.Unmarshal(e.GetEndorser(), &id); err != nil {
		return "", fmt.Errorf("read endorser: %w", err)
	}
	block, _ := pem.Decode(id.GetIdBytes())
	pool := x509.NewCertPool()
	if block == nil || !pool.AppendCertsFromPEM(roots[id.GetMspid()]) {
		return "", fmt.Errorf("endorser of %q has no certificate or no known root", id.GetMspid())
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", fmt.Errorf("read endorser's certificate: %w", err)
	}
	if _, err := cert.Verify(
		x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}},
	); err != nil {
		return "", fmt.Errorf("check endorser's certificate: %w", err)
	}
	if !slices.Contains(cert.Subject.OrganizationalUnit, "peer") {
		return "", fmt.Errorf("endorser of %s is not a peer: %v", id.GetMspid(), cert.Subject.OrganizationalUnit)
	}
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	digest := sha256.Sum256(bytes.Join([][]byte{signed, e.GetEndorser()}, nil))
	if !ok || !ecdsa.VerifyASN1(key, digest[:], e.GetSignature()) {
		return "", fmt.Errorf("endorsement of %s does not verify", id.GetMspid())
	}
	return id.GetMspid(), nil
}
