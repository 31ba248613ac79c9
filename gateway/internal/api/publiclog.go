package api

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// PublishedLog reads the published part of a log; *cockroach.Log is one.
type PublishedLog interface {
	Head(ctx context.Context) (anchor.Head, error)
	Tiles(ctx context.Context, tiles []tlog.Tile) ([][]byte, error)
}

// PublicLog serves an organisation's transparency log to everybody, in the formats of C2SP tlog-tiles. It shows nothing
// that the ledger has not witnessed.
type PublicLog struct {
	Store       PublishedLog
	VerifierKey string // signed-note verifier key
	// Fail answers with a problem document.
	Fail func(*gin.Context, error)

	published atomic.Int64           // a size that was published; the real one may be larger, never smaller
	newest    atomic.Pointer[[]byte] // the checkpoint that was served last
}

// checkpointPatience is how long a checkpoint waits for the database before the last one is served again.
const checkpointPatience = 2 * time.Second

// How long answers may be kept: a checkpoint for a moment, tiles for ever, since a log only grows.
const (
	cacheCheckpoint = "public, max-age=1"
	cacheKey        = "public, max-age=300"
	cacheTile       = "public, max-age=31536000, immutable"
)

// Register adds /log/checkpoint, /log/key and /log/tile/…. They need no authentication.
func (l *PublicLog) Register(r gin.IRouter) {
	g := r.Group("/log")
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		g.Handle(method, "/checkpoint", l.checkpoint)
		g.Handle(method, "/key", l.key)
		g.Handle(method, "/tile/*path", l.tile)
	}
}

func (l *PublicLog) checkpoint(c *gin.Context) {
	note, err := l.latest(c.Request.Context())
	if err != nil {
		l.Fail(c, err)
		return
	}
	l.send(c, "text/plain; charset=utf-8", cacheCheckpoint, note)
}

// latest is the newest checkpoint; while the database does not answer, the last that was served. An older checkpoint is
// as true as it was, and members who hold this log against the ledger learn that the gateway is there.
func (l *PublicLog) latest(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, checkpointPatience)
	defer cancel()
	head, err := l.Store.Head(ctx)
	if served := l.newest.Load(); fault.Is(err, fault.Unavailable) && served != nil {
		return *served, nil
	}
	if err != nil {
		return nil, err
	}
	if len(head.Published) == 0 {
		return nil, fault.New(
			fault.NotFound, CodeLogNotPublished,
			"This log has no witnessed checkpoint yet. Please try again in a few seconds.",
		)
	}
	l.newest.Store(&head.Published)
	return head.Published, nil
}

func (l *PublicLog) key(c *gin.Context) {
	l.send(c, "text/plain; charset=utf-8", cacheKey, []byte(l.VerifierKey+"\n"))
}

func (l *PublicLog) tile(c *gin.Context) {
	t, err := tlog.ParseTile("tile" + c.Param("path"))
	if err != nil {
		l.Fail(c, fault.Wrap(err, fault.NotFound, CodeNoSuchTile, "This is not the path of a tile: see c2sp.org/tlog-tiles."))
		return
	}
	known, err := l.isPublished(c.Request.Context(), t)
	if err != nil {
		l.Fail(c, err)
		return
	}
	if !known {
		l.Fail(
			c,
			fault.New(
				fault.NotFound, CodeNoSuchTile,
				"The published log has no such tile. Ask for tiles that the checkpoint's size requires.",
			),
		)
		return
	}
	data, err := l.Store.Tiles(c.Request.Context(), []tlog.Tile{t})
	if err != nil {
		l.Fail(c, err)
		return
	}
	l.send(c, "application/octet-stream", cacheTile, data[0])
}

// isPublished reports whether the published tree holds the tile. The database is asked only about tiles beyond what was
// seen last.
func (l *PublicLog) isPublished(ctx context.Context, t tlog.Tile) (bool, error) {
	if t.Covers(l.published.Load()) {
		return true, nil
	}
	head, err := l.Store.Head(ctx)
	if err != nil || len(head.Published) == 0 {
		return false, err
	}
	published, err := tlog.ReadCheckpoint(head.Published)
	if err != nil {
		return false, err
	}
	for {
		seen := l.published.Load()
		if seen >= published.Size || l.published.CompareAndSwap(seen, published.Size) {
			return t.Covers(published.Size), nil
		}
	}
}

// send answers with bytes that need no rendering.
func (l *PublicLog) send(c *gin.Context, mediaType, cache string, body []byte) {
	h := c.Writer.Header()
	h.Set("Cache-Control", cache)
	h.Set("X-Content-Type-Options", "nosniff")
	if c.Request.Method == http.MethodHead {
		h.Set("Content-Type", mediaType)
		h.Set("Content-Length", strconv.Itoa(len(body)))
		c.Status(http.StatusOK)
		return
	}
	c.Data(http.StatusOK, mediaType, body)
}
