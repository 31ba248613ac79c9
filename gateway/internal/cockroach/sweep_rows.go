package cockroach

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/gateway/internal/bound"
)

// rows checks the tag and the owner of each row of a table, and the heads that sum them up.
func (s *sweep) rows(ctx context.Context, t table) error {
	rows, err := s.tx.Query(ctx, t.rows.text)
	if err != nil {
		return err
	}
	return s.checkRows(t, rows)
}

func (s *sweep) checkRows(t table, rows pgx.Rows) error {
	defer rows.Close()
	c := newRowCheck(s, t)
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return err
		}
		c.row(values)
	}
	c.endOfHead()
	return rows.Err()
}

// rowCheck checks the rows of one table as they come.
type rowCheck struct {
	s      *sweep
	table  table
	bound  int // number of columns under the tag, and so the place of the tag
	owner  int
	scope  int // -1 where the head is the organisation's
	part   int // -1 where the head has one part
	keys   []int
	owned  string
	summed *headSums
}

func newRowCheck(s *sweep, t table) *rowCheck {
	columns := t.bound()
	c := &rowCheck{s: s, table: t, bound: len(columns), owned: t.owned(s.org)}
	c.owner, c.scope = slices.Index(columns, t.owner), slices.Index(columns, t.scope)
	c.part = slices.Index(columns, t.part)
	for _, key := range strings.Split(t.key, ", ") {
		c.keys = append(c.keys, slices.Index(columns, key))
	}
	return c
}

func (c *rowCheck) name(values []any) string {
	parts := make([]string, len(c.keys))
	for i, k := range c.keys {
		if b, ok := values[k].([]byte); ok {
			parts[i] = hex.EncodeToString(b[:min(4, len(b))])
			continue
		}
		parts[i] = fmt.Sprint(values[k])
	}
	return strings.Join(parts, "/")
}

func (c *rowCheck) row(values []any) {
	ok := values[c.owner] == any(c.owned)
	for i := range c.bound {
		var known bool
		values[i], known = bindable(values[i])
		ok = ok && known
	}
	var tag bound.Tag
	if ok {
		tag = c.s.db.key.Tag(c.table.name, values[:c.bound]...)
		stored, _ := values[c.bound].([]byte)
		ok = string(stored) == string(tag[:])
	}
	if !ok {
		c.s.alarm(c.table.name, c.name(values), CodeRowAltered)
	}
	if c.table.room != "" {
		c.sum(values, tag, ok)
	}
}

// bindable returns a value as it is bound. Some that the database knows can never have been: a time that is infinite, a
// list with nothing in one place.
func bindable(v any) (any, bool) {
	switch v := v.(type) {
	case nil, string, int64, bool, []byte, time.Time:
		return v, true
	case []any:
		list := make([]string, len(v))
		for i := range v {
			text, ok := v[i].(string)
			if !ok {
				return v, false
			}
			list[i] = text
		}
		return list, true
	}
	return v, false
}

// sum takes a row into the sums of its head. Rows come in the order of their heads; those of nobody have none.
func (c *rowCheck) sum(values []any, tag bound.Tag, ok bool) {
	at := place{room: c.table.room}
	if c.scope >= 0 {
		at.scope, _ = values[c.scope].(string)
		if at.scope == "" {
			return
		}
	}
	if c.summed == nil || c.summed.place != at {
		c.endOfHead()
		h := &headSums{place: at, sums: map[string]bound.Sum{}}
		if seq, ok := values[c.bound+1].(int64); ok {
			h.seq = &seq
			h.state, _ = values[c.bound+2].([]byte)
		}
		c.summed = h
	}
	if !ok {
		return // it has its alarm, and the sum that it should have been in will not do
	}
	part := ""
	if c.part >= 0 {
		part, _ = values[c.part].(string)
	}
	sum := c.summed.sums[part]
	c.s.db.key.Add(&sum, tag)
	c.summed.sums[part] = sum
}

