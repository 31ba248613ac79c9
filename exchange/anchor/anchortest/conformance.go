package anchortest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/tlog"
)

// Backend is a store with what writers and tests need beside it.
type Backend interface {
	anchor.Store
	Insert(ctx context.Context, id string, leaf []byte, created time.Time) error
	Place(ctx context.Context, id string) (int64, bool, error)
}

// Begin is the time at which the suite's entries are created, a whole microsecond as databases keep.
var Begin = time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)

// EntryID returns the id of the suite's i-th entry: a UUID, in no order.
func EntryID(i int) string {
	h := sha256.Sum256(fmt.Appendf(nil, "id %d", i))
	h[6], h[8] = h[6]&0x0f|0x40, h[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[:4], h[4:6], h[6:8], h[8:10], h[10:16])
}

// Leaf returns the leaf of the suite's i-th entry.
func Leaf(i int) []byte {
	return tlog.NewLeaf(tlog.KindRecord, Begin, sha256.Sum256(fmt.Appendf(nil, "entry %d", i)))
}

// Insert adds entries from to to-1, created a second apart.
func Insert(t testing.TB, b Backend, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := b.Insert(t.Context(), EntryID(i), Leaf(i), Begin.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatalf("insert entry %d: %v", i, err)
		}
	}
}

// Conformance checks that a store keeps what the ports of anchor promise. Each call of open gives a fresh, empty log.
func Conformance(t *testing.T, open func(t *testing.T) Backend) {
	for name, check := range map[string]func(*testing.T, Backend){
		"empty":     checkEmpty,
		"lease":     checkLease,
		"expiry":    checkExpiry,
		"pending":   checkPending,
		"integrate": checkIntegrate,
		"fence":     checkFence,
		"moved":     checkMoved,
		"publish":   checkPublish,
		"tiles":     checkTiles,
	} {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}

func checkEmpty(t *testing.T, b Backend) {
	head, err := b.Head(t.Context())
	if err != nil || head.Size != 0 || head.Root != tlog.EmptyRoot() || head.Published != nil || !head.Since.IsZero() ||
		!head.WitnessedAt.IsZero() {
		t.Errorf("head of a new log is %+v, %v", head, err)
	}
	backlog, err := b.Backlog(t.Context())
	if err != nil || backlog.Pending != 0 || !backlog.Oldest.IsZero() {
		t.Errorf("backlog of a new log is %+v, %v", backlog, err)
	}
	if _, err := b.Tiles(t.Context(), []tlog.Tile{{Level: 0, N: 0, Width: 1}}); err == nil {
		t.Error("a new log has tiles")
	}
	if got, err := b.Tiles(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("no tiles asked for: %v, %v", got, err)
	}
}

func checkLease(t *testing.T, b Backend) {
	ctx := t.Context()
	first := mustAcquire(t, b, "one", time.Minute)
	if again := mustAcquire(t, b, "one", time.Minute); again != first {
		t.Errorf("renewed lease is %+v, was %+v", again, first)
	}
	if _, err := b.Acquire(ctx, "two", time.Minute); !errors.Is(err, anchor.ErrHeld) {
		t.Errorf("second holder got %v, want ErrHeld", err)
	}
	if err := b.Release(ctx, first); err != nil {
		t.Fatal(err)
	}
	second := mustAcquire(t, b, "two", time.Minute)
	if second.Epoch <= first.Epoch {
		t.Errorf("epoch went from %d to %d when the lease changed hands", first.Epoch, second.Epoch)
	}
	if err := b.Release(ctx, first); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Acquire(ctx, "one", time.Minute); !errors.Is(err, anchor.ErrHeld) {
		t.Errorf("a lease that was lost could be released: %v", err)
	}
}

func checkExpiry(t *testing.T, b Backend) {
	first := mustAcquire(t, b, "one", 20*time.Millisecond)
	time.Sleep(60 * time.Millisecond)
	second := mustAcquire(t, b, "two", time.Minute)
	if second.Epoch <= first.Epoch {
		t.Errorf("epoch went from %d to %d after the lease ran out", first.Epoch, second.Epoch)
	}
}

func checkPending(t *testing.T, b Backend) {
	const n = 25
	Insert(t, b, 0, n)
	seen := pendingInPages(t, b, 10)
	number := map[string]int{}
	for i := range n {
		number[EntryID(i)] = i
		if !seen[EntryID(i)] {
			t.Errorf("entry %d is missing", i)
		}
	}
	backlog, err := b.Backlog(t.Context())
	if err != nil || backlog.Pending != n || !backlog.Oldest.Equal(Begin) {
		t.Errorf("backlog is %+v, %v", backlog, err)
	}
	entries, err := b.Pending(t.Context(), "", n)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		i, ours := number[e.ID]
		created := Begin.Add(time.Duration(i) * time.Second)
		if ours && (!bytes.Equal(e.Leaf, Leaf(i)) || !e.Created.Equal(created)) {
			t.Errorf("entry %d is %+v", i, e)
		}
	}
}

