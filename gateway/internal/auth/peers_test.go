package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/auth"
)

// authority is one member's root, with files as the configuration names them.
type authority struct {
	t    *testing.T
	dir  string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T, name string) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	a.key = newKey(t)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	a.cert = a.issue(template, template, a.key, a.key)
	a.write("ca.pem", "CERTIFICATE", a.cert.Raw)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) issue(template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

func (a *authority) write(name, kind string, der []byte) string {
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// gateway issues a gateway certificate and gives the listener's settings.
func (a *authority) gateway() config.Exchange {
	key := newKey(a.t)
	// Every certificate claims to be donghu's: only the root may count.
	cert := a.issue(
		&x509.Certificate{
			SerialNumber: big.NewInt(2),
			Subject:      pkix.Name{CommonName: "gateway.donghu"},
			NotBefore:    time.Now().Add(-time.Hour),
			NotAfter: time.Now().
				Add(time.Hour),
			KeyUsage:    x509.KeyUsageDigitalSignature,
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		},
		a.cert,
		key,
		a.key,
	)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return config.Exchange{Cert: a.write("cert.pem", "CERTIFICATE", cert.Raw), Key: a.write("key.pem", "PRIVATE KEY", der)}
}

func (a *authority) ca() string { return filepath.Join(a.dir, "ca.pem") }

func TestPeers(t *testing.T) {
	donghu, qingshan, stranger := newAuthority(t, "donghu"), newAuthority(t, "qingshan"), newAuthority(t, "donghu")
	members := []config.Member{{ID: "donghu", ExchangeCA: donghu.ca()}, {ID: "qingshan", ExchangeCA: qingshan.ca()}}
	peers := func(a *authority) *auth.Peers {
		p, err := auth.NewPeers(a.gateway(), members)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	serving := peers(donghu)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		actor, err := serving.PeerActor(r.TLS)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		w.Header().Set("Caller", string(actor.Org)+"/"+string(actor.Role))
	}))
	server.TLS = serving.ServerTLS()
	server.StartTLS()
	t.Cleanup(server.Close)
	call := func(from *auth.Peers) (string, error) {
		cfg, err := from.ClientTLS("donghu")
		if err != nil {
			t.Fatal(err)
		}
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: cfg}}
		defer client.CloseIdleConnections()
		res, err := client.Get(server.URL)
		if err != nil {
			return "", err
		}
		defer res.Body.Close()
		return res.Header.Get("Caller"), nil
	}

	if got, err := call(peers(qingshan)); err != nil || got != "qingshan/gateway" {
		t.Errorf("member: %q, %v", got, err)
	}
	if got, err := call(peers(stranger)); err == nil {
		t.Errorf("a stranger's certificate was let in as %q", got)
	}
	// A member's listener is known by that member's root, so qingshan's certificate at donghu's address is refused.
	wrong, err := peers(qingshan).ClientTLS("qingshan")
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: wrong}}
	if res, err := client.Get(server.URL); err == nil {
		res.Body.Close()
		t.Error("donghu's certificate was taken for qingshan's")
	}
	if _, err := serving.OrgOfPeer(nil); err == nil {
		t.Error("a plain connection has a peer")
	}
	unverified := &tls.ConnectionState{HandshakeComplete: true, PeerCertificates: []*x509.Certificate{qingshan.cert}}
	if _, err := serving.OrgOfPeer(unverified); err == nil {
		t.Error("an unverified certificate has a member")
	}
	if _, err := peers(qingshan).ClientTLS("nobody"); err == nil {
		t.Error("there is a member called nobody")
	}
}

func TestPeersMustHaveTheirOwnRoots(t *testing.T) {
	a := newAuthority(t, "shared")
	members := []config.Member{{ID: "donghu", ExchangeCA: a.ca()}, {ID: "qingshan", ExchangeCA: a.ca()}}
	if _, err := auth.NewPeers(a.gateway(), members); err == nil {
		t.Error("two members share a root: they could not be told apart")
	}
	leaf := a.gateway()
	if _, err := auth.NewPeers(leaf, []config.Member{{ID: "donghu", ExchangeCA: leaf.Cert}}); err == nil {
		t.Error("a gateway's certificate was accepted as a root")
	}
}
