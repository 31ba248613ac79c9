package evidence

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

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
