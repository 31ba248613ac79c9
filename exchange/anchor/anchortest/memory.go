// Package anchortest is what tests of the log need: a store and a ledger in memory, which fail on command, and the
// conformance suite that every store must pass.
package anchortest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/tlog"
)

// Store keeps one log in memory.
type Store struct {
	Now func() time.Time // default time.Now

	mu      sync.Mutex
	holder  string
	epoch   int64
	until   time.Time
	head    anchor.Head
	pending []anchor.Entry
	placed  map[string]int64
	tiles   map[tileKey][]byte
}

type tileKey struct {
	level int
	n     int64
}

// NewStore returns a store with an empty log.
func NewStore() *Store {
	return &Store{
		Now:    time.Now,
		head:   anchor.Head{Root: tlog.EmptyRoot()},
		placed: map[string]int64{},
		tiles:  map[tileKey][]byte{},
	}
}

var _ anchor.Store = (*Store)(nil)

// Insert adds a pending entry, as a writer's transaction does.
func (s *Store) Insert(_ context.Context, id string, leaf []byte, created time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, anchor.Entry{ID: id, Leaf: leaf, Created: created})
	return nil
}

// Place returns the index of an integrated entry.
func (s *Store) Place(_ context.Context, id string) (int64, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	index, ok := s.placed[id]
	return index, ok, nil
}

// Acquire implements anchor.Leaser.
func (s *Store) Acquire(_ context.Context, holder string, ttl time.Duration) (anchor.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	free := !now.Before(s.until)
	if s.holder != holder && !free {
		return anchor.Lease{}, anchor.ErrHeld
	}
	if s.holder != holder || free {
		s.epoch++
	}
	s.holder, s.until = holder, now.Add(ttl)
	return anchor.Lease{Holder: holder, Epoch: s.epoch}, nil
}

// Release implements anchor.Leaser.
func (s *Store) Release(_ context.Context, lease anchor.Lease) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fenced(lease) == nil {
		s.until = time.Time{}
	}
	return nil
}

func (s *Store) fenced(lease anchor.Lease) error {
	if s.holder != lease.Holder || s.epoch != lease.Epoch {
		return anchor.ErrFenced
	}
	return nil
}

// Head implements anchor.Reader.
func (s *Store) Head(context.Context) (anchor.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head, nil
}

// Tiles implements anchor.Reader.
func (s *Store) Tiles(_ context.Context, tiles []tlog.Tile) ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([][]byte, len(tiles))
	for i, t := range tiles {
		data, ok := s.tiles[tileKey{t.Level, t.N}]
		if !ok {
			return nil, errors.New("no such tile: " + t.Path())
		}
		var err error
		if out[i], err = t.Cut(data); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Backlog implements anchor.Reader.
func (s *Store) Backlog(context.Context) (anchor.Backlog, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := anchor.Backlog{Pending: int64(len(s.pending))}
	for _, e := range s.pending {
		if b.Oldest.IsZero() || e.Created.Before(b.Oldest) {
			b.Oldest = e.Created
		}
	}
	return b, nil
}

// Pending implements anchor.Writer.
func (s *Store) Pending(_ context.Context, after string, limit int) ([]anchor.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.pending)
	slices.SortFunc(all, func(a, b anchor.Entry) int { return strings.Compare(a.ID, b.ID) })
	all = slices.DeleteFunc(all, func(e anchor.Entry) bool { return after != "" && e.ID <= after })
	return all[:min(limit, len(all))], nil
}

// Integrate implements anchor.Writer.
func (s *Store) Integrate(_ context.Context, lease anchor.Lease, b anchor.Batch) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fenced(lease); err != nil {
		return err
	}
	if s.head.Size != b.OldSize || s.head.Root != b.OldRoot {
		return anchor.ErrMoved
	}
	left := slices.Clone(s.pending)
	for _, p := range b.Entries {
		i := slices.IndexFunc(left, func(e anchor.Entry) bool { return e.ID == p.ID })
		if i < 0 {
			return anchor.ErrMoved
		}
		left = slices.Delete(left, i, i+1)
	}
	s.pending = left
	for _, p := range b.Entries {
		s.placed[p.ID] = p.Index
	}
	for _, t := range b.Tiles {
		s.tiles[tileKey{t.Level, t.N}] = bytes.Clone(t.Data)
	}
	s.head.Size, s.head.Root = b.Size, b.Root
	if s.head.Since.IsZero() || b.Oldest.Before(s.head.Since) {
		s.head.Since = b.Oldest
	}
	return nil
}

// Publish implements anchor.Writer.
func (s *Store) Publish(_ context.Context, lease anchor.Lease, p anchor.Publication) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fenced(lease); err != nil {
		return err
	}
	if len(s.head.Published) != 0 {
		c, err := tlog.ReadCheckpoint(s.head.Published)
		if err != nil || c.Size >= p.Size {
			return err
		}
	}
	s.head.Published, s.head.WitnessedAt = p.Note, p.WitnessedAt
	switch {
	case s.head.Size == p.Size:
		s.head.Since = time.Time{}
	case !p.Since.IsZero():
		s.head.Since = p.Since
	}
	return nil
}

// Tamper changes one byte of a stored tile or bundle.
func (s *Store) Tamper(level int, n int64, at int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tiles[tileKey{level, n}][at] ^= 1
}

// Snapshot copies the whole state, for going back to it with Restore as a rolled-back database does.
func (s *Store) Snapshot() *Store {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := NewStore()
	c.Now, c.holder, c.epoch, c.until, c.head, c.pending = s.Now, s.holder, s.epoch, s.until, s.head, slices.Clone(
		s.pending,
	)
	for k, v := range s.placed {
		c.placed[k] = v
	}
	for k, v := range s.tiles {
		c.tiles[k] = bytes.Clone(v)
	}
	return c
}