// pendingInPages returns the ids of all pending entries, and wants each once, in order, and no page above the limit.
func pendingInPages(t *testing.T, b Backend, limit int) map[string]bool {
	t.Helper()
	seen := map[string]bool{}
	after := ""
	for {
		entries, err := b.Pending(t.Context(), after, limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) > limit {
			t.Fatalf("%d entries, limit %d", len(entries), limit)
		}
		for _, e := range entries {
			if e.ID <= after || seen[e.ID] {
				t.Fatalf("entry %s comes after %s, or twice", e.ID, after)
			}
			after, seen[e.ID] = e.ID, true
		}
		if len(entries) < limit {
			return seen
		}
	}
}

// extend makes a batch of the suite's entries from to to-1 for the log as it is.
func extend(t *testing.T, b Backend, from, to int) anchor.Batch {
	t.Helper()
	head, err := b.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tree, err := tlog.NewBuilder(
		head.Size, func(tiles []tlog.Tile) ([][]byte, error) { return b.Tiles(t.Context(), tiles) },
	)
	if err != nil {
		t.Fatal(err)
	}
	batch := anchor.Batch{OldSize: head.Size, OldRoot: head.Root, Oldest: Begin.Add(time.Duration(from) * time.Second)}
	for i := from; i < to; i++ {
		batch.Entries = append(batch.Entries, anchor.Placed{ID: EntryID(i), Index: tree.Size()})
		if err := tree.Add(Leaf(i)); err != nil {
			t.Fatal(err)
		}
	}
	batch.Size = tree.Size()
	batch.Tiles = append(tree.TakeFull(), tree.Partial()...)
	if batch.Root, err = tree.Root(); err != nil {
		t.Fatal(err)
	}
	return batch
}

func checkIntegrate(t *testing.T, b Backend) {
	ctx := t.Context()
	lease := mustAcquire(t, b, "one", time.Minute)
	Insert(t, b, 0, 400)
	for _, step := range [][2]int{{0, 3}, {3, 300}, {300, 390}} {
		batch := extend(t, b, step[0], step[1])
		if err := b.Integrate(ctx, lease, batch); err != nil {
			t.Fatalf("integrate %v: %v", step, err)
		}
		head, err := b.Head(ctx)
		if err != nil || head.Size != batch.Size || head.Root != batch.Root || !head.Since.Equal(Begin) {
			t.Errorf("head is %+v, %v", head, err)
		}
	}
	for i := range 400 {
		index, placed, err := b.Place(ctx, EntryID(i))
		if err != nil || placed != (i < 390) || placed && index != int64(i) {
			t.Errorf("entry %d: placed %v at %d, %v", i, placed, index, err)
		}
	}
	if backlog, err := b.Backlog(ctx); err != nil || backlog.Pending != 10 ||
		!backlog.Oldest.Equal(Begin.Add(390*time.Second)) {
		t.Errorf("backlog is %+v, %v", backlog, err)
	}
	entries, err := b.Pending(ctx, "", 1000)
	if err != nil || len(entries) != 10 {
		t.Errorf("%d entries are pending, %v", len(entries), err)
	}
}

func checkFence(t *testing.T, b Backend) {
	ctx := t.Context()
	old := mustAcquire(t, b, "one", time.Minute)
	Insert(t, b, 0, 2)
	if err := b.Release(ctx, old); err != nil {
		t.Fatal(err)
	}
	lease := mustAcquire(t, b, "two", time.Minute)
	if err := b.Integrate(ctx, old, extend(t, b, 0, 1)); !errors.Is(err, anchor.ErrFenced) {
		t.Errorf("integrate under a lost lease: %v, want ErrFenced", err)
	}
	if err := b.Publish(ctx, old, anchor.Publication{Note: note(0), WitnessedAt: Begin}); !errors.Is(
		err, anchor.ErrFenced,
	) {
		t.Errorf("publish under a lost lease: %v, want ErrFenced", err)
	}
	checkUntouched(t, b, 2)
	if err := b.Integrate(ctx, lease, extend(t, b, 0, 1)); err != nil {
		t.Errorf("integrate under the new lease: %v", err)
	}
}