// endOfHead compares what was summed up with the head. A head that does not open has its alarm elsewhere.
func (c *rowCheck) endOfHead() {
	h := c.summed
	c.summed = nil
	if h == nil {
		return
	}
	var head bound.Head
	if h.seq != nil {
		var err error
		if head, err = c.s.db.key.OpenHead(h.place.room, h.place.scope, *h.seq, h.state); err != nil {
			return
		}
	}
	if !sameSums(h.sums, head.Parts) {
		c.s.alarm(c.table.name, "of "+h.place.scope, CodeRowsMissing)
	}
}

var queryAllHeads = sql("audit heads", `
	SELECT h.org, h.room, h.scope, h.seq, h.state, CASE h.room
		WHEN 'records' THEN EXISTS (SELECT 1 FROM records AS r WHERE r.org = h.org AND r.patient = h.scope)
		WHEN 'consents' THEN EXISTS (SELECT 1 FROM consents AS c WHERE c.custodian = h.org AND c.patient = h.scope)
		ELSE EXISTS (SELECT 1 FROM session_ends AS e WHERE e.org = h.org) END
	FROM heads AS h`)

// heads opens every head, and wants those without rows to be of none.
func (s *sweep) heads(ctx context.Context) error {
	rows, err := s.tx.Query(ctx, queryAllHeads.text)
	if err != nil {
		return fmt.Errorf("heads: %w", err)
	}
	var org string
	var p place
	var seq int64
	var state []byte
	var summed bool
	_, err = pgx.ForEachRow(rows, []any{&org, &p.room, &p.scope, &seq, &state, &summed}, func() error {
		head, err := s.db.key.OpenHead(p.room, p.scope, seq, state)
		room := p.room == roomRecords || p.room == roomConsents || p.room == roomSessions && p.scope == ""
		switch {
		case err != nil || org != s.org || !room:
			s.alarm("heads", p.room+" "+p.scope, CodeRowAltered)
		case !summed && !sameSums(nil, head.Parts):
			s.alarm(p.room, "of "+p.scope, CodeRowsMissing)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("heads: %w", err)
	}
	return nil
}

var queryOlder = sql("audit numbers that were seen", `
	SELECT u.room, u.scope
	FROM unnest($2::TEXT[], $3::TEXT[], $4::INT8[]) AS u (room, scope, seq)
	LEFT JOIN heads AS h ON h.org = $1 AND h.room = u.room AND h.scope = u.scope
	LEFT JOIN access_heads AS a ON u.room = 'access' AND a.org = $1 AND a.patient = u.scope
	LEFT JOIN log_heads AS l ON u.room = 'log' AND l.org = $1
	WHERE COALESCE(h.seq, a.seq, l.size, 0) < u.seq`)

// seen wants no head to be older than this process has seen it.
func (s *sweep) seen(ctx context.Context) error {
	known := make([]anchored, 0, len(s.known))
	for p, seq := range s.known {
		known = append(known, anchored{p.room, p.scope, seq})
	}
	return s.older(ctx, known)
}

// older wants no head to be below one of those numbers.
func (s *sweep) older(ctx context.Context, known []anchored) error {
	var rooms, scopes []string
	var seqs []int64
	for _, h := range known {
		rooms, scopes, seqs = append(rooms, h.Room), append(scopes, h.Scope), append(seqs, h.Seq)
	}
	rows, err := s.tx.Query(ctx, queryOlder.text, s.org, rooms, scopes, seqs)
	if err != nil {
		return fmt.Errorf("numbers seen: %w", err)
	}
	var p place
	_, err = pgx.ForEachRow(rows, []any{&p.room, &p.scope}, func() error {
		s.alarm("heads", p.room+" "+p.scope, CodeStateOld)
		return nil
	})
	if err != nil {
		return fmt.Errorf("numbers seen: %w", err)
	}
	return nil
}
