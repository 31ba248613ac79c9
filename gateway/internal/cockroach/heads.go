package cockroach

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/bound"
)

// The rooms whose rows a head sums up, for each patient or, with the empty scope, for the organisation.
const (
	roomRecords  = "records"  // rows of records, by kind
	roomConsents = "consents" // rows of consents
	roomSessions = "sessions" // rows of session_ends
)

var (
	queryHeads = sql("heads", `
		SELECT h.room, h.scope, h.seq, h.state
		FROM unnest($2::TEXT[], $3::TEXT[]) AS u (room, scope)
		JOIN heads AS h ON h.org = $1 AND h.room = u.room AND h.scope = u.scope`)

	holdHead = sql("hold a head", `SELECT seq FROM heads WHERE org = $1 AND room = $2 AND scope = $3 FOR SHARE`)

	upsertHeads = sql("move heads", `
		INSERT INTO heads (org, room, scope, seq, state)
		SELECT $1, u.room, u.scope, u.seq, u.state
		FROM unnest($2::TEXT[], $3::TEXT[], $4::INT8[], $5::BYTEA[]) AS u (room, scope, seq, state)
		ON CONFLICT (org, room, scope) DO UPDATE SET seq = excluded.seq, state = excluded.state
		WHERE heads.seq = excluded.seq - 1`)

	moveHeads = sql("move remembered heads", `
		UPDATE heads SET seq = u.seq, state = u.state
		FROM unnest($2::TEXT[], $3::TEXT[], $4::INT8[], $5::BYTEA[], $6::BYTEA[]) AS u (room, scope, seq, state, was)
		WHERE heads.org = $1 AND heads.room = u.room AND heads.scope = u.scope AND heads.seq = u.seq - 1
			AND heads.state = u.was`)
)

// errHeadsMoved says that a head is not the one that this process wrote last.
var errHeadsMoved = errors.New("a head is another one by now")

// lastHead is a head as this process wrote it last, and as it is stored. Remembering it saves reading it: that it still
// stands is what the statement wants that moves it on.
type lastHead struct {
	head  bound.Head
	state []byte
}

// place is where a head stands.
type place struct{ room, scope string }

func patientPlaces(room string, patients []string) []place {
	out := make([]place, 0, len(patients))
	for _, p := range patients {
		if p != "" {
			out = append(out, place{room, p})
		}
	}
	return out
}

// marks remembers the highest number of each head that this process saw committed, so that an older state is known for
// one until the process ends. What it forgets, and what was before, the audit finds in the log.
type marks struct {
	mu       sync.Mutex
	seen     *simplelru.LRU[mark, seen]
	unsealed map[mark]int64 // what this process moved since numbers were last put into the log
}

type mark struct {
	org consortium.OrgID
	place
}

// seen is the highest number of a head, and for heads that are sealed what stood at it; the zero value is no head.
type seen struct {
	seq   int64
	state [sha256.Size]byte
}

const maxMarks = 100_000

func newMarks() *marks {
	list, err := simplelru.NewLRU[mark, seen](maxMarks, nil)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &marks{seen: list, unsealed: map[mark]int64{}}
}

// known returns what was seen so far. It is asked before a transaction begins: what is committed later may not be
// visible to it.
func (m *marks) known(org consortium.OrgID, places ...place) []seen {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := make([]seen, len(places))
	for i, p := range places {
		out[i], _ = m.seen.Get(mark{org, p})
	}
	return out
}

// all returns the numbers of all heads of an organisation.
func (m *marks) all(org consortium.OrgID) map[place]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := map[place]int64{}
	for _, k := range m.seen.Keys() {
		if k.org == org {
			was, _ := m.seen.Peek(k)
			out[k.place] = was.seq
		}
	}
	return out
}

// move notes that this process moved a head. Beyond the bound it is not put into the log before it moves again.
func (m *marks) move(org consortium.OrgID, p place, now seen) {
	m.note(org, p, now)
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.unsealed) < maxMarks {
		m.unsealed[mark{org, p}] = max(now.seq, m.unsealed[mark{org, p}])
	}
}

// moved returns the heads whose numbers are to be put into the log, sorted.
func (m *marks) moved(org consortium.OrgID) []anchored {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []anchored
	for k, seq := range m.unsealed {
		if k.org == org {
			out = append(out, anchored{k.room, k.scope, seq})
		}
	}
	sortHeads(out)
	return out
}

// anchored forgets what was put into the log, unless it has moved since.
func (m *marks) anchored(org consortium.OrgID, heads []anchored) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range heads {
		if k := (mark{org, place{h.Room, h.Scope}}); m.unsealed[k] == h.Seq {
			delete(m.unsealed, k)
		}
	}
}

func (m *marks) note(org consortium.OrgID, p place, now seen) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if was, ok := m.seen.Get(mark{org, p}); !ok || was.seq < now.seq {
		m.seen.Add(mark{org, p}, now)
	}
}

// heads are heads within one transaction, as read and as changed.
type heads struct {
	db     *DB
	org    consortium.OrgID
	places []place
	known  []seen             // as of before the transaction
	last   map[place]lastHead // as remembered; nil: they are read
	now    map[place]bound.Head
	moved  map[place]bound.Head
	states map[place][]byte // of those moved, as stored
}

// expectHeads prepares for a transaction; call it before that begins.
func (db *DB) expectHeads(org consortium.OrgID, places ...place) *heads {
	return &heads{db: db, org: org, places: places, known: db.marks.known(org, places...)}
}

