package stubtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/protobuf/proto"
)

// AttributeExtension is the certificate extension in which Fabric keeps attributes, as JSON: {"attrs":{"name":"value"}}.
var AttributeExtension = asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}

// Attributes makes that extension.
func Attributes(attributes map[string]string) (pkix.Extension, error) {
	value, err := json.Marshal(map[string]map[string]string{"attrs": attributes})
	if err != nil {
		return pkix.Extension{}, fmt.Errorf("write attributes: %w", err)
	}
	return pkix.Extension{Id: AttributeExtension, Value: value}, nil
}

// NewCreator makes a client identity of a member, with attributes in its certificate, in the form in which a contract gets it.
func NewCreator(mspID string, attributes map[string]string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	extension, err := Attributes(attributes)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client." + mspID},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<32, 0), ExtraExtensions: []pkix.Extension{extension},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	return Creator(mspID, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// Creator serializes an identity.
func Creator(mspID string, certificate []byte) ([]byte, error) {
	raw, err := proto.Marshal(&msp.SerializedIdentity{Mspid: mspID, IdBytes: certificate})
	if err != nil {
		return nil, fmt.Errorf("serialize identity: %w", err)
	}
	return raw, nil
}
