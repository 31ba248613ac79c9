package anchor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"yilian.example/exchange/tlog"
)

// integrate puts one batch of pending entries into the tree and says how many. On any error the tree in memory is
// forgotten and read again from the store, which knows whether the batch was stored.
func (s *Sequencer) integrate(ctx context.Context, lease Lease) (int, error) {
	n, err := s.integrateBatch(ctx, lease)
	if err != nil {
		s.tree = nil
		return 0, fmt.Errorf("integrate: %w", err)
	}
	return n, nil
}

func (s *Sequencer) integrateBatch(ctx context.Context, lease Lease) (int, error) {
	if s.tree == nil {
		if err := s.loadTree(ctx); err != nil {
			return 0, err
		}
	}
	entries, err := s.takePending(ctx)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	batch := Batch{OldSize: s.tree.Size(), OldRoot: s.root, Oldest: entries[0].Created}
	for _, e := range entries {
		batch.Entries = append(batch.Entries, Placed{ID: e.ID, Index: s.tree.Size(), LeafHash: tlog.LeafHash(e.Leaf)})
		if err := s.tree.Add(e.Leaf); err != nil {
			return 0, err
		}
	}
	batch.Size = s.tree.Size()
	batch.Tiles = append(s.tree.TakeFull(), s.tree.Partial()...)
	if batch.Root, err = s.tree.Root(); err != nil {
		return 0, err
	}
	s.addMark(mark{batch.Size, batch.Oldest})
	if err := s.store.Integrate(ctx, lease, batch); err != nil {
		return 0, err
	}
	s.root = batch.Root
	return len(entries), nil
}

// loadTree reads the right edge of the stored tree and refuses one that does not have the stored root.
func (s *Sequencer) loadTree(ctx context.Context) error {
	head, err := s.store.Head(ctx)
	if err != nil {
		return fmt.Errorf("read head: %w", err)
	}
	tree, err := tlog.NewBuilder(head.Size, s.reader(ctx))
	if err != nil {
		return fmt.Errorf("read tree: %w", refusal(err))
	}
	root, err := tree.Root()
	if err != nil {
		return err
	}
	if root != head.Root {
		return fmt.Errorf("%w: the stored tiles do not have the stored root at size %d", ErrRefused, head.Size)
	}
	s.tree, s.root = tree, root
	return nil
}

// takePending returns the next pending entries, oldest first. Ids are random; the search goes round in their space so
// that none waits for ever while new ones keep coming. Entries that are no leaf stay pending, where they show as lag:
// nothing but a defect or tampering makes them.
func (s *Sequencer) takePending(ctx context.Context) ([]Entry, error) {
	entries, err := s.store.Pending(ctx, s.cursor, s.cfg.BatchMax)
	if err != nil {
		return nil, fmt.Errorf("read pending entries: %w", err)
	}
	if missing := s.cfg.BatchMax - len(entries); missing > 0 && s.cursor != "" {
		more, err := s.store.Pending(ctx, "", missing)
		if err != nil {
			return nil, fmt.Errorf("read pending entries: %w", err)
		}
		for _, e := range more {
			if e.ID <= s.cursor {
				entries = append(entries, e)
			}
		}
	}
	s.cursor = ""
	if len(entries) == s.cfg.BatchMax {
		s.cursor = entries[len(entries)-1].ID
	}
	entries = slices.DeleteFunc(entries, func(e Entry) bool { return s.noLeaf(ctx, e) })
	slices.SortFunc(entries, oldestFirst)
	return entries, nil
}

// noLeaf reports whether an entry is no leaf, and says so in the log once for each.
func (s *Sequencer) noLeaf(ctx context.Context, e Entry) bool {
	_, err := tlog.ParseLeaf(e.Leaf)
	if err != nil && !s.reported[e.ID] {
		s.reported[e.ID] = true
		s.cfg.Logger.ErrorContext(ctx, "pending entry is not a leaf", "origin", s.cfg.Origin, "entry", e.ID, "error", err)
	}
	return err != nil
}

// oldestFirst orders entries by creation, those of one moment by id.
func oldestFirst(a, b Entry) int {
	if c := a.Created.Compare(b.Created); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}

func (s *Sequencer) reader(ctx context.Context) tlog.ReadTiles {
	return func(tiles []tlog.Tile) ([][]byte, error) { return s.store.Tiles(ctx, tiles) }
}

func (s *Sequencer) addMark(m mark) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks = append(s.marks, m)
}

// sinceAfter forgets the batches up to a published size and returns the creation of the oldest entry that remains, zero
// where none is known.
func (s *Sequencer) sinceAfter(size int64) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks = slices.DeleteFunc(s.marks, func(m mark) bool { return m.size <= size })
	var oldest time.Time
	for _, m := range s.marks {
		if oldest.IsZero() || m.oldest.Before(oldest) {
			oldest = m.oldest
		}
	}
	return oldest
}
