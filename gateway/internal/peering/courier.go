package peering

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/release"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/weigh"
)

// MaxReply bounds what one reply may weigh: a release's content in base64, twice (JSON in JWS), and room for the rest.
const MaxReply = 64 << 20

const (
	// maxHeld bounds what the large replies weigh together that are in memory at once.
	maxHeld = 128 << 20
	// lightReply is what a reply may weigh without waiting for others.
	lightReply = 1 << 20
)

// Courier carries requests to other members' gateways. It is safe for concurrent use.
type Courier struct {
	clients map[consortium.OrgID]member
	scale   *weigh.Scale
}

type member struct {
	url    string
	client *http.Client
}

var (
	_ release.Courier       = (*Courier)(nil)
	_ release.LocateCourier = (*Courier)(nil)
)

// NewCourier makes one client a member: clientTLS gives the configuration that trusts that member's own root and nobody
// else's.
func NewCourier(
	members []config.Member, clientTLS func(consortium.OrgID) (*tls.Config, error), timeout time.Duration,
) (*Courier, error) {
	c := &Courier{clients: map[consortium.OrgID]member{}, scale: weigh.NewScale(maxHeld)}
	for _, m := range members {
		conf, err := clientTLS(consortium.OrgID(m.ID))
		if err != nil {
			return nil, fmt.Errorf("prepare connection to %s: %w", m.ID, err)
		}
		transport := &http.Transport{
			TLSClientConfig:     conf,
			ForceAttemptHTTP2:   true,
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     time.Minute,
		}
		c.clients[consortium.OrgID(m.ID)] = member{
			url:    m.ExchangeURL,
			client: &http.Client{Transport: transport, Timeout: timeout, CheckRedirect: noRedirect},
		}
	}
	return c, nil
}

// CarryLocate posts a signed question about what is held and returns the signed answer.
func (c *Courier) CarryLocate(ctx context.Context, to consortium.OrgID, request []byte) ([]byte, error) {
	return c.post(ctx, to, config.LocatePath, request)
}

// Carry posts a signed request and gives the signed reply.
func (c *Courier) Carry(ctx context.Context, to consortium.OrgID, request []byte) ([]byte, error) {
	return c.post(ctx, to, config.ReleasePath, request)
}

func (c *Courier) post(ctx context.Context, to consortium.OrgID, path string, request []byte) ([]byte, error) {
	m, ok := c.clients[to]
	if !ok {
		return nil, fault.New(fault.Invalid, release.CodeCustodian, "That organisation is not a member.")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url+path, bytes.NewReader(request))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	req.Header.Set("Content-Type", config.ReleaseMediaType)
	res, err := m.client.Do(req)
	if err != nil {
		return nil, unreachable(err)
	}
	defer res.Body.Close()
	body, err := c.read(ctx, res)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, refused(res, body)
	}
	return body, nil
}

// read reads a reply. A large one is read on only when there is room: until then the rest of it stays with its sender.
func (c *Courier) read(ctx context.Context, res *http.Response) ([]byte, error) {
	if res.ContentLength > MaxReply {
		return nil, tooLarge()
	}
	var body bytes.Buffer
	if _, err := io.Copy(&body, io.LimitReader(res.Body, lightReply)); err != nil {
		return nil, unreachable(err)
	}
	if body.Len() < lightReply {
		return body.Bytes(), nil
	}
	weight := int64(MaxReply)
	if res.ContentLength > 0 {
		weight = res.ContentLength
	}
	back, err := c.scale.Take(ctx, weight)
	if err != nil {
		return nil, fmt.Errorf("make room for a reply: %w", err)
	}
	defer back()
	if res.ContentLength > 0 {
		body.Grow(int(weight) - body.Len() + bytes.MinRead)
	}
	if _, err := io.Copy(&body, io.LimitReader(res.Body, MaxReply+1-lightReply)); err != nil {
		return nil, unreachable(err)
	}
	if body.Len() > MaxReply {
		return nil, tooLarge()
	}
	return body.Bytes(), nil
}

func tooLarge() error {
	return fault.New(
		fault.TooLarge, release.CodeTooLarge,
		"The other organisation's answer is too large. Ask for fewer kinds at a time.",
	)
}

func unreachable(err error) error {
	return fault.Wrap(
		err, fault.Unavailable, CodeUnreachable,
		"The other organisation cannot be reached now. Nothing was released. Try again in a minute.",
	)
}

// refused turns the other side's problem document into a fault. Its code is kept when it looks like one of ours; its
// text is not shown, since it is another organisation's.
func refused(res *http.Response, body []byte) error {
	status := res.StatusCode
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(body, &p) // no code is fine: the status says enough
	cause := fmt.Errorf("custodian answered %d %s", status, safeCode(p.Code))
	if fault.Code(p.Code) == release.CodeStale {
		return clocksDiffer(res)
	}
	switch status {
	case http.StatusConflict:
		return fault.Wrap(
			cause, fault.Conflict, release.CodeReplayed, "The other organisation has seen this request before. Ask again.",
		)
	case http.StatusRequestEntityTooLarge:
		return fault.Wrap(
			cause, fault.TooLarge, release.CodeTooLarge,
			"There are too many records for one answer. Ask for fewer kinds at a time.",
		)
	case http.StatusServiceUnavailable:
		return fault.Wrap(
			cause, fault.Unavailable, release.CodeSuspended,
			"The other organisation cannot release records now. Try again later, or ask the patient for a copy.",
		)
	}
	return fault.Wrap(
		cause, fault.Unavailable, CodeRefused,
		"The other organisation did not accept the request. Tell your administrator if it happens again.",
	)
}

// clocksDiffer says how far this clock is from that of who refused a request for its time.
func clocksDiffer(res *http.Response) error {
	cause := errors.New("custodian refused the request for its time")
	if theirs, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		cause = fmt.Errorf("%w: this clock is ahead of theirs by %s", cause, time.Since(theirs).Round(time.Second))
	}
	return fault.Wrap(
		cause, fault.Unavailable, release.CodeStale,
		"The other organisation refused the request for its time: the clocks differ. Tell your administrator.",
	)
}

func safeCode(code string) string {
	if len(code) > 40 {
		return ""
	}
	for _, r := range code {
		if (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' {
			return ""
		}
	}
	return code
}

// noRedirect leaves a redirect unfollowed: a member answers itself or not at all.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
