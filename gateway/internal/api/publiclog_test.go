package api_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/torchwood"
	"github.com/gin-gonic/gin"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/anchor/anchortest"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
	gatewayapi "yilian.example/gateway/internal/api"
	"yilian.example/gateway/internal/api/problem"
)

const logOrigin = "donghu.yilian.example/log"

// servedLog is a log in memory behind the public endpoints.
type servedLog struct {
	*anchortest.Store
	url      string
	vkey     string
	signer   tlog.Signer
	witness  *anchortest.Witness
	sequence *anchor.Sequencer
}

// forged answers with another checkpoint than the published one.
type forged struct {
	*anchortest.Store
	note *[]byte
}

// hangs has a store that does not answer, once it is on.
type hangs struct {
	*anchortest.Store
	on atomic.Bool
}

func (h *hangs) Head(ctx context.Context) (anchor.Head, error) {
	if h.on.Load() {
		<-ctx.Done()
		return anchor.Head{}, fault.Wrap(ctx.Err(), fault.Unavailable, "TIMED_OUT", "No.")
	}
	return h.Store.Head(ctx)
}

// TestCheckpointOutlivesTheDatabase asks for the checkpoint of a log whose database hangs: who holds the log against
// the ledger gets the last one within moments, and a gateway that has none yet says so.
func TestCheckpointOutlivesTheDatabase(t *testing.T) {
	served, _ := serveLog(t, 3)
	store := &hangs{Store: served.Store}
	ask := func(handler http.Handler) (int, string) {
		w := httptest.NewRecorder()
		began := time.Now()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/log/checkpoint", nil))
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("answered after %s", took)
		}
		return w.Code, w.Body.String()
	}
	open := func() http.Handler {
		r := gin.New()
		(&gatewayapi.PublicLog{Store: store, VerifierKey: served.vkey, Fail: func(c *gin.Context, err error) {
			c.String(problem.Status(err), string(fault.Of(err).Code))
		}}).Register(r)
		return r
	}
	log := open()
	status, before := ask(log)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, before)
	}
	store.on.Store(true)
	if status, after := ask(log); status != http.StatusOK || after != before {
		t.Errorf("while the database hangs: %d %s", status, after)
	}
	if status, body := ask(open()); status != http.StatusServiceUnavailable {
		t.Errorf("a gateway that has served none: %d %s", status, body)
	}
}

func (f forged) Head(ctx context.Context) (anchor.Head, error) {
	head, err := f.Store.Head(ctx)
	if *f.note != nil {
		head.Published = *f.note
	}
	return head, err
}

