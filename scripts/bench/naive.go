package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/hyperledger/fabric-gateway/pkg/client"
	"github.com/hyperledger/fabric-gateway/pkg/identity"
	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"github.com/hyperledger/fabric-protos-go-apiv2/msp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"

	"yilian.example/chaincode/ledger"
	"yilian.example/gateway/config"
	"yilian.example/scripts/journey"
)

// naiveClients is how many transactions are under way at once: measured to be where this network's rate no longer
// rises.
const naiveClients = 64

// naive submits one ledger transaction for each record, as designs do that write records' hashes to the ledger. The
// transaction is a consent's grant: one key, one 32-byte commitment and one signature, about what such a record would
// be.
func (b *bench) naive(ctx context.Context) error {
	var ledgers []*memberClient
	for _, org := range b.consortium.Orgs() {
		l, err := dial(b.consortium.Members[org].Config.Ledger)
		if err != nil {
			return fmt.Errorf("dial the peer of %s: %w", org, err)
		}
		defer l.close()
		ledgers = append(ledgers, l)
	}
	n, took, err := b.load(ctx, naiveClients, func(ctx context.Context, n int64) error {
		argument, err := grant()
		if err != nil {
			return err
		}
		return ledgers[n%int64(len(ledgers))].submit(ctx, argument)
	})
	if err != nil {
		return err
	}
	rate := float64(n) / took.Seconds()
	b.add(
		"one transaction per record", fmt.Sprintf("%.0f records/s", rate),
		"same network, %d transactions under way over all members' peers", naiveClients,
	)
	b.add(
		"ratio of the two", fmt.Sprintf("%.0f times", b.intakeRate/rate),
		"FHIR intake until witnessed, against one transaction per record",
	)
	return nil
}

// grant makes a consent of nobody's, with a key of its own.
func grant() ([]byte, error) {
	key, err := journey.NewConsentKey()
	if err != nil {
		return nil, err
	}
	var commitment [32]byte
	_, _ = rand.Read(commitment[:]) // crypto/rand.Read never fails (Go 1.24)
	until := time.Now().Add(time.Hour).Unix()
	signature, err := key.Sign(ledger.GrantMessage(key.ID, commitment, until))
	if err != nil {
		return nil, err
	}
	return json.Marshal(ledger.Grant{
		ID: key.ID, PublicKey: key.SPKI, Commitment: commitment[:], Until: until, Signature: signature, Mode: ledger.ModeSelf,
	})
}

// memberClient is one member's client at its own peer.
type memberClient struct {
	channel  string
	creator  []byte
	conn     *grpc.ClientConn
	gateway  *client.Gateway
	contract *client.Contract
}

func dial(conf config.Ledger) (*memberClient, error) {
	id, sign, err := member(conf)
	if err != nil {
		return nil, err
	}
	peer := conf.Peers[0] // its own comes first
	pem, err := os.ReadFile(peer.TLSCA)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("TLS root is not a certificate")
	}
	conn, err := grpc.NewClient(
		peer.Endpoint,
		grpc.WithTransportCredentials(
			credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: peer.ServerName}),
		),
	)
	if err != nil {
		return nil, err
	}
	gw, err := client.Connect(
		id, client.WithSign(sign), client.WithClientConnection(conn), client.WithCommitStatusTimeout(30*time.Second),
	)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	creator, err := proto.Marshal(&msp.SerializedIdentity{Mspid: id.MspID(), IdBytes: id.Credentials()})
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &memberClient{
		channel:  conf.Channel,
		creator:  creator,
		conn:     conn,
		gateway:  gw,
		contract: gw.GetNetwork(conf.Channel).GetContract(conf.Chaincode),
	}, nil
}

func member(conf config.Ledger) (*identity.X509Identity, identity.Sign, error) {
	certPEM, err := os.ReadFile(conf.Cert)
	if err != nil {
		return nil, nil, err
	}
	cert, err := identity.CertificateFromPEM(certPEM)
	if err != nil {
		return nil, nil, err
	}
	id, err := identity.NewX509Identity(conf.MSP, cert)
	if err != nil {
		return nil, nil, err
	}
	keyPEM, err := os.ReadFile(conf.Key)
	if err != nil {
		return nil, nil, err
	}
	key, err := identity.PrivateKeyFromPEM(keyPEM)
	if err != nil {
		return nil, nil, errors.New("key is not a private key in PEM")
	}
	sign, err := identity.NewPrivateKeySign(key)
	return id, sign, err
}

// submit waits until the transaction is committed. Under BFT ordering the answer to a submission can be an error
// although the transaction is ordered: its commit status decides.
func (l *memberClient) submit(ctx context.Context, argument []byte) error {
	proposal, err := l.contract.NewProposal(ledger.ConsentGrant, client.WithBytesArguments(argument))
	if err != nil {
		return err
	}
	transaction, err := proposal.EndorseWithContext(ctx)
	if err != nil {
		return fmt.Errorf("endorse: %w", err)
	}
	commit, err := transaction.SubmitWithContext(ctx)
	if err != nil {
		commit, err = l.lookUp(transaction.TransactionID(), err)
		if err != nil {
			return err
		}
	}
	status, err := commit.StatusWithContext(ctx)
	if err != nil {
		return fmt.Errorf("commit status: %w", err)
	}
	if !status.Successful {
		return fmt.Errorf("transaction is invalid: %s", status.Code)
	}
	return nil
}

// lookUp makes a way to ask for the status of a transaction whose submission was answered with cause.
func (l *memberClient) lookUp(txID string, cause error) (*client.Commit, error) {
	request, err := proto.Marshal(
		&gateway.CommitStatusRequest{ChannelId: l.channel, TransactionId: txID, Identity: l.creator},
	)
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	signed, err := proto.Marshal(&gateway.SignedCommitStatusRequest{Request: request})
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	commit, err := l.gateway.NewCommit(signed)
	if err != nil {
		return nil, errors.Join(cause, err)
	}
	return commit, nil
}

func (l *memberClient) close() {
	_ = l.gateway.Close() // the measurement is over
	_ = l.conn.Close()
}
