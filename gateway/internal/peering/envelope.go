// Package peering is how one member's gateway talks to another's: signed messages (JWS, RFC 7515) carried over mutual
// TLS. It decides nothing; the exchange domain does.
package peering

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"

	jose "github.com/go-jose/go-jose/v4"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
	"yilian.example/gateway/config"
)

// Envelope signs as this organisation and verifies the others. It is safe for concurrent use.
type Envelope struct {
	signer  ed25519.PrivateKey
	members map[consortium.OrgID]ed25519.PublicKey
}

var _ release.Envelope = (*Envelope)(nil)

// NewEnvelope takes this organisation's release key and reads every member's public one from its PEM file.
func NewEnvelope(signer ed25519.PrivateKey, members []config.Member) (*Envelope, error) {
	e := &Envelope{signer: signer, members: map[consortium.OrgID]ed25519.PublicKey{}}
	for _, m := range members {
		key, err := readPublicKey(m.ReleaseKey)
		if err != nil {
			return nil, fmt.Errorf("read release key of %s: %w", m.ID, err)
		}
		e.members[consortium.OrgID(m.ID)] = key
	}
	return e, nil
}

func readPublicKey(path string) (ed25519.PublicKey, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("no PEM block")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("not an Ed25519 key")
	}
	return key, nil
}

// Sign returns a compact JWS (EdDSA) whose "typ" header is the message's type.
func (e *Envelope) Sign(messageType string, payload []byte) ([]byte, error) {
	opts := (&jose.SignerOptions{}).WithType(jose.ContentType(messageType))
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.EdDSA, Key: e.signer}, opts)
	if err != nil {
		return nil, fmt.Errorf("make signer: %w", err)
	}
	jws, err := s.Sign(payload)
	if err != nil {
		return nil, fmt.Errorf("sign message: %w", err)
	}
	compact, err := jws.CompactSerialize()
	if err != nil {
		return nil, fmt.Errorf("serialise message: %w", err)
	}
	return []byte(compact), nil
}

// Open verifies that member signed a message of this type. Only EdDSA is accepted, whatever the header says.
func (e *Envelope) Open(member consortium.OrgID, messageType string, message []byte) ([]byte, error) {
	key, ok := e.members[member]
	if !ok {
		return nil, fault.New(fault.Unauthorized, CodeMemberUnknown, "The signing organisation is not a member.")
	}
	jws, err := jose.ParseSignedCompact(string(message), []jose.SignatureAlgorithm{jose.EdDSA})
	if err != nil {
		return nil, fault.Wrap(
			err, fault.Unauthorized, CodeMessageMalformed, "The message is not a signed one of the documented form.",
		)
	}
	if typ, _ := jws.Signatures[0].Protected.ExtraHeaders[jose.HeaderType].(string); typ != messageType {
		return nil, fault.New(fault.Unauthorized, CodeMessageType, "The message is signed for another use.")
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unauthorized, CodeMessageSignature, "The message's signature does not verify.")
	}
	return payload, nil
}
