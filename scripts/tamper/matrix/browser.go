package matrix

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"

	"yilian.example/scripts/journey"
)

// browser is somebody who signed in on a member's pages.
type browser struct {
	base string
	http *http.Client
}

var requestField = regexp.MustCompile(`name="request" value="([^"]+)"`)

// signIn walks through the development identity provider's page.
func signIn(ctx context.Context, base, person string) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, fmt.Errorf("sign in: %w", err)
	}
	b := &browser{base: strings.TrimSuffix(base, "/"), http: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
	page, at, err := b.do(ctx, http.MethodGet, b.base+"/login", nil)
	if err != nil {
		return nil, err
	}
	request := requestField.FindStringSubmatch(page)
	if request == nil {
		return nil, errors.New("sign in: the provider showed no form")
	}
	form := url.Values{"request": {request[1]}, "person": {person}}
	_, at, err = b.do(ctx, http.MethodPost, at.Scheme+"://"+at.Host+"/login", form)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(at.String(), b.base) || strings.Contains(at.Path, "/login") {
		return nil, fmt.Errorf("sign in: it ended at %s", at.Path)
	}
	return b, nil
}

func (b *browser) signOut(ctx context.Context) error {
	base, err := url.Parse(b.base)
	if err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	kept := b.http.Jar.Cookies(base)
	_, _, err = b.do(ctx, http.MethodPost, b.base+"/logout", url.Values{})
	b.http.Jar.SetCookies(base, kept) // as a thief would who copied them
	return err
}

// do follows redirects and returns the page and where it ended.
func (b *browser) do(ctx context.Context, method, target string, form url.Values) (string, *url.URL, error) {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return "", nil, fmt.Errorf("make request: %w", err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", req.URL.Scheme+"://"+req.URL.Host)
	}
	res, err := b.http.Do(req)
	if err != nil {
		return "", nil, fmt.Errorf("open page: %w", err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return "", nil, fmt.Errorf("read page: %w", err)
	}
	return string(page), res.Request.URL, nil
}

// consents asks for the patient's own page. Who is sent to sign in was refused.
func (b *browser) consents(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	const path = "/me/consents"
	base, err := url.Parse(b.base)
	if err != nil {
		return "", fmt.Errorf("parse address: %w", err)
	}
	// A refusal takes the cookies away; the next look is made with them again.
	defer b.http.Jar.SetCookies(base, b.http.Jar.Cookies(base))
	page, at, err := b.do(ctx, http.MethodGet, b.base+path, nil)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(at.String(), b.base+path) || !strings.Contains(page, "/logout") {
		return "", &journey.Refused{Status: http.StatusUnauthorized, Code: "SIGNED_OUT", Call: "page"}
	}
	return "shown", nil
}

// hashes are those of the cookies, as the table of sessions may hold them in JSON.
func (b *browser) hashes() []string {
	base, err := url.Parse(b.base)
	if err != nil {
		return nil
	}
	var out []string
	for _, c := range b.http.Jar.Cookies(base) {
		raw, err := base64.RawURLEncoding.DecodeString(c.Value)
		if err != nil {
			continue // not a session's
		}
		sum := sha256.Sum256(raw)
		out = append(out, `"\\x`+hex.EncodeToString(sum[:])+`"`)
	}
	return out
}