// remember spares reading the head where this process wrote it last. Whoever moves it then has to expect
// errHeadsMoved, and to begin anew without. Of several heads none is remembered: they are locked in their order.
func (h *heads) remember() {
	if len(h.places) != 1 {
		return
	}
	// What this process has seen since, of another process's doing, counts for more than what it wrote itself.
	last, ok := h.db.lastHeads.Get(mark{h.org, h.places[0]})
	if ok && (seen{last.head.Seq, last.head.State}) == h.known[0] {
		h.last = map[place]lastHead{h.places[0]: last}
	}
}

// queue reads the heads with a batch. Begin resets what an earlier run of the transaction left.
func (h *heads) queue(b *pgx.Batch) {
	h.now, h.moved = make(map[place]bound.Head, len(h.places)), map[place]bound.Head{}
	h.states = map[place][]byte{}
	for p, last := range h.last {
		h.now[p] = last.head
	}
	if len(h.places) == 0 || h.last != nil {
		return
	}
	rooms, scopes := make([]string, len(h.places)), make([]string, len(h.places))
	for i, p := range h.places {
		rooms[i], scopes[i] = p.room, p.scope
	}
	b.Queue(queryHeads.text, h.org, rooms, scopes).Query(func(rows pgx.Rows) error {
		var p place
		var seq int64
		var state []byte
		_, err := pgx.ForEachRow(rows, []any{&p.room, &p.scope, &seq, &state}, func() error {
			head, err := h.db.key.OpenHead(p.room, p.scope, seq, state)
			if err != nil {
				return h.db.refuse("heads", p.room+" "+p.scope, CodeRowAltered)
			}
			h.now[p] = head
			return nil
		})
		if err != nil {
			return err
		}
		return h.check()
	})
}

// read is queue as a statement of its own.
func (h *heads) read(ctx context.Context, tx pgx.Tx) error {
	b := &pgx.Batch{}
	h.queue(b)
	return tx.SendBatch(ctx, b).Close()
}

// hold is read, and lets nobody move the heads before the transaction ends: who would move one waits for it.
func (h *heads) hold(ctx context.Context, tx pgx.Tx) error {
	b := &pgx.Batch{}
	for _, p := range h.places {
		b.Queue(holdHead.text, h.org, p.room, p.scope).Query(func(rows pgx.Rows) error {
			rows.Close()
			return rows.Err()
		})
	}
	h.queue(b)
	return tx.SendBatch(ctx, b).Close()
}

// check refuses heads that are older than what was seen, or another at its number.
func (h *heads) check() error {
	for i, p := range h.places {
		now, was := h.now[p], h.known[i]
		if now.Seq < was.seq || now.Seq == was.seq && now.State != was.state {
			return h.db.refuse("heads", p.room+" "+p.scope, CodeStateOld)
		}
	}
	return nil
}

// change returns the head of a place to be changed; it moves on by one, however often it is asked for.
func (h *heads) change(p place) bound.Head {
	if head, ok := h.moved[p]; ok {
		return head
	}
	head := h.now[p].Clone()
	head.Seq++
	h.moved[p] = head
	return head
}

// add takes a row into a part of a head.
func (h *heads) add(p place, part string, tag bound.Tag) {
	head := h.change(p)
	sum := head.Parts[part]
	h.db.key.Add(&sum, tag)
	head.Parts[part] = sum
}

// remove takes a row out of a part of a head.
func (h *heads) remove(p place, part string, tag bound.Tag) {
	head := h.change(p)
	sum := head.Parts[part]
	h.db.key.Remove(&sum, tag)
	head.Parts[part] = sum
}

// queueMoves writes the heads that were changed. Places are in the order in which they were expected, so that writers
// lock them in one order.
func (h *heads) queueMoves(b *pgx.Batch) error {
	var rooms, scopes []string
	var seqs []int64
	var states, were [][]byte
	for _, p := range h.places {
		head, ok := h.moved[p]
		if !ok {
			continue
		}
		state, err := h.db.key.SealHead(p.room, p.scope, head)
		if err != nil {
			return err
		}
		head.State = sha256.Sum256(state)
		h.moved[p], h.states[p] = head, state
		were = append(were, h.last[p].state)
		rooms, scopes = append(rooms, p.room), append(scopes, p.scope)
		seqs, states = append(seqs, head.Seq), append(states, state)
	}
	if len(rooms) == 0 {
		return nil
	}
	want := int64(len(rooms))
	if h.last != nil {
		b.Queue(moveHeads.text, h.org, rooms, scopes, seqs, states, were).Exec(
			wantRows(want, func() error { return errHeadsMoved }),
		)
		return nil
	}
	b.Queue(upsertHeads.text, h.org, rooms, scopes, seqs, states).Exec(wantRows(want, func() error {
		return fault.New(fault.Unavailable, CodeContention,
			"Too many changes to the same entry at this moment. Nothing was changed. Please try again.")
	}))
	return nil
}

// write is queueMoves as a statement of its own.
func (h *heads) write(ctx context.Context, tx pgx.Tx) error {
	b := &pgx.Batch{}
	if err := h.queueMoves(b); err != nil || b.Len() == 0 {
		return err
	}
	return tx.SendBatch(ctx, b).Close()
}

// committed remembers what was written; call it when the transaction has committed.
func (h *heads) committed() {
	for p, head := range h.moved {
		h.db.marks.move(h.org, p, seen{head.Seq, head.State})
		if p.room == roomRecords { // no other is remembered
			h.db.lastHeads.Add(mark{h.org, p}, lastHead{head, h.states[p]})
		}
	}
	if len(h.moved) > 0 {
		return
	}
	for p, head := range h.now {
		h.db.marks.note(h.org, p, seen{head.Seq, head.State})
	}
}