func serveLog(t *testing.T, entries int) (*servedLog, *[]byte) {
	t.Helper()
	skey, vkey, err := tlog.GenerateKey(rand.Reader, logOrigin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tlog.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	s := &servedLog{Store: anchortest.NewStore(), vkey: vkey, signer: signer, witness: anchortest.NewWitness()}
	anchortest.Insert(t, s.Store, 0, entries)
	s.sequence, err = anchor.New(s.Store, s.witness, anchor.Config{
		Origin: logOrigin, Signer: signer, VerifierKey: vkey, Holder: "test", Interval: time.Millisecond, BatchMax: 300,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.publish(t, entries)
	var note []byte
	gin.SetMode(gin.TestMode)
	r := gin.New()
	(&gatewayapi.PublicLog{
		Store: forged{s.Store, &note}, VerifierKey: vkey,
		Fail: func(c *gin.Context, err error) { c.String(problem.Status(err), string(fault.Of(err).Code)) },
	}).Register(r)
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	s.url = server.URL + "/log"
	return s, &note
}

// publish runs the sequencer until all entries are published.
func (s *servedLog) publish(t *testing.T, want int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { s.sequence.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()
	for range 1000 {
		st, err := s.sequence.Status(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if st.Published == int64(want) {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("log was not published")
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestLogEndpoints(t *testing.T) {
	s, _ := serveLog(t, 300)
	for _, tc := range []struct {
		path, contentType, cache string
		status, size             int
	}{
		{"/checkpoint", "text/plain; charset=utf-8", "public, max-age=1", 200, 0},
		{"/key", "text/plain; charset=utf-8", "public, max-age=300", 200, len(s.vkey) + 1},
		{"/tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable", 200, 8192},
		{"/tile/0/001.p/44", "application/octet-stream", "public, max-age=31536000, immutable", 200, 44 * 32},
		{"/tile/0/001.p/7", "application/octet-stream", "public, max-age=31536000, immutable", 200, 7 * 32},
		{"/tile/1/000.p/1", "application/octet-stream", "public, max-age=31536000, immutable", 200, 32},
		{"/tile/entries/000", "application/octet-stream", "public, max-age=31536000, immutable", 200, 0},
		{"/tile/entries/001.p/44", "application/octet-stream", "public, max-age=31536000, immutable", 200, 0},
		{"/tile/0/001", "", "", 404, 0},
		{"/tile/0/001.p/45", "", "", 404, 0},
		{"/tile/0/002.p/1", "", "", 404, 0},
		{"/tile/1/000.p/2", "", "", 404, 0},
		{"/tile/entries/001.p/45", "", "", 404, 0},
		{"/tile/entries/0", "", "", 404, 0},
		{"/tile/../checkpoint", "", "", 404, 0},
		{"/tile/8/0/000", "", "", 404, 0},
		{"/other", "", "", 404, 0},
	} {
		resp, body := get(t, s.url+tc.path)
		if resp.StatusCode != tc.status {
			t.Errorf("%s: status %d, want %d", tc.path, resp.StatusCode, tc.status)
			continue
		}
		if tc.status != 200 {
			continue
		}
		if resp.Header.Get("Content-Type") != tc.contentType || resp.Header.Get("Cache-Control") != tc.cache {
			t.Errorf("%s: %v", tc.path, resp.Header)
		}
		if tc.size != 0 && len(body) != tc.size {
			t.Errorf("%s: %d bytes, want %d", tc.path, len(body), tc.size)
		}
		head, err := http.Head(s.url + tc.path)
		if err != nil {
			t.Fatal(err)
		}
		head.Body.Close()
		if head.StatusCode != 200 || head.ContentLength != int64(len(body)) {
			t.Errorf("HEAD %s: %d, length %d", tc.path, head.StatusCode, head.ContentLength)
		}
	}
}

// What is integrated but not yet witnessed is not shown.
func TestLogHidesUnpublished(t *testing.T) {
	s, _ := serveLog(t, 10)
	anchortest.Insert(t, s.Store, 10, 20)
	lease, err := s.Acquire(t.Context(), "by hand", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	integrateAll(t, s.Store, lease)
	if resp, _ := get(t, s.url+"/tile/0/000.p/11"); resp.StatusCode != 404 {
		t.Errorf("an unpublished tile is served: %d", resp.StatusCode)
	}
	if resp, _ := get(t, s.url+"/tile/entries/000.p/20"); resp.StatusCode != 404 {
		t.Errorf("an unpublished bundle is served: %d", resp.StatusCode)
	}
	if resp, body := get(t, s.url+"/tile/0/000.p/10"); resp.StatusCode != 200 || len(body) != 320 {
		t.Errorf("the published tile is not served as it was: %d, %d bytes", resp.StatusCode, len(body))
	}
}

func integrateAll(t *testing.T, store *anchortest.Store, lease anchor.Lease) {
	t.Helper()
	head, err := store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tree, err := tlog.NewBuilder(
		head.Size, func(tiles []tlog.Tile) ([][]byte, error) { return store.Tiles(t.Context(), tiles) },
	)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := store.Pending(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	batch := anchor.Batch{OldSize: head.Size, OldRoot: head.Root, Oldest: anchortest.Begin}
	for _, e := range entries {
		batch.Entries = append(batch.Entries, anchor.Placed{ID: e.ID, Index: tree.Size()})
		if err := tree.Add(e.Leaf); err != nil {
			t.Fatal(err)
		}
	}
	batch.Size = tree.Size()
	batch.Tiles = append(tree.TakeFull(), tree.Partial()...)
	if batch.Root, err = tree.Root(); err != nil {
		t.Fatal(err)
	}
	if err := store.Integrate(t.Context(), lease, batch); err != nil {
		t.Fatal(err)
	}
}

func TestLogBeforeFirstCheckpoint(t *testing.T) {
	r := gin.New()
	(&gatewayapi.PublicLog{
		Store: anchortest.NewStore(), VerifierKey: "k",
		Fail: func(c *gin.Context, err error) { c.String(problem.Status(err), string(fault.Of(err).Code)) },
	}).Register(r)
	for _, path := range []string{"/log/checkpoint", "/log/tile/0/000.p/1"} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// checkers are other people's programs that read a log over HTTP and recompute it.
var checkers = map[string]func(ctx context.Context, base, vkey string) error{
	"tessera fsck": tesseraCheck,
	"torchwood":    torchwoodCheck,
}

func tesseraCheck(ctx context.Context, base, vkey string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	root, err := url.Parse(base + "/")
	if err != nil {
		return err
	}
	fetcher, err := client.NewHTTPFetcher(root, nil)
	if err != nil {
		return err
	}
	hasher := func(bundle []byte) ([][]byte, error) {
		var b api.EntryBundle
		if err := b.UnmarshalText(bundle); err != nil {
			return nil, err
		}
		var hashes [][]byte
		for _, e := range b.Entries {
			h := tlog.LeafHash(e)
			hashes = append(hashes, h[:])
		}
		return hashes, nil
	}
	// With one worker a mismatch blocks it for ever; and it may block anyway, hence the deadline around it.
	failed := make(chan error, 1)
	go func() { failed <- fsck.New(logOrigin, verifier, fetcher, hasher, fsck.Opts{N: 4}).Check(ctx) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func torchwoodCheck(ctx context.Context, base, vkey string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	fetcher, err := torchwood.NewTileFetcher(base)
	if err != nil {
		return err
	}
	signed, err := fetcher.ReadEndpoint(ctx, "checkpoint")
	if err != nil {
		return err
	}
	policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(logOrigin), torchwood.SingleVerifierPolicy(verifier))
	checkpoint, _, err := torchwood.VerifyCheckpoint(signed, policy)
	if err != nil {
		return err
	}
	reader, err := torchwood.NewClient(fetcher)
	if err != nil {
		return err
	}
	n := int64(0)
	for i, entry := range reader.AllEntries(ctx, checkpoint.Tree, 0) {
		if i != n {
			return errors.New("entries are out of order")
		}
		if _, err := tlog.ParseLeaf(entry); err != nil {
			return err
		}
		n++
	}
	if err := reader.Err(); err != nil {
		return err
	}
	if n != checkpoint.N {
		return errors.New("entries are missing")
	}
	return nil
}

func TestForeignCheckers(t *testing.T) {
	const n = 700
	for name, check := range checkers {
		t.Run(name, func(t *testing.T) {
			s, fork := serveLog(t, n)
			run := func() error {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				return check(ctx, s.url, s.vkey)
			}
			if err := run(); err != nil {
				t.Fatalf("refuses our log: %v", err)
			}
			for what, change := range map[string][3]int{
				"leaf":           {tlog.EntriesLevel, 1, 100}, // within the commitment of the first entry of the bundle
				"level 0 hash":   {0, 1, 33},
				"level 0, right": {0, 2, 0},
				"level 1 hash":   {1, 0, 1},
			} {
				s.Tamper(change[0], int64(change[1]), change[2])
				if err := run(); err == nil {
					t.Errorf("does not see a changed %s", what)
				} else if errors.Is(err, context.DeadlineExceeded) {
					t.Logf("%s: changed %s: gave no answer in time", name, what)
				}
				s.Tamper(change[0], int64(change[1]), change[2])
			}
			other := tlog.Checkpoint{Origin: logOrigin, Size: n, Root: tlog.EmptyRoot()}
			signed, err := tlog.SignCheckpoint(other, s.signer)
			if err != nil {
				t.Fatal(err)
			}
			*fork = signed
			if err := run(); err == nil {
				t.Error("does not see a checkpoint of another tree")
			}
			*fork = []byte(strings.Replace(string(signed), "\n700\n", "\n699\n", 1))
			if err := run(); err == nil {
				t.Error("does not see a checkpoint whose signature does not fit")
			}
			*fork = nil
			if err := run(); err != nil {
				t.Errorf("refuses our log once mended: %v", err)
			}
		})
	}
}
