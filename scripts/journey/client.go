package journey

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"yilian.example/exchange/consortium"
)

// Client is one caller at one member's gateway. It is safe for concurrent use.
type Client struct {
	base    string
	token   string
	purpose consortium.Purpose
	http    *http.Client
}

// For returns the same caller with another purpose of use.
func (c *Client) For(purpose consortium.Purpose) *Client {
	other := *c
	other.purpose = purpose
	return &other
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 128 << 20

// Answer is what a gateway answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Refused is an answer other than success: a problem document or an OperationOutcome, read as far as it can be.
type Refused struct {
	Status  int
	Code    string   `json:"code"`
	Article string   `json:"article"`
	Reasons []Reason `json:"reasons"`
	Title   string   `json:"title"`
	Detail  string   `json:"detail"`
	Body    []byte   // as received
	Call    string   // method and route, without identifiers
}

// Reason is one ground of a decision.
type Reason = consortium.Reason

// Error names the call, the status and the code.
func (r *Refused) Error() string {
	return fmt.Sprintf("%s: %d %s %s", r.Call, r.Status, r.Code, strings.TrimSpace(r.Title+" "+r.Detail))
}

// Has reports whether code is the refusal's or one of its reasons'.
func (r *Refused) Has(code string) bool {
	if r.Code == code {
		return true
	}
	for _, reason := range r.Reasons {
		if reason.Code == code {
			return true
		}
	}
	return false
}

// Send makes one request and returns whatever was answered; an error means that there was no answer.
func (c *Client) Send(ctx context.Context, method, path, contentType string, body []byte) (Answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, fmt.Errorf("make request: %w", err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.purpose != "" {
		req.Header.Set("Purpose-Of-Use", string(c.purpose))
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return Answer{}, fmt.Errorf("send %s: %w", method, err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return Answer{}, fmt.Errorf("read answer: %w", err)
	}
	return Answer{Status: res.StatusCode, Header: res.Header, Body: answer}, nil
}

// call sends, turns anything but 2xx into *Refused, and decodes the answer into out where it is not nil. Route names
// the call in errors.
func (c *Client) call(
	ctx context.Context, route, method, path, contentType string, body []byte, out any,
) (Answer, error) {
	answer, err := c.Send(ctx, method, path, contentType, body)
	if err != nil {
		return Answer{}, fmt.Errorf("%s: %w", route, err)
	}
	if answer.Status < 200 || answer.Status > 299 {
		return answer, ReadRefusal(route, answer)
	}
	if out == nil {
		return answer, nil
	}
	if err := json.Unmarshal(answer.Body, out); err != nil {
		return answer, fmt.Errorf("%s: decode answer: %w", route, err)
	}
	return answer, nil
}

// json calls the JSON API.
func (c *Client) json(ctx context.Context, route, method, path string, in, out any) error {
	var body []byte
	contentType := ""
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%s: encode request: %w", route, err)
		}
		body, contentType = encoded, "application/json"
	}
	_, err := c.call(ctx, route, method, path, contentType, body, out)
	return err
}

// ReadRefusal reads a problem document (RFC 9457) or an OperationOutcome.
func ReadRefusal(route string, answer Answer) *Refused {
	r := &Refused{}
	_ = json.Unmarshal(answer.Body, r) // what cannot be read is shown by status alone
	var outcome struct {
		ResourceType string `json:"resourceType"`
		Issue        []struct {
			Code        string `json:"code"`
			Diagnostics string `json:"diagnostics"`
			Details     struct {
				Text   string `json:"text"`
				Coding []struct {
					Code string `json:"code"`
				} `json:"coding"`
			} `json:"details"`
		} `json:"issue"`
	}
	_ = json.Unmarshal(answer.Body, &outcome)
	if outcome.ResourceType == "OperationOutcome" {
		for _, issue := range outcome.Issue {
			for _, coding := range issue.Details.Coding {
				r.Reasons = append(r.Reasons, Reason{Code: coding.Code})
			}
		}
		if len(outcome.Issue) > 0 {
			first := outcome.Issue[0]
			r.Code, r.Detail = first.Code, strings.TrimSpace(first.Details.Text+" "+first.Diagnostics)
		}
		if len(r.Reasons) > 0 {
			r.Code = r.Reasons[0].Code
		}
	}
	r.Status, r.Body, r.Call = answer.Status, answer.Body, route
	return r
}
