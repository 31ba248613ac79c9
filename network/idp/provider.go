package idp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
	"golang.org/x/text/language"

	"yilian.example/network/internal/durable"
	"yilian.example/network/topology"
)

// Prepare makes keys and secrets that are missing.
func Prepare(state topology.State, t *topology.Topology) error {
	_, err := makeClients(state, t)
	if err != nil {
		return err
	}
	_, err = loadKey(state.Path("idp", "signing.key"))
	return err
}

// Serve serves the provider until the context ends.
func Serve(ctx context.Context, state topology.State, t *topology.Topology, logger *slog.Logger) error {
	handler, err := New(state, t, logger, time.Now)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", topology.Address(t.Ports.IDP))
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	logger.InfoContext(ctx, "development identity provider", "issuer", t.Issuer())
	select {
	case err = <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	err = server.Shutdown(stopping)
	if err != nil {
		return errors.Join(fmt.Errorf("shut down: %w", err), server.Close())
	}
	return nil
}

// New is the provider as an HTTP handler.
func New(state topology.State, t *topology.Topology, logger *slog.Logger, now func() time.Time) (http.Handler, error) {
	people, err := parsePeople(seed)
	if err != nil {
		return nil, err
	}
	clients, err := makeClients(state, t)
	if err != nil {
		return nil, err
	}
	key, err := loadKey(state.Path("idp", "signing.key"))
	if err != nil {
		return nil, err
	}
	s := &storage{
		clients:  clients,
		people:   people,
		key:      key,
		now:      now,
		requests: map[string]*authRequest{},
		codes:    map[string]string{},
	}
	sealing, err := sealingKey(key)
	if err != nil {
		return nil, err
	}
	provider, err := op.NewProvider(&op.Config{
		CryptoKey: sealing, CryptoKeyId: key.id, CodeMethodS256: true, AuthMethodPost: true,
		SupportedUILocales: []language.Tag{language.Chinese, language.English},
		SupportedClaims:    []string{"sub", "name", "yilian_org", "yilian_role", "yilian_identifier"},
		SupportedScopes:    []string{"openid", "profile"},
	}, s, op.StaticIssuer(t.Issuer()), op.WithAllowInsecure())
	if err != nil {
		return nil, fmt.Errorf("make provider: %w", err)
	}
	page := &loginPage{storage: s, topology: t, callback: op.AuthCallbackURL(provider), logger: logger}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", page.show)
	mux.Handle("POST /login", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(page.choose))
	mux.HandleFunc("GET /login.css", page.style)
	mux.Handle("/", provider)
	return mux, nil
}

// loadKey reads the signing key, and makes it first if it is missing: tokens stay valid over restarts.
func loadKey(path string) (signingKey, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(content) == 0 { // as a power cut may leave it
		content, err = makeKey(path)
	}
	if err != nil {
		return signingKey{}, fmt.Errorf("load signing key: %w", err)
	}
	block, _ := pem.Decode(content)
	if block == nil {
		return signingKey{}, errors.New("load signing key: not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return signingKey{}, fmt.Errorf("parse signing key: %w", err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return signingKey{}, errors.New("load signing key: not an elliptic curve key")
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return signingKey{}, fmt.Errorf("encode public key: %w", err)
	}
	sum := sha256.Sum256(public)
	return signingKey{id: hex.EncodeToString(sum[:8]), key: key}, nil
}

func makeKey(path string) ([]byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	content := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return content, durable.WriteFile(path, content)
}

// sealingKey is the key with which the library seals authorisation codes, derived from the signing key.
func sealingKey(key signingKey) ([32]byte, error) {
	raw, err := key.key.Bytes()
	if err != nil {
		return [32]byte{}, fmt.Errorf("derive sealing key: %w", err)
	}
	return sha256.Sum256(append([]byte("yilian/idp/seal/v1\n"), raw...)), nil
}
