package peering

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// maxTile bounds one tile or entry bundle: 256 entries of at most 64 KiB (C2SP tlog-tiles).
const maxTile = 256 * (2 + 1<<16)

// PublicLog reads another member's public log (C2SP tlog-tiles). What it reads is not trusted: proofs built from it are
// verified before use.
type PublicLog struct {
	client *http.Client
	prefix string // the log's address with a slash at the end
}

// NewPublicLog reads the log of the gateway at publicURL.
func NewPublicLog(publicURL string, timeout time.Duration) *PublicLog {
	return &PublicLog{client: &http.Client{Timeout: timeout, CheckRedirect: noRedirect}, prefix: publicURL + "/log/"}
}

// Tiles returns tiles and bundles of exactly the widths asked for.
func (l *PublicLog) Tiles(ctx context.Context, tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		data, err := l.published(ctx, t.Path())
		if err != nil {
			return nil, fault.Wrap(fmt.Errorf("read %s: %w", t.Path(), err), fault.Unavailable, CodeLogUnreachable,
				"The other organisation's log cannot be read now. Please try again in a minute.")
		}
		out[i] = data
	}
	return out, nil
}

// The members witness a checkpoint a moment before its log shows it: what is not there yet is asked for again.
const (
	publishTries = 4
	publishPause = 250 * time.Millisecond
)

var errAbsent = errors.New("status 404")

func (l *PublicLog) published(ctx context.Context, path string) ([]byte, error) {
	for try := 1; ; try++ {
		data, err := l.get(ctx, path)
		if try == publishTries || !errors.Is(err, errAbsent) {
			return data, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(publishPause):
		}
	}
}

// Checkpoint returns the signed checkpoint that the member serves.
func (l *PublicLog) Checkpoint(ctx context.Context) ([]byte, error) { return l.get(ctx, "checkpoint") }

// Clock returns what the member's clock says, to the second (RFC 9110, 6.6.1). Any answer has it.
func (l *PublicLog) Clock(ctx context.Context) (time.Time, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, l.prefix+"key", nil)
	if err != nil {
		return time.Time{}, err
	}
	res, err := l.client.Do(req)
	if err != nil {
		return time.Time{}, err
	}
	defer res.Body.Close()
	return http.ParseTime(res.Header.Get("Date"))
}

func (l *PublicLog) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.prefix+path, nil)
	if err != nil {
		return nil, err
	}
	res, err := l.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound {
		return nil, errAbsent
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", res.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(res.Body, maxTile+1))
	if err == nil && len(data) > maxTile {
		err = fmt.Errorf("larger than %d bytes", maxTile)
	}
	return data, err
}
