package evidence

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/common"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/protobuf/proto"

	"yilian.example/exchange/tlog"
)

// typeWitness is the type of the answer that witness:Attest gives.
const typeWitness = "yilian/witness/v1"

// Roots are the members' root certificates, by member.
type Roots map[string][]*x509.Certificate

// ParseRoots reads PEM files by member. Two members with one and the same root would count as two signatories and be
// one: that is an error.
func ParseRoots(files map[string][]byte) (Roots, error) {
	roots, owners := Roots{}, map[[32]byte]string{}
	for member, data := range files {
		for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("read root of %s: %w", member, err)
			}
			sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
			if other, ok := owners[sum]; ok && other != member {
				return nil, fmt.Errorf("members %s and %s have the same root", min(member, other), max(member, other))
			}
			owners[sum] = member
			roots[member] = append(roots[member], cert)
		}
		if len(roots[member]) == 0 {
			return nil, fmt.Errorf("read root of %s: no certificate in PEM", member)
		}
	}
	return roots, nil
}

// witnessed is the answer of witness:Attest: one log as the ledger knows it, at the time of asking.
type witnessed struct {
	Type     string     `json:"type"`
	Channel  string     `json:"channel"`
	Origin   string     `json:"origin"`
	MSP      string     `json:"msp"`
	Key      string     `json:"key"`
	Note     []byte     `json:"note"`
	Size     int64      `json:"size"`
	Root     []byte     `json:"root"`
	Time     time.Time  `json:"time"`
	Attested *time.Time `json:"attested"`
}

// signedRead is what of a prepared transaction the members' peers signed.
type signedRead struct {
	signed       []byte // ProposalResponsePayload, exactly as signed
	chaincode    string
	status       int32
	answer       witnessed
	endorsements []*peer.Endorsement
}

// parseAttestation takes a prepared transaction apart. Only what the endorsements cover is used.
func parseAttestation(raw []byte) (signedRead, error) {
	var (
		prepared    gateway.PreparedTransaction
		payload     common.Payload
		transaction peer.Transaction
		action      peer.ChaincodeActionPayload
		response    peer.ProposalResponsePayload
		result      peer.ChaincodeAction
	)
	malformed := errors.New("the attestation is not a prepared transaction of the ledger")
	if proto.Unmarshal(raw, &prepared) != nil || proto.Unmarshal(prepared.GetEnvelope().GetPayload(), &payload) != nil ||
		proto.Unmarshal(payload.GetData(), &transaction) != nil || len(transaction.GetActions()) != 1 ||
		proto.Unmarshal(transaction.GetActions()[0].GetPayload(), &action) != nil {
		return signedRead{}, malformed
	}
	signed := action.GetAction().GetProposalResponsePayload()
	if len(signed) == 0 || proto.Unmarshal(signed, &response) != nil ||
		proto.Unmarshal(response.GetExtension(), &result) != nil {
		return signedRead{}, malformed
	}
	read := signedRead{
		signed: signed, chaincode: result.GetChaincodeId().GetName(), status: result.GetResponse().GetStatus(),
		endorsements: action.GetAction().GetEndorsements(),
	}
	if err := json.Unmarshal(result.GetResponse().GetPayload(), &read.answer); err != nil {
		return signedRead{}, errors.New("the attestation's answer is not JSON of the expected shape")
	}
	// Only witness:Attest sets the time of asking. An endorsed but never committed witness:Checkpoint answers with the
	// same type, about a state that no ledger holds: it must not pass for a reading.
	if read.answer.Attested == nil || read.answer.Type != typeWitness {
		return signedRead{}, errors.New("the attestation is not the answer of witness:Attest")
	}
	return read, nil
}

// checkEndorsements verifies every endorsement of a known member, and gives the members that signed, sorted.
// Endorsements of members without a known root are left aside.
func (r signedRead) checkEndorsements(roots Roots) ([]string, error) {
	var members []string
	for _, e := range r.endorsements {
		var id msp.SerializedIdentity
		if proto.Unmarshal(e.GetEndorser(), &id) != nil {
			return nil, errors.New("an endorser's identity is malformed")
		}
		if len(roots[id.GetMspid()]) == 0 {
			continue
		}
		if err := r.checkEndorsement(e, &id, roots[id.GetMspid()]); err != nil {
			return nil, fmt.Errorf("%s: %w", id.GetMspid(), err)
		}
		if !slices.Contains(members, id.GetMspid()) {
			members = append(members, id.GetMspid())
		}
	}
	slices.Sort(members)
	return members, nil
}

// checkEndorsement verifies one peer's certificate, as of the time that the peers attested, and its signature.
func (r signedRead) checkEndorsement(e *peer.Endorsement, id *msp.SerializedIdentity, roots []*x509.Certificate) error {
	block, rest := pem.Decode(id.GetIdBytes())
	if block == nil || len(bytes.TrimSpace(rest)) != 0 {
		return errors.New("the endorser has no certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return errors.New("the endorser's certificate is malformed")
	}
	pool := x509.NewCertPool()
	for _, root := range roots {
		pool.AddCert(root)
	}
	_, err = cert.Verify(x509.VerifyOptions{
		Roots: pool, CurrentTime: *r.answer.Attested, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return errors.New("the endorser's certificate does not come from the member's root, or was not valid at the time")
	}
	// A member's users have certificates of the same root; only its peers speak for the ledger.
	if !slices.Contains(cert.Subject.OrganizationalUnit, "peer") {
		return errors.New("the endorser is not a peer")
	}
	key, ok := cert.PublicKey.(*ecdsa.PublicKey)
	if !ok {
		return errors.New("the endorser's key is not an ECDSA key")
	}
	digest := sha256.New()
	digest.Write(r.signed)
	digest.Write(e.GetEndorser())
	if !ecdsa.VerifyASN1(key, digest.Sum(nil), e.GetSignature()) {
		return errors.New("the endorsement's signature does not verify")
	}
	return nil
}

// checkAnswer compares what the peers signed with the checkpoint of the file.
func (r signedRead) checkAnswer(note []byte, c tlog.Checkpoint, key string, opts Options) error {
	a := r.answer
	label, _, _ := strings.Cut(a.Origin, ".")
	switch {
	case r.status != 200:
		return errors.New("the peers' answer is a refusal")
	case r.chaincode != opts.Chaincode:
		return errors.New("the answer comes from another chaincode")
	case opts.Channel != "" && a.Channel != opts.Channel:
		return errors.New("the answer comes from another ledger")
	case a.Origin != c.Origin || a.MSP != label:
		return errors.New("the ledger vouches for another log")
	case a.Key != key:
		return errors.New("the ledger knows the log by another key")
	case !bytes.Equal(a.Note, note) || a.Size != c.Size || !bytes.Equal(a.Root, c.Root[:]):
		return errors.New("the ledger witnessed another checkpoint")
	case a.Attested.Before(a.Time):
		return errors.New("the attestation is older than the checkpoint")
	}
	return nil
}
