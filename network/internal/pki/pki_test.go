package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func parse(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatal("not PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func TestIssue(t *testing.T) {
	ca, err := NewAuthority("ca.donghu.yilian.example", "donghu", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Issue(Request{
		CommonName: "gateway", Org: "donghu", Unit: "client", Hosts: []string{"localhost", "127.0.0.1"}, TLS: true,
		Attributes: map[string]string{"yilian.role": "gateway"},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Errorf("certificate and key do not belong together: %v", err)
	}
	cert := parse(t, pair.Cert)
	roots := x509.NewCertPool()
	roots.AddCert(ca.Cert)
	for _, usage := range []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth} {
		_, err = cert.Verify(x509.VerifyOptions{Roots: roots, DNSName: "127.0.0.1", KeyUsages: []x509.ExtKeyUsage{usage}})
		if err != nil {
			t.Errorf("usage %v: %v", usage, err)
		}
	}
	if cert.Subject.Organization[0] != "donghu" || cert.Subject.OrganizationalUnit[0] != "client" {
		t.Errorf("subject %v", cert.Subject)
	}
	var attributes struct{ Attrs map[string]string }
	for _, e := range cert.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{1, 2, 3, 4, 5, 6, 7, 8, 1}) {
			err = json.Unmarshal(e.Value, &attributes)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if attributes.Attrs["yilian.role"] != "gateway" {
		t.Errorf("attributes %v", attributes)
	}
}

func TestAnotherAuthorityDoesNotVouch(t *testing.T) {
	one, err := NewAuthority("one", "donghu", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	two, err := NewAuthority("one", "donghu", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := one.Issue(Request{CommonName: "x", Org: "donghu", TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(two.Cert)
	_, err = parse(t, pair.Cert).Verify(x509.VerifyOptions{Roots: roots})
	if err == nil {
		t.Error("a root of the same name vouches for another's certificate")
	}
}

// A high S makes fabric-sdk-go forget the root, so no certificate may have one. Forty signatures would all be low by
// chance once in 2^40.
func TestSignaturesAreLow(t *testing.T) {
	half := new(big.Int).Rsh(mustHex(t, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"), 1)
	for range 20 {
		ca, err := NewAuthority("ca", "donghu", time.Now)
		if err != nil {
			t.Fatal(err)
		}
		pair, err := ca.Issue(Request{CommonName: "x", Org: "donghu"})
		if err != nil {
			t.Fatal(err)
		}
		for _, cert := range []*x509.Certificate{ca.Cert, parse(t, pair.Cert)} {
			var signature struct{ R, S *big.Int }
			_, err = asn1.Unmarshal(cert.Signature, &signature)
			if err != nil {
				t.Fatal(err)
			}
			if signature.S.Cmp(half) > 0 {
				t.Fatal("high S")
			}
		}
	}
}

func mustHex(t *testing.T, s string) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		t.Fatal("bad number")
	}
	return n
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "ca")
	ca, err := NewAuthority("ca", "donghu", time.Now)
	if err != nil {
		t.Fatal(err)
	}
	err = ca.Save(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"": 0o700, "ca.key": 0o600, "ca.crt": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%q has mode %o, want %o", name, info.Mode().Perm(), want)
		}
	}
}
