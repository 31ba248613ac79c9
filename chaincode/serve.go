package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/hyperledger/fabric-chaincode-go/v2/shim"
	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
)

// stopGrace is how long running invocations may take to end. The peer's stream never ends by itself, so it is cut after
// that.
const stopGrace = 500 * time.Millisecond

// maxMessage is the largest message between peer and chaincode, in bytes; the shim's own default.
const maxMessage = 100 << 20

// settings is the environment, read and checked.
type settings struct {
	address string
	id      string
	tls     *tls.Config // nil: no TLS
}

func readSettings(getenv func(string) string) (settings, error) {
	s := settings{address: getenv("CHAINCODE_SERVER_ADDRESS"), id: getenv("CHAINCODE_ID")}
	if s.address == "" || s.id == "" {
		return settings{}, errors.New("read environment: CHAINCODE_SERVER_ADDRESS and CHAINCODE_ID must be set")
	}
	key, cert, ca := getenv("CHAINCODE_TLS_KEY"), getenv("CHAINCODE_TLS_CERT"), getenv("CHAINCODE_CLIENT_CA")
	if key == "" && cert == "" && ca == "" {
		return s, nil
	}
	if key == "" || cert == "" || ca == "" {
		return settings{}, errors.New(
			"read environment: set CHAINCODE_TLS_KEY, CHAINCODE_TLS_CERT and CHAINCODE_CLIENT_CA together, or none of them",
		)
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return settings{}, fmt.Errorf("read TLS key and certificate: %w", err)
	}
	roots := x509.NewCertPool()
	pem, err := os.ReadFile(ca)
	if err != nil {
		return settings{}, fmt.Errorf("read client CA: %w", err)
	}
	if !roots.AppendCertsFromPEM(pem) {
		return settings{}, errors.New("read client CA: no certificate in CHAINCODE_CLIENT_CA")
	}
	s.tls = &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots,
	}
	return s, nil
}

// serve does what shim.ChaincodeServer.Start does, and can be stopped.
func serve(ctx context.Context, s settings, chaincode shim.Chaincode, logger *slog.Logger) error {
	listener, err := net.Listen("tcp", s.address)
	if err != nil {
		return fmt.Errorf("listen for the peer: %w", err)
	}
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 2 * time.Hour, Timeout: 20 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Minute, PermitWithoutStream: true}),
	}
	if s.tls != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(s.tls)))
	}
	server := grpc.NewServer(options...)
	peer.RegisterChaincodeServer(server, &shim.ChaincodeServer{CCID: s.id, Address: s.address, CC: chaincode})
	logger.InfoContext(
		ctx, "chaincode is serving", "address", listener.Addr().String(), "id", s.id, "tls", s.tls != nil,
	)

	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve the peer: %w", err)
	case <-ctx.Done():
	}
	cut := time.AfterFunc(stopGrace, server.Stop)
	defer cut.Stop()
	server.GracefulStop()
	<-served
	logger.InfoContext(ctx, "chaincode stopped")
	return nil
}
