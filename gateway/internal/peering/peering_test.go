package peering

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/weigh"
)

func envelope(t *testing.T, org string, keys map[string]ed25519.PrivateKey) *Envelope {
	t.Helper()
	var members []config.Member
	for id, key := range keys {
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), id+".pub")
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		members = append(members, config.Member{ID: id, ReleaseKey: file})
	}
	e, err := NewEnvelope(keys[org], members)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func keys(t *testing.T) map[string]ed25519.PrivateKey {
	t.Helper()
	out := map[string]ed25519.PrivateKey{}
	for _, id := range []string{"donghu", "qingshan"} {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		out[id] = key
	}
	return out
}

func TestEnvelopeOpensOnlyWhatThatMemberSignedForThatUse(t *testing.T) {
	k := keys(t)
	donghu, qingshan := envelope(t, "donghu", k), envelope(t, "qingshan", k)
	msg, err := donghu.Sign("a+jws", []byte("payload"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := qingshan.Open("donghu", "a+jws", msg); err != nil || string(got) != "payload" {
		t.Fatalf("got %q, %v", got, err)
	}
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"a+jws"}`))
	unsigned := header + "." + strings.Split(string(msg), ".")[1] + "."
	altered := strings.Replace(string(msg), ".", ".A", 1)
	for name, c := range map[string]struct {
		member, typ, msg string
	}{
		"another member's name": {"qingshan", "a+jws", string(msg)},
		"unknown member":        {"anhe", "a+jws", string(msg)},
		"another use":           {"donghu", "b+jws", string(msg)},
		"no algorithm":          {"donghu", "a+jws", unsigned},
		"altered payload":       {"donghu", "a+jws", altered},
		"garbage":               {"donghu", "a+jws", "garbage"},
		"nothing":               {"donghu", "a+jws", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := qingshan.Open(consortium.OrgID(c.member), c.typ, []byte(c.msg)); !fault.Is(err, fault.Unauthorized) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestCourierTellsWhyTheOtherSideWouldNotLook(t *testing.T) {
	for status, code := range map[int]string{
		http.StatusConflict:              "REQUEST_REPLAYED",
		http.StatusServiceUnavailable:    "RELEASE_SUSPENDED",
		http.StatusRequestEntityTooLarge: "RELEASE_TOO_LARGE",
		http.StatusForbidden:             "CUSTODIAN_REFUSED",
		http.StatusFound:                 "CUSTODIAN_REFUSED",
	} {
		srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"code":"<script>"}`))
		}))
		c := courierTo(t, srv)
		_, err := c.Carry(context.Background(), "donghu", []byte("x"))
		if fault.Of(err).Code != fault.Code(code) || strings.Contains(err.Error(), "script") {
			t.Errorf("%d: got %v, want %s", status, err, code)
		}
		srv.Close()
	}
}

func TestCourierTrustsOnlyTheMembersOwnRoot(t *testing.T) {
	srv := httptest.NewTLSServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }),
	)
	defer srv.Close()
	c, err := NewCourier([]config.Member{{ID: "donghu", ExchangeURL: srv.URL}},
		func(consortium.OrgID) (*tls.Config, error) { return &tls.Config{RootCAs: x509.NewCertPool()}, nil }, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Carry(context.Background(), "donghu", nil); fault.Of(err).Code != "CUSTODIAN_UNREACHABLE" {
		t.Fatalf("got %v", err)
	}
	if _, err := c.Carry(context.Background(), "nobody", nil); !fault.Is(err, fault.Invalid) {
		t.Fatalf("unknown member: %v", err)
	}
}

func TestPublicLogGivesTilesAndNamesWhatIsMissing(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/log/tile/entries/000.p/3" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("bundle"))
	}))
	defer srv.Close()
	log := NewPublicLog(srv.URL, time.Second)
	got, err := log.Tiles(context.Background(), []tlog.Tile{{Level: tlog.EntriesLevel, N: 0, Width: 3}})
	if err != nil || string(got[0]) != "bundle" {
		t.Fatalf("got %q, %v", got, err)
	}
	if _, err := log.Tiles(context.Background(), []tlog.Tile{{Level: 0, N: 0, Width: 3}}); fault.Of(
		err,
	).Code != "LOG_UNREACHABLE" {
		t.Fatalf("a tile that is not there: %v", err)
	}
}

// TestLargeRepliesWaitForRoom asks for replies of real size while others are still held by their requests.
func TestLargeRepliesWaitForRoom(t *testing.T) {
	large := make([]byte, 30<<20)
	srv := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, _ := io.ReadAll(r.Body); string(body) == "small" {
			_, _ = w.Write(large[:1000])
			return
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(large)))
		_, _ = w.Write(large)
	}))
	defer srv.Close()
	c := courierTo(t, srv)
	var ends []func()
	for range maxHeld / len(large) {
		ctx, done := weigh.Request(t.Context())
		ends = append(ends, done)
		if got, err := c.Carry(ctx, "donghu", []byte("large")); err != nil || len(got) != len(large) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
	short, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := c.Carry(short, "donghu", []byte("large")); fault.Of(err).Code != weigh.CodeBusy {
		t.Errorf("one too many: %v", err)
	}
	if got, err := c.Carry(t.Context(), "donghu", []byte("small")); err != nil || len(got) != 1000 {
		t.Errorf("a small one beside them: %d bytes, %v", len(got), err)
	}
	for _, end := range ends {
		end()
	}
	if got, err := c.Carry(t.Context(), "donghu", []byte("large")); err != nil || len(got) != len(large) {
		t.Errorf("when there is room again: %d bytes, %v", len(got), err)
	}
}

func courierTo(t *testing.T, srv *httptest.Server) *Courier {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(srv.Certificate())
	c, err := NewCourier([]config.Member{{ID: "donghu", ExchangeURL: srv.URL}},
		func(consortium.OrgID) (*tls.Config, error) { return &tls.Config{RootCAs: pool}, nil }, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
