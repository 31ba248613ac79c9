package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"yilian.example/exchange/fault"
)

// Bounds of the key set. A token with an unknown key id makes the gateway ask the provider, so that rotation needs no
// restart, but not more often than keysMinAge: a stranger must not be able to turn made-up tokens into load on the
// provider.
const (
	keysMinAge   = 5 * time.Second
	keysMaxAge   = time.Hour // so that a key that the provider withdrew stops counting
	keysMaxBytes = 1 << 20
)

// keySet is the provider's signing keys (RFC 7517), cached. It is an oidc.KeySet.
type keySet struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex // guards what follows, and lets one request at a time ask the provider
	keys  jose.JSONWebKeySet
	asked time.Time
	got   time.Time
}

func newKeySet(url string, client *http.Client, now func() time.Time) *keySet {
	return &keySet{url: url, client: client, now: now}
}

var errUnknownKey = errors.New("token is signed with a key that the provider does not publish")

// VerifySignature checks a token that has one signature, by a key that the provider publishes for signing, and gives
// its payload.
func (k *keySet) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	jws, err := jose.ParseSignedCompact(raw, joseAlgorithms())
	if err != nil {
		return nil, errors.New("not a compact token of an accepted algorithm")
	}
	key, err := k.find(ctx, jws.Signatures[0].Header)
	if err != nil {
		return nil, err
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return nil, fmt.Errorf("verify signature: %w", err)
	}
	return payload, nil
}

// find returns the key for a header, asking the provider when it is not known or the cache is old.
func (k *keySet) find(ctx context.Context, h jose.Header) (*jose.JSONWebKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	key := k.pick(h)
	mayAsk := k.asked.IsZero() || now.Sub(k.asked) >= keysMinAge
	if mayAsk && (key == nil || now.Sub(k.got) >= keysMaxAge) {
		k.asked = now
		if err := k.refresh(ctx); err != nil && key == nil {
			return nil, fault.Wrap(
				err, fault.Unavailable, CodeIdentityUnavailable,
				"The sign-in service does not answer. Please try again in a moment.",
			)
		}
		key = k.pick(h)
	}
	if key == nil {
		return nil, errUnknownKey
	}
	return key, nil
}

// pick returns the one signing key of the cache that fits: same key id, and the algorithm that the key is for, where it
// names one.
func (k *keySet) pick(h jose.Header) *jose.JSONWebKey {
	for _, key := range k.keys.Key(h.KeyID) {
		if (key.Use == "" || key.Use == "sig") && (key.Algorithm == "" || key.Algorithm == h.Algorithm) && key.IsPublic() {
			return &key
		}
	}
	return nil
}

func (k *keySet) refresh(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return fmt.Errorf("ask for keys: %w", err)
	}
	res, err := k.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask for keys: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("ask for keys: provider answered %d", res.StatusCode)
	}
	var keys jose.JSONWebKeySet
	if err := json.NewDecoder(io.LimitReader(res.Body, keysMaxBytes)).Decode(&keys); err != nil {
		return fmt.Errorf("read keys: %w", err)
	}
	k.keys, k.got = keys, k.now()
	return nil
}

func joseAlgorithms() []jose.SignatureAlgorithm {
	out := make([]jose.SignatureAlgorithm, len(algorithms))
	for i, a := range algorithms {
		out[i] = jose.SignatureAlgorithm(a)
	}
	return out
}