func checkMoved(t *testing.T, b Backend) {
	ctx := t.Context()
	lease := mustAcquire(t, b, "one", time.Minute)
	Insert(t, b, 0, 3)
	for name, spoil := range map[string]func(*anchor.Batch){
		"old size":       func(b *anchor.Batch) { b.OldSize = 1 },
		"old root":       func(b *anchor.Batch) { b.OldRoot[0] ^= 1 },
		"unknown entry":  func(b *anchor.Batch) { b.Entries[0].ID = EntryID(99) },
		"repeated entry": func(b *anchor.Batch) { b.Entries[0].ID = b.Entries[1].ID },
	} {
		batch := extend(t, b, 0, 2)
		spoil(&batch)
		if err := b.Integrate(ctx, lease, batch); !errors.Is(err, anchor.ErrMoved) {
			t.Errorf("%s: %v, want ErrMoved", name, err)
		}
		checkUntouched(t, b, 3)
	}
	batch := extend(t, b, 0, 2)
	if err := b.Integrate(ctx, lease, batch); err != nil {
		t.Fatal(err)
	}
	if err := b.Integrate(ctx, lease, batch); !errors.Is(err, anchor.ErrMoved) {
		t.Errorf("the same batch again: %v, want ErrMoved", err)
	}
	again := extend(t, b, 1, 3)
	if err := b.Integrate(ctx, lease, again); !errors.Is(err, anchor.ErrMoved) {
		t.Errorf("a batch with an entry that has a place: %v, want ErrMoved", err)
	}
	if head, err := b.Head(ctx); err != nil || head.Size != 2 {
		t.Errorf("head is %+v, %v", head, err)
	}
}

func checkUntouched(t *testing.T, b Backend, pending int64) {
	t.Helper()
	head, err := b.Head(t.Context())
	if err != nil || head.Size != 0 || head.Root != tlog.EmptyRoot() || head.Published != nil {
		t.Errorf("head is %+v, %v, want the empty one", head, err)
	}
	if backlog, err := b.Backlog(t.Context()); err != nil || backlog.Pending != pending {
		t.Errorf("backlog is %+v, %v, want %d", backlog, err, pending)
	}
}

// note is a checkpoint as far as stores look at it.
func note(size int64) []byte {
	return []byte(
		tlog.Checkpoint{Origin: "a.example/log", Size: size, Root: tlog.EmptyRoot()}.Text() + "\n— a.example/log AAAA\n",
	)
}

func checkPublish(t *testing.T, b Backend) {
	ctx := t.Context()
	lease := mustAcquire(t, b, "one", time.Minute)
	publish := func(size int64, since time.Time) {
		t.Helper()
		p := anchor.Publication{
			Note:        note(size),
			Size:        size,
			WitnessedAt: Begin.Add(time.Duration(size) * time.Minute),
			Since:       since,
		}
		if err := b.Publish(ctx, lease, p); err != nil {
			t.Fatalf("publish %d: %v", size, err)
		}
	}
	expect := func(size int64, since time.Time) {
		t.Helper()
		head, err := b.Head(ctx)
		if err != nil || !bytes.Equal(head.Published, note(size)) ||
			!head.WitnessedAt.Equal(Begin.Add(time.Duration(size)*time.Minute)) ||
			!head.Since.Equal(since) {
			t.Errorf("head is %+v, %v; want %d published and since %v", head, err, size, since)
		}
	}
	publish(0, time.Time{})
	expect(0, time.Time{})
	Insert(t, b, 0, 6)
	for i := range 3 {
		if err := b.Integrate(ctx, lease, extend(t, b, 2*i, 2*i+2)); err != nil {
			t.Fatal(err)
		}
	}
	expect(0, Begin)
	publish(2, time.Time{})
	expect(2, Begin) // not known: the older time stays
	publish(4, Begin.Add(4*time.Second))
	expect(4, Begin.Add(4*time.Second))
	publish(2, time.Time{}) // smaller: nothing happens
	expect(4, Begin.Add(4*time.Second))
	publish(6, time.Time{})
	expect(6, time.Time{})
}

func checkTiles(t *testing.T, b Backend) {
	ctx := t.Context()
	lease := mustAcquire(t, b, "one", time.Minute)
	Insert(t, b, 0, 600)
	var roots []tlog.Checkpoint
	for _, step := range [][2]int{{0, 1}, {1, 255}, {255, 256}, {256, 257}, {257, 600}} {
		batch := extend(t, b, step[0], step[1])
		if err := b.Integrate(ctx, lease, batch); err != nil {
			t.Fatal(err)
		}
		roots = append(roots, tlog.Checkpoint{Size: batch.Size, Root: batch.Root})
	}
	read := func(tiles []tlog.Tile) ([][]byte, error) { return b.Tiles(ctx, tiles) }
	older := tlog.Checkpoint{Root: tlog.EmptyRoot()}
	for _, c := range roots { // every earlier tree can still be read
		root, err := tlog.Audit(older, c.Size, read, nil)
		if err != nil || root != c.Root {
			t.Errorf("audit to %d: %v, %v", c.Size, root, err)
		}
		older = c
	}
	if _, err := b.Tiles(ctx, []tlog.Tile{{Level: 0, N: 2, Width: 256}}); err == nil {
		t.Error("a tile that is wider than the tree is given")
	}
	if _, err := b.Tiles(ctx, []tlog.Tile{{Level: 0, N: 3, Width: 1}}); err == nil {
		t.Error("a tile beyond the tree is given")
	}
}

func mustAcquire(t *testing.T, b Backend, holder string, ttl time.Duration) anchor.Lease {
	t.Helper()
	lease, err := b.Acquire(t.Context(), holder, ttl)
	if err != nil {
		t.Fatalf("acquire for %s: %v", holder, err)
	}
	return lease
}
