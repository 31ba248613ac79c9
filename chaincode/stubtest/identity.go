package stubtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"
)

// AttributeExtension is the certificate extension in which Fabric keeps attributes, as JSON:
// {"attrs":{"name":"value"}}.
var AttributeExtension = asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}

// CA is a member's root in tests: it issues peers, clients and TLS servers.
type CA struct {
	MSP  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewCA makes a member's root.
func NewCA(mspID string) (*CA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make root key: %w", err)
	}
	template := newTemplate("ca." + mspID)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make root certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read root certificate: %w", err)
	}
	return &CA{MSP: mspID, cert: cert, key: key}, nil
}

// PEM is the root's certificate.
func (c *CA) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.cert.Raw})
}

// Identity is a certificate with its key.
type Identity struct {
	MSP  string
	Cert []byte // PEM
	Key  *ecdsa.PrivateKey
}

// Issue makes an identity. ou is its node role ("peer", "client"); attributes may be nil. It also serves as a TLS
// server on loopback.
func (c *CA) Issue(name, ou string, attributes map[string]string) (*Identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	template := newTemplate(name)
	template.Subject.OrganizationalUnit = []string{ou}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.DNSNames = []string{name}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	if attributes != nil {
		value, err := json.Marshal(map[string]map[string]string{"attrs": attributes})
		if err != nil {
			return nil, fmt.Errorf("write attributes: %w", err)
		}
		template.ExtraExtensions = []pkix.Extension{{Id: AttributeExtension, Value: value}}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.cert, key.Public(), c.key)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	return &Identity{MSP: c.MSP, Cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), Key: key}, nil
}

// KeyPEM is the private key in PKCS 8.
func (i *Identity) KeyPEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(i.Key)
	if err != nil {
		return nil, fmt.Errorf("write key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// Serialized is the identity as Fabric writes it into proposals and endorsements.
func (i *Identity) Serialized() ([]byte, error) {
	raw, err := proto.Marshal(&msp.SerializedIdentity{Mspid: i.MSP, IdBytes: i.Cert})
	if err != nil {
		return nil, fmt.Errorf("serialize identity: %w", err)
	}
	return raw, nil
}

// Sign signs as a peer does: ECDSA over SHA-256, ASN.1, with the lower of the two values of s.
func (i *Identity) Sign(message []byte) ([]byte, error) {
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, i.Key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	order := i.Key.Curve.Params().N
	if s.Cmp(new(big.Int).Rsh(order, 1)) > 0 {
		s.Sub(order, s)
	}
	return asn1.Marshal(struct{ R, S *big.Int }{r, s})
}

// NewCreator makes a client identity of a member, with attributes in its certificate, in the form in which a contract
// gets it.
func NewCreator(mspID string, attributes map[string]string) ([]byte, error) {
	ca, err := NewCA(mspID)
	if err != nil {
		return nil, err
	}
	client, err := ca.Issue("client."+mspID, "client", attributes)
	if err != nil {
		return nil, err
	}
	return client.Serialized()
}

// newTemplate makes certificates that are valid from 1970 to 2106, so that no test depends on the day.
func newTemplate(name string) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		serial = big.NewInt(1) // rand.Reader does not fail on any system we run on
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0),
	}
}
