package fabric

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"time"

	"yilian.example/network/topology"
)

// JoinOrderer makes a member's orderer a part of the channel, over the channel participation interface. It is a no-op
// when it is one.
func JoinOrderer(ctx context.Context, state topology.State, t *topology.Topology, m topology.Member) error {
	client, err := participationClient(state, t, m)
	if err != nil {
		return fmt.Errorf("open orderer's administration: %w", err)
	}
	defer client.CloseIdleConnections()
	base := "https://" + topology.Address(m.Ports.OrdererAdmin) + "/participation/v1/channels"
	joined, err := ordererJoined(ctx, client, base, t.Channel)
	if err != nil {
		return fmt.Errorf("ask orderer for its channels: %w", err)
	}
	if joined {
		return nil
	}
	block, err := os.ReadFile(state.Genesis())
	if err != nil {
		return fmt.Errorf("read genesis block: %w", err)
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("config-block", "genesis.block")
	if err != nil {
		return fmt.Errorf("build form: %w", err)
	}
	_, err = part.Write(block)
	if err != nil {
		return fmt.Errorf("build form: %w", err)
	}
	err = form.Close()
	if err != nil {
		return fmt.Errorf("build form: %w", err)
	}
	_, err = call(ctx, client, http.MethodPost, base, &body, form.FormDataContentType(), http.StatusCreated)
	if err != nil {
		return fmt.Errorf("join orderer to channel: %w", err)
	}
	return nil
}

func ordererJoined(ctx context.Context, client *http.Client, base, channel string) (bool, error) {
	answer, err := call(ctx, client, http.MethodGet, base, nil, "", http.StatusOK)
	if err != nil {
		return false, err
	}
	var list struct {
		Channels []struct{ Name string } `json:"channels"`
	}
	err = json.Unmarshal(answer, &list)
	if err != nil {
		return false, fmt.Errorf("parse list of channels: %w", err)
	}
	for _, c := range list.Channels {
		if c.Name == channel {
			return true, nil
		}
	}
	return false, nil
}

func call(
	ctx context.Context, client *http.Client, method, url string, body io.Reader, kind string, want int,
) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, fmt.Errorf("build request: %w", err)
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("call: %w", err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if response.StatusCode != want {
		return nil, fmt.Errorf("answer %s: %s", response.Status, bytes.TrimSpace(answer))
	}
	return answer, nil
}

func participationClient(state topology.State, t *topology.Topology, m topology.Member) (*http.Client, error) {
	pair, err := tls.LoadX509KeyPair(
		state.Org(m.ID, "admin", "tls", "server.crt"), state.Org(m.ID, "admin", "tls", "server.key"),
	)
	if err != nil {
		return nil, fmt.Errorf("load TLS identity: %w", err)
	}
	root, err := os.ReadFile(state.Org(m.ID, "tlsca", "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("read TLS root: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	return &http.Client{
		Timeout: 20 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{
			Certificates: []tls.Certificate{pair}, RootCAs: roots, ServerName: t.OrdererHost(m), MinVersion: tls.VersionTLS12,
		}},
	}, nil
}
