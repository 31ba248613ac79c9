package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"yilian.example/chaincode/stubtest"
)

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, cert, ca := certificates(t, write)
	garbage := write("garbage", "not PEM")
	base := map[string]string{"CHAINCODE_SERVER_ADDRESS": "127.0.0.1:0", "CHAINCODE_ID": "yilian:1"}
	full := map[string]string{"CHAINCODE_TLS_KEY": key, "CHAINCODE_TLS_CERT": cert, "CHAINCODE_CLIENT_CA": ca}
	tests := []struct {
		name   string
		change map[string]string
		want   string // in the error; empty: accepted
	}{
		{"without TLS", nil, ""},
		{"with TLS", full, ""},
		{"no address", map[string]string{"CHAINCODE_SERVER_ADDRESS": ""}, "CHAINCODE_SERVER_ADDRESS"},
		{"no id", map[string]string{"CHAINCODE_ID": ""}, "CHAINCODE_ID"},
		{"half of TLS", map[string]string{"CHAINCODE_TLS_KEY": key, "CHAINCODE_TLS_CERT": cert}, "together"},
		{
			"garbage key",
			map[string]string{"CHAINCODE_TLS_KEY": garbage, "CHAINCODE_TLS_CERT": cert, "CHAINCODE_CLIENT_CA": ca},
			"TLS key",
		},
		{
			"garbage root",
			map[string]string{"CHAINCODE_TLS_KEY": key, "CHAINCODE_TLS_CERT": cert, "CHAINCODE_CLIENT_CA": garbage},
			"client CA",
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := readSettings(func(name string) string {
				if value, changed := tc.change[name]; changed {
					return value
				}
				return base[name]
			})
			if (err == nil) != (tc.want == "") || (err != nil && !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func certificates(t *testing.T, write func(name, content string) string) (string, string, string) {
	t.Helper()
	root, err := stubtest.NewCA("donghu")
	if err != nil {
		t.Fatal(err)
	}
	server, err := root.Issue("chaincode.donghu", "client", nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := server.KeyPEM()
	if err != nil {
		t.Fatal(err)
	}
	return write("key.pem", string(key)), write("cert.pem", string(server.Cert)), write("ca.pem", string(root.PEM()))
}

// TestPeerIsServed plays the peer: it connects, sees the chaincode register under its id, and asks for the process to
// end while connected.
func TestPeerIsServed(t *testing.T) {
	dir := t.TempDir()
	key, cert, ca := certificates(t, func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	})
	for _, secure := range []bool{false, true} {
		t.Run(map[bool]string{false: "without TLS", true: "with TLS"}[secure], func(t *testing.T) {
			address := freeAddress(t)
			env := map[string]string{"CHAINCODE_SERVER_ADDRESS": address, "CHAINCODE_ID": "yilian:abc"}
			transport := insecure.NewCredentials()
			if secure {
				env["CHAINCODE_TLS_KEY"], env["CHAINCODE_TLS_CERT"], env["CHAINCODE_CLIENT_CA"] = key, cert, ca
				transport = credentials.NewTLS(peerTLS(t, key, cert, ca))
			}
			ctx, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() {
				ended <- run(ctx, func(name string) string { return env[name] }, slog.New(slog.NewTextHandler(io.Discard, nil)))
			}()
			conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(transport))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			stream, err := peer.NewChaincodeClient(conn).Connect(t.Context(), grpc.WaitForReady(true))
			if err != nil {
				t.Fatal(err)
			}
			message, err := stream.Recv()
			if err != nil {
				t.Fatal(err)
			}
			var id peer.ChaincodeID
			if err := proto.Unmarshal(message.GetPayload(), &id); err != nil || id.GetName() != "yilian:abc" ||
				message.GetType() != peer.ChaincodeMessage_REGISTER {
				t.Errorf("registered as %v (%v), %v", &id, message.GetType(), err)
			}
			stop()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("ended with %v", err)
				}
			case <-time.After(5 * time.Second):
				t.Fatal("did not end while a peer was connected")
			}
		})
	}
}

func peerTLS(t *testing.T, key, cert, ca string) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("no root")
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{pair},
		RootCAs:      roots,
		ServerName:   "chaincode.donghu",
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func TestAddressInUse(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	env := map[string]string{"CHAINCODE_SERVER_ADDRESS": listener.Addr().String(), "CHAINCODE_ID": "yilian:1"}
	err = run(t.Context(), func(name string) string { return env[name] }, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "listen for the peer") {
		t.Errorf("got %v", err)
	}
}
