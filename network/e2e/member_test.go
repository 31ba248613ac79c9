package e2e

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/release"
	"yilian.example/gateway/config"
)

// TestDishonestMember speaks as a member's gateway, with that member's own keys, over mutual TLS, and tries what it
// must not get away with.
func TestDishonestMember(t *testing.T) {
	conf := under.Members[qingshan].Config
	good := func() release.Request {
		return release.Request{
			Version: 1, ID: uuid.NewString(), From: qingshan, To: donghu,
			Actor:   consortium.Actor{ID: "someone", Org: qingshan, Role: consortium.RoleClinician},
			Purpose: consortium.Treatment, Patient: consortium.NewPatientRef(make([]byte, 32), "urn:x", "nobody"),
			Kinds: []consortium.Kind{consortium.Observations}, Time: time.Now().UTC(),
		}
	}
	t.Run("an honest request is answered", func(t *testing.T) {
		status, body := deliver(t, conf, donghu, sign(t, conf, release.RequestType, good()))
		statusIs(t, status, http.StatusOK)
		if bytes.Contains(body, []byte("content")) {
			t.Error("records came without consent")
		}
	})
	t.Run("a replayed request is refused", func(t *testing.T) {
		message := sign(t, conf, release.RequestType, good())
		status, _ := deliver(t, conf, donghu, message)
		statusIs(t, status, http.StatusOK)
		before := counts(t)
		status, body := deliver(t, conf, donghu, message)
		statusIs(t, status, http.StatusConflict)
		if code := problemCode(body); code != "REQUEST_REPLAYED" {
			t.Errorf("code is %q", code)
		}
		for table, n := range counts(t) {
			if n != before[table] {
				t.Errorf("table %s went from %d to %d rows", table, before[table], n)
			}
		}
	})
	for name, change := range map[string]func(*release.Request){
		"in another member's name":  func(r *release.Request) { r.From = anhe },
		"for another member's eyes": func(r *release.Request) { r.To = weijian },
		"of a stranger's staff":     func(r *release.Request) { r.Actor.Org = anhe },
		"that is an hour old":       func(r *release.Request) { r.Time = r.Time.Add(-time.Hour) },
		"from the future":           func(r *release.Request) { r.Time = r.Time.Add(time.Hour) },
		"without a kind":            func(r *release.Request) { r.Kinds = nil },
		"with a bad id":             func(r *release.Request) { r.ID = "1" },
	} {
		t.Run("a request "+name+" is refused", func(t *testing.T) {
			req := good()
			change(&req)
			before := counts(t)
			status, body := deliver(t, conf, donghu, sign(t, conf, release.RequestType, req))
			if status < 400 || status > 499 || problemCode(body) == "" {
				t.Errorf("answered %d %s", status, body)
			}
			if after := counts(t); after["releases"] != before["releases"] ||
				after["release_requests"] != before["release_requests"] {
				t.Error("something was stored")
			}
		})
	}
	t.Run("a message signed for another use is refused", func(t *testing.T) {
		status, _ := deliver(t, conf, donghu, sign(t, conf, release.ReplyType, good()))
		statusIs(t, status, http.StatusUnauthorized)
	})
	t.Run("a message signed by another member is refused", func(t *testing.T) {
		status, _ := deliver(t, conf, donghu, sign(t, under.Members[anhe].Config, release.RequestType, good()))
		statusIs(t, status, http.StatusUnauthorized)
	})
	t.Run("without a certificate there is no connection", func(t *testing.T) {
		client := exchangeClient(t, conf, donghu)
		client.Transport.(*http.Transport).TLSClientConfig.Certificates = nil
		member, _ := conf.Member(donghu)
		res, err := client.Post(member.ExchangeURL+"/exchange/v1/releases", "application/jose", strings.NewReader("x"))
		if err == nil {
			res.Body.Close()
			t.Fatalf("answered %d", res.StatusCode)
		}
	})
	t.Run("the exchange is not on the listener for people", func(t *testing.T) {
		res, err := http.Post(under.Members[donghu].URL+"/exchange/v1/releases", "application/jose", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		statusIs(t, res.StatusCode, http.StatusNotFound)
	})
}

// sign makes the message that the gateway of conf would send.
func sign(t *testing.T, conf config.Config, messageType string, payload any) []byte {
	t.Helper()
	key := privateKey(t, conf.Keys.Release)
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.EdDSA, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(messageType)),
	)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return []byte(compact)
}

func privateKey(t *testing.T, file string) any {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(content)
	if block == nil {
		t.Fatalf("%s holds no PEM block", file)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// exchangeClient connects as the gateway of conf.
func exchangeClient(t *testing.T, conf config.Config, to consortium.OrgID) *http.Client {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(conf.Exchange.Cert, conf.Exchange.Key)
	if err != nil {
		t.Fatal(err)
	}
	member, ok := conf.Member(to)
	if !ok {
		t.Fatalf("no member %s", to)
	}
	root, err := os.ReadFile(member.ExchangeCA)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(root)
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{cert}, RootCAs: pool},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

func deliver(t *testing.T, conf config.Config, to consortium.OrgID, message []byte) (int, []byte) {
	t.Helper()
	member, _ := conf.Member(to)
	res, err := exchangeClient(
		t, conf, to,
	).Post(member.ExchangeURL+"/exchange/v1/releases", "application/jose", bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, body
}
