// Package pki makes the certificates of a development consortium: one root per member and use (Fabric identities, TLS,
// exchange between gateways), and the certificates below them. A production member brings its own; nothing here is read
// by the gateway.
package pki

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
	"path/filepath"
	"time"

	"yilian.example/network/internal/durable"
)

// attributesOID is where Fabric's certificate authority puts an identity's attributes, as JSON.
var attributesOID = asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}

// validity of everything made here: a development consortium is thrown away long before.
const validity = 5 * 365 * 24 * time.Hour

// Authority is a root certificate with its key.
type Authority struct {
	Cert *x509.Certificate
	PEM  []byte
	key  *ecdsa.PrivateKey
	now  func() time.Time
}

// Request is what a certificate shall say.
type Request struct {
	CommonName string
	Org        string
	Unit       string            // Fabric's NodeOU: client, peer, orderer or admin; empty in TLS certificates
	Hosts      []string          // names and addresses, for TLS
	Attributes map[string]string // Fabric attributes, readable by contracts
	TLS        bool              // usable as TLS server and client
}

// Pair is a certificate with its key, both PEM.
type Pair struct{ Cert, Key []byte }

// NewAuthority makes a root named cn.
func NewAuthority(cn, org string, now func() time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key of %s: %w", cn, err)
	}
	template, err := newTemplate(pkix.Name{CommonName: cn, Organization: []string{org}}, now())
	if err != nil {
		return nil, err
	}
	template.IsCA = true
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.SubjectKeyId, err = keyID(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	cert, err := sign(template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("sign root %s: %w", cn, err)
	}
	return &Authority{Cert: cert, PEM: encodeCert(cert), key: key, now: now}, nil
}

// Issue makes a key and a certificate for it.
func (a *Authority) Issue(r Request) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("generate key of %s: %w", r.CommonName, err)
	}
	name := pkix.Name{CommonName: r.CommonName, Organization: []string{r.Org}}
	if r.Unit != "" {
		name.OrganizationalUnit = []string{r.Unit}
	}
	template, err := newTemplate(name, a.now())
	if err != nil {
		return Pair{}, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.AuthorityKeyId = a.Cert.SubjectKeyId
	template.BasicConstraintsValid = true
	template.SubjectKeyId, err = keyID(&key.PublicKey)
	if err != nil {
		return Pair{}, err
	}
	if r.TLS {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	for _, host := range r.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	if len(r.Attributes) > 0 {
		value, err := json.Marshal(map[string]any{"attrs": r.Attributes})
		if err != nil {
			return Pair{}, fmt.Errorf("encode attributes of %s: %w", r.CommonName, err)
		}
		template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: attributesOID, Value: value})
	}
	cert, err := sign(template, a.Cert, &key.PublicKey, a.key)
	if err != nil {
		return Pair{}, fmt.Errorf("sign certificate of %s: %w", r.CommonName, err)
	}
	keyPEM, err := encodeKey(key)
	if err != nil {
		return Pair{}, err
	}
	return Pair{Cert: encodeCert(cert), Key: keyPEM}, nil
}

// Save writes the authority as ca.crt and ca.key into a directory.
func (a *Authority) Save(dir string) error {
	keyPEM, err := encodeKey(a.key)
	if err != nil {
		return err
	}
	err = durable.WriteFile(filepath.Join(dir, "ca.crt"), a.PEM)
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, "ca.key"), keyPEM)
}

// Save writes certificate and key to two files.
func (p Pair) Save(cert, key string) error {
	err := durable.WriteFile(cert, p.Cert)
	if err != nil {
		return err
	}
	return durable.WriteFile(key, p.Key)
}

func newTemplate(subject pkix.Name, now time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 126))
	if err != nil {
		return nil, fmt.Errorf("choose serial number: %w", err)
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: subject,
		NotBefore: now.Add(-time.Hour).UTC(), NotAfter: now.Add(validity).UTC(),
	}, nil
}

// sign signs again until the signature's S is in the lower half: Fabric rewrites a high S when it reads a certificate,
// and fabric-sdk-go then no longer recognises a root ("x509: certificate signed by unknown authority").
func sign(
	template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey,
) (*x509.Certificate, error) {
	half := new(big.Int).Rsh(elliptic.P256().Params().N, 1)
	for {
		der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
		if err != nil {
			return nil, fmt.Errorf("create certificate: %w", err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("parse certificate: %w", err)
		}
		var signature struct{ R, S *big.Int }
		_, err = asn1.Unmarshal(cert.Signature, &signature)
		if err != nil {
			return nil, fmt.Errorf("parse signature: %w", err)
		}
		if signature.S.Cmp(half) <= 0 {
			return cert, nil
		}
	}
}

// keyID is the SHA-256 of the uncompressed point, as Fabric computes it.
func keyID(public *ecdsa.PublicKey) ([]byte, error) {
	point, err := public.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	sum := sha256.Sum256(point)
	return sum[:], nil
}

func encodeCert(cert *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
