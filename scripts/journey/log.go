package journey

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
)

// LogState is how far a member's log has come, counted in entries.
type LogState struct {
	Origin     string  `json:"origin"`
	Pending    int64   `json:"pending"`
	Integrated int64   `json:"integrated"`
	Published  int64   `json:"published"` // witnessed by the ledger and served
	LagSeconds float64 `json:"lagSeconds"`
	Trouble    string  `json:"trouble"`
}

// settled reports whether nothing waits.
func (s LogState) settled() bool {
	return s.Pending == 0 && s.Published >= s.Integrated
}

// Log tells how far this member's log has come.
func (c *Client) Log(ctx context.Context) (LogState, error) {
	var out LogState
	err := c.json(ctx, "log state", http.MethodGet, "/api/v1/log", nil, &out)
	return out, err
}

// WaitWitnessed waits until all that this member acknowledged before stands in a published checkpoint that the ledger
// has witnessed. With writers at work it waits for them too. Failures to answer are waited out.
func (c *Client) WaitWitnessed(ctx context.Context) (LogState, error) {
	var last error
	for {
		state, err := c.Log(ctx)
		if err == nil && state.settled() {
			return state, nil
		}
		if err == nil {
			err = fmt.Errorf(
				"pending %d, integrated %d, published %d %s", state.Pending, state.Integrated, state.Published, state.Trouble,
			)
		}
		if !errors.Is(err, context.DeadlineExceeded) || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return LogState{}, fmt.Errorf("wait until witnessed: %w (last seen: %w)", ctx.Err(), last)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// PublicLog reads a member's log as any stranger can.
type PublicLog struct {
	Base string // address of the log, with /log
	Key  string // its verifier key
	http *http.Client
}

// errAbsent says that the log does not have what was asked for.
var errAbsent = errors.New("not there")

// PublicLog opens the member's public log and reads its verifier key.
func (m *Member) PublicLog(ctx context.Context) (*PublicLog, error) {
	l := &PublicLog{Base: strings.TrimSuffix(m.URL, "/") + "/log", http: m.http}
	key, err := l.get(ctx, "key")
	if err != nil {
		return nil, err
	}
	l.Key = strings.TrimSpace(string(key))
	return l, nil
}

func (l *PublicLog) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.Base+"/"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	res, err := l.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", path, err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("get %s: %w", path, errAbsent)
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: answered %d", path, res.StatusCode)
	}
	return io.ReadAll(io.LimitReader(res.Body, 16<<20))
}

// Checkpoint returns the newest published checkpoint, its signature verified.
func (l *PublicLog) Checkpoint(ctx context.Context) (tlog.Checkpoint, error) {
	note, err := l.get(ctx, "checkpoint")
	if err != nil {
		return tlog.Checkpoint{}, err
	}
	return tlog.OpenCheckpoint(note, l.Key)
}

// reader returns tiles of exactly the width asked for; where a partial tile has been replaced by the full one, it cuts
// that.
func (l *PublicLog) reader(ctx context.Context) tlog.ReadTiles {
	return func(tiles []tlog.Tile) ([][]byte, error) {
		out := make([][]byte, len(tiles))
		for i, t := range tiles {
			data, err := l.get(ctx, t.Path())
			if errors.Is(err, errAbsent) && t.Width < tlog.TileWidth {
				data, err = l.get(ctx, tlog.Tile{Level: t.Level, N: t.N, Width: tlog.TileWidth}.Path())
			}
			if err != nil {
				return nil, err
			}
			out[i], err = t.Cut(data)
			if err != nil {
				return nil, fmt.Errorf("read %s: %w", t.Path(), err)
			}
		}
		return out, nil
	}
}

// Audit recomputes the log from its entries up to the newest checkpoint, starting from one that was seen before (the
// empty tree at first), and calls each, where it is not nil, with every new leaf. It returns the checkpoint that was
// found to hold.
func (l *PublicLog) Audit(ctx context.Context, older tlog.Checkpoint, each func(tlog.Leaf)) (tlog.Checkpoint, error) {
	newest, err := l.Checkpoint(ctx)
	if err != nil {
		return tlog.Checkpoint{}, err
	}
	if older.Size == 0 {
		older.Root = tlog.EmptyRoot()
	}
	if newest.Size < older.Size {
		return tlog.Checkpoint{}, fmt.Errorf("log shrank from %d to %d entries", older.Size, newest.Size)
	}
	root, err := tlog.Audit(older, newest.Size, l.reader(ctx), func(entry []byte) error {
		leaf, err := tlog.ParseLeaf(entry)
		if err == nil && each != nil {
			each(leaf)
		}
		return err
	})
	if err != nil {
		return tlog.Checkpoint{}, fmt.Errorf("audit %s: %w", newest.Origin, err)
	}
	if root != newest.Root {
		return tlog.Checkpoint{}, fmt.Errorf(
			"audit %s: the entries give another root than the signed checkpoint", newest.Origin,
		)
	}
	return newest, nil
}

// MemberLog is one member's log as an auditor sees it: what the member serves beside what the ledger holds.
type MemberLog struct {
	Org       consortium.OrgID `json:"org"`
	Origin    string           `json:"origin"`
	Published int64            `json:"published"`
	Witnessed int64            `json:"witnessed"`
	Problem   string           `json:"problem"`
}

// Logs tells of all members' logs.
func (c *Client) Logs(ctx context.Context) ([]MemberLog, error) {
	var out struct {
		Logs []MemberLog `json:"logs"`
	}
	err := c.json(ctx, "logs", http.MethodGet, "/api/v1/logs", nil, &out)
	return out.Logs, err
}
