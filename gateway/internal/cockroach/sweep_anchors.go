package cockroach

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/tlog"
)

// Anchors that one pass after the first replays: those that are new, and some old ones in turn.
const (
	maxSweptAnchors = 256
	anchorRange     = 16
)

var (
	queryAnchorCount = sql("audit anchors", `
		SELECT count(seq), COALESCE(min(seq), 1), COALESCE(max(seq), 0),
			COALESCE(sum(CASE WHEN org = $1 THEN 0 ELSE 1 END), 0)::INT8
		FROM head_anchors`)

	queryAnchorLeaf = sql("audit leaf of an anchor", `
		SELECT COALESCE(w.leaf, ''::BYTEA), COALESCE(p.leaf_hash, ''::BYTEA)
		FROM head_anchors AS a LEFT JOIN log_pending AS w ON w.org = a.org AND w.id = a.entry_id
		LEFT JOIN log_places AS p ON p.org = a.org AND p.id = a.entry_id
		WHERE a.org = $1 AND a.seq = $2`)
)

// anchors replays the chain of anchors: without a gap, each opening its leaf and naming the one before, and no head
// below a number that was anchored.
func (s *sweep) anchors(ctx context.Context) error {
	var n, least, most, foreign int64
	if err := s.tx.QueryRow(ctx, queryAnchorCount.text, s.org).Scan(&n, &least, &most, &foreign); err != nil {
		return fmt.Errorf("anchors: %w", err)
	}
	if least != 1 || most != n || foreign != 0 {
		s.alarm("head_anchors", "of "+s.org, CodeRowsMissing)
		most = min(most, n) // a number that is made up must not make the replay endless
	}
	if most < s.next.anchor {
		s.alarm("head_anchors", "of "+s.org, CodeStateOld)
	}
	if err := s.replay(ctx, s.next.anchor, most); err != nil {
		return fmt.Errorf("anchors: %w", err)
	}
	if !s.whole && most > 0 {
		from := s.next.turn % most
		to := min(most, from+maxSweptAnchors)
		if err := s.replay(ctx, from, to); err != nil {
			return fmt.Errorf("anchors: %w", err)
		}
		s.next.turn = to % most
	}
	s.next.anchor = most
	return nil
}

// replay checks the anchors above from, up to to.
func (s *sweep) replay(ctx context.Context, from, to int64) error {
	var before *anchorRow
	for from < to {
		next := min(to, from+anchorRange)
		rows, err := s.tx.Query(ctx, queryAnchors.text, s.org, max(1, from), next)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*anchorRow, error) {
			r := &anchorRow{}
			return r, row.Scan(r.fields()...)
		})
		if err != nil {
			return err
		}
		for _, r := range list {
			if r.seq > from {
				if err := s.checkAnchor(ctx, before, r); err != nil {
					return err
				}
			}
			before = r
		}
		from = next
	}
	return nil
}

var queryAnchors = sql("audit a range of anchors", `
	SELECT `+anchorColumns+` FROM head_anchors WHERE org = $1 AND seq >= $2 AND seq <= $3 ORDER BY seq`)

func (s *sweep) checkAnchor(ctx context.Context, before, r *anchorRow) error {
	name := strconv.FormatInt(r.seq, 10)
	content, commitment, opening, err := r.open(s.db.key)
	tag := r.bind(s.db.key, s.org)
	if err != nil || !bytes.Equal(tag[:], r.tag) {
		s.alarm("head_anchors", name, CodeRowAltered)
		return nil
	}
	prev := []byte{}
	if before != nil {
		if _, c, _, err := before.open(s.db.key); err == nil {
			prev = c[:]
		}
	}
	stated, err := tlog.Canonical(r.statement(s.org))
	root, rootErr := s.db.anchorRoot(content.Heads)
	if err != nil || rootErr != nil || !bytes.Equal(stated, opening.Statement) || !bytes.Equal(root[:], r.root) ||
		!bytes.Equal(prev, r.prev) {
		s.alarm("head_anchors", name, CodeRowAltered)
	}
	var leaf, hash []byte
	if err := s.tx.QueryRow(ctx, queryAnchorLeaf.text, s.org, r.seq).Scan(&leaf, &hash); err != nil {
		return err
	}
	want := tlog.NewLeaf(tlog.KindHead, r.at, commitment)
	wantHash := tlog.LeafHash(want)
	if len(leaf) > 0 && !bytes.Equal(leaf, want) || len(hash) > 0 && !bytes.Equal(hash, wantHash[:]) {
		s.alarm("head_anchors", name, CodeLeafAltered)
	}
	return s.older(ctx, content.Heads)
}
