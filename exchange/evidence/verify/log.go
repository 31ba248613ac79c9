package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"yilian.example/exchange/tlog"
)

// Bounds on what a log may answer, so that a hostile one cannot fill memory.
const (
	maxSmall   = 64 << 10
	maxTile    = tlog.TileWidth * 32
	maxBundle  = tlog.TileWidth * (2 + tlog.MaxLeaf)
	getTimeout = 30 * time.Second
)

// runLog audits a whole log: it fetches everything, recomputes everything from the leaves, and tells what holds.
func runLog(ctx context.Context, args []string, lang string, out io.Writer) (bool, error) {
	flags := flag.NewFlagSet("verify log", flag.ContinueOnError)
	key := flags.String("key", "", "")
	flags.StringVar(&lang, "lang", lang, "")
	address, err := parse(flags, args, "URL")
	if err != nil {
		return false, err
	}
	base, err := url.Parse(address)
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return false, errUsage{errors.New("the log's address must be an http or https URL")}
	}
	log := remoteLog{base: strings.TrimSuffix(address, "/"), client: &http.Client{Timeout: getTimeout}}
	given := *key != ""
	if !given {
		fetched, err := log.get(ctx, "key", maxSmall)
		if err != nil {
			return false, err
		}
		*key = strings.TrimSpace(string(fetched))
	}
	return log.audit(ctx, *key, given, lang, out)
}

// remoteLog reads a log over HTTP (C2SP tlog-tiles).
type remoteLog struct {
	base   string
	client *http.Client
}

func (l remoteLog) audit(ctx context.Context, key string, keyGiven bool, lang string, out io.Writer) (bool, error) {
	signed, err := l.get(ctx, "checkpoint", maxSmall)
	if err != nil {
		return false, err
	}
	checkpoint, err := tlog.OpenCheckpoint(signed, key)
	if err != nil {
		fmt.Fprintln(out, pick(lang, "[失败] 检查点没有有效签名：", "[FAILED] The checkpoint is not validly signed: ")+err.Error())
		return false, nil
	}
	fmt.Fprintf(
		out, pick(lang, "[通过] 日志 %s 的检查点签名有效，共 %d 条\n", "[OK] Log %s signed its checkpoint of %d entries\n"),
		checkpoint.Origin, checkpoint.Size,
	)
	kinds := map[string]int{}
	root, err := tlog.Audit(tlog.Checkpoint{Root: tlog.EmptyRoot()}, checkpoint.Size,
		func(tiles []tlog.Tile) ([][]byte, error) { return l.tiles(ctx, tiles) },
		func(entry []byte) error {
			leaf, err := tlog.ParseLeaf(entry)
			kinds[leaf.Kind]++
			return err
		})
	var fault *tlog.AuditError
	switch {
	case errors.As(err, &fault):
		fmt.Fprintln(out, pick(lang, "[失败] 第一处不符：", "[FAILED] First fault: ")+err.Error())
		return false, nil
	case err != nil:
		return false, err
	case root != checkpoint.Root:
		fmt.Fprintf(
			out,
			pick(lang, "[失败] 由全部条目算出的根为 %s，检查点签署的是 %s\n", "[FAILED] The entries have the root %s, the checkpoint says %s\n"),
			root, checkpoint.Root,
		)
		return false, nil
	}
	fmt.Fprintf(
		out,
		pick(
			lang, "[通过] 每个条目、每块哈希均由条目重新算出且一致；根 %s\n",
			"[OK] Every entry and every tile was recomputed from the entries and agrees; root %s\n",
		),
		root,
	)
	for _, kind := range sortedKeys(kinds) {
		fmt.Fprintf(out, "     %-10s %d\n", kind, kinds[kind])
	}
	if !keyGiven {
		fmt.Fprintf(
			out,
			pick(
				lang, "注意：公钥取自日志本身，请与账本上登记的核对：%s\n",
				"Note: the key was taken from the log itself; compare it with the one that the ledger has: %s\n",
			),
			key,
		)
	}
	return true, nil
}

func sortedKeys(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// tiles implements tlog.ReadTiles. Where a partial tile is gone, its full version serves (C2SP tlog-tiles, partial
// tiles).
func (l remoteLog) tiles(ctx context.Context, tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		limit := int64(maxTile)
		if t.Level == tlog.EntriesLevel {
			limit = maxBundle
		}
		data, err := l.get(ctx, t.Path(), limit)
		if errors.Is(err, errNotFound) && t.Width < tlog.TileWidth {
			full := t
			full.Width = tlog.TileWidth
			if wide, fullErr := l.get(ctx, full.Path(), limit); fullErr == nil {
				data, err = t.Cut(wide)
			}
		}
		if errors.Is(err, errNotFound) {
			return nil, &tlog.AuditError{Tile: t, Entry: -1, What: "the log does not have it"}
		}
		if err != nil {
			return nil, err
		}
		out[i] = data
	}
	return out, nil
}

var errNotFound = errors.New("not found")

func (l remoteLog) get(ctx context.Context, path string, limit int64) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.base+"/"+path, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", path, err)
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", path, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("fetch %s: %w", path, errNotFound)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch %s: the log answers %s", path, resp.Status)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("fetch %s: %w", path, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("fetch %s: the answer is larger than the format allows", path)
	}
	return data, nil
}
