package evidence

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"
)

// checkQuorum verifies every endorsement and returns the members that signed, sorted; quorum of them at least.
func (a Attestation) checkQuorum(read signedRead, roots Roots, quorum int) ([]string, error) {
	members, err := a.checkEndorsements(*read.answer.Attested, roots)
	if err != nil {
		return nil, err
	}
	if len(members) < quorum {
		return nil, fmt.Errorf("%d members signed, %d are needed", len(members), quorum)
	}
	return members, nil
}

// checkEndorsements verifies all of them: one that cannot be verified spoils the whole, also when the others would
// suffice, since it was changed or is by somebody whom the verifier does not know.
func (a Attestation) checkEndorsements(at time.Time, roots Roots) ([]string, error) {
	var members []string
	for _, e := range a.Endorsements {
		var id msp.SerializedIdentity
		if proto.Unmarshal(e.Endorser, &id) != nil {
			return nil, errors.New("an endorser's identity is malformed")
		}
		member := id.GetMspid()
		if len(roots[member]) == 0 {
			return nil, errors.New("an endorsement is by somebody whose root certificate was not given")
		}
		if len(members) > 0 && member <= members[len(members)-1] {
			return nil, errors.New("the endorsements are not one of each member, in order")
		}
		if err := a.checkEndorsement(e, id.GetIdBytes(), at, roots[member]); err != nil {
			return nil, fmt.Errorf("%s: %w", member, err)
		}
		members = append(members, member)
	}
	return members, nil
}

// checkEndorsement verifies one peer's certificate, as of the time that the peers attested, and its signature.
func (a Attestation) checkEndorsement(
	e Endorsement, certificate []byte, at time.Time, roots []*x509.Certificate,
) error {
	block, rest := pem.Decode(certificate)
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
		Roots: pool, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
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
	digest.Write(a.Signed)
	digest.Write(e.Endorser)
	if !ecdsa.VerifyASN1(key, digest.Sum(nil), e.Signature) {
		return errors.New("the endorsement's signature does not verify")
	}
	return nil
}
