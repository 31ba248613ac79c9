package watch

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// answerPatience is how long a node may take to tell its height: all are on this machine.
const answerPatience = 4 * time.Second

// metricsLimit bounds what is read of a node's metrics; they are some tens of kilobytes.
const metricsLimit = 8 << 20

// Node is an orderer or a peer.
type Node struct {
	Process string // its name at the supervisor
	Metrics string // URL of its metrics, which say how many blocks it holds
}

// Reading is what a node said of itself.
type Reading struct {
	Height   uint64 // blocks that it holds
	Answered bool
}

// Read asks all nodes for their heights in a channel at the same time; readings are by process name.
func Read(ctx context.Context, nodes []Node, channel string) map[string]Reading {
	ctx, cancel := context.WithTimeout(ctx, answerPatience)
	defer cancel()
	var mu sync.Mutex // guards readings
	readings := make(map[string]Reading, len(nodes))
	var group sync.WaitGroup
	for _, node := range nodes {
		group.Go(func() {
			height, err := Height(ctx, node.Metrics, channel)
			mu.Lock()
			defer mu.Unlock()
			readings[node.Process] = Reading{Height: height, Answered: err == nil}
		})
	}
	group.Wait()
	return readings
}

// Height reads the number of blocks of a channel from a node's metrics. Its health page does not know: it goes on
// saying OK in an orderer that has long ceased to take part.
func Height(ctx context.Context, url, channel string) (uint64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, fmt.Errorf("build request: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("ask for metrics: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("ask for metrics: %s answers %s", url, response.Status)
	}
	return parseHeight(io.LimitReader(response.Body, metricsLimit), channel)
}

func parseHeight(metrics io.Reader, channel string) (uint64, error) {
	wanted := `ledger_blockchain_height{channel="` + channel + `"} `
	lines := bufio.NewScanner(metrics)
	for lines.Scan() {
		value, ok := strings.CutPrefix(lines.Text(), wanted)
		if !ok {
			continue
		}
		height, err := strconv.ParseFloat(value, 64) // large ones are written with an exponent
		if err != nil || height < 0 {
			return 0, fmt.Errorf("read height: %q is none", value)
		}
		return uint64(height), nil
	}
	err := lines.Err()
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	return 0, fmt.Errorf("read metrics: no height of channel %s", channel)
}
