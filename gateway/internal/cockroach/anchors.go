package cockroach

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/bound"
)

// anchorRow is a row of head_anchors.
type anchorRow struct {
	seq, heads         int64
	root, prev, sealed []byte
	entry              string
	at                 time.Time
	tag                []byte
}

// A time that is none is read as one that has no tag.
const anchorColumns = `seq, heads, root, prev, sealed, entry_id::TEXT,
	CASE WHEN at > '1970-01-01' AND at < '9999-01-01' THEN at ELSE '1970-01-01' END, bound`

func (r *anchorRow) fields() []any {
	return []any{&r.seq, &r.heads, &r.root, &r.prev, &r.sealed, &r.entry, &r.at, &r.tag}
}

func (r *anchorRow) bind(k *bound.Key, org string) bound.Tag {
	return k.Tag("head_anchors", org, r.seq, r.heads, r.root, r.prev, r.sealed, r.entry, r.at)
}

// anchored is one head of an anchor.
type anchored struct {
	Room  string `json:"room"`
	Scope string `json:"scope"`
	Seq   int64  `json:"seq"`
}

// anchorContent is what an anchor has sealed.
type anchorContent struct {
	Opening []byte     `json:"opening"` // of the log entry
	Heads   []anchored `json:"heads"`
}

// anchorStatement is what the log entry commits to. It names nobody even when it is opened.
type anchorStatement struct {
	Version int    `json:"v"`
	Org     string `json:"org"`
	Seq     int64  `json:"seq"`
	Prev    string `json:"prev"` // base64 of the commitment before; empty for the first
	Root    string `json:"root"` // base64
	Heads   int64  `json:"heads"`
}

func (r *anchorRow) statement(org string) anchorStatement {
	encode := base64.StdEncoding.EncodeToString
	return anchorStatement{Version: 1, Org: org, Seq: r.seq, Prev: encode(r.prev), Root: encode(r.root), Heads: r.heads}
}

// open returns the heads of an anchor and what its log entry commits to.
func (r *anchorRow) open(k *bound.Key) (anchorContent, tlog.Hash, logbook.Opening, error) {
	plain, err := k.OpenAnchor(r.seq, r.sealed)
	if err != nil {
		return anchorContent{}, tlog.Hash{}, logbook.Opening{}, err
	}
	var c anchorContent
	if err := json.Unmarshal(plain, &c); err != nil {
		return anchorContent{}, tlog.Hash{}, logbook.Opening{}, fmt.Errorf("open anchor: %w", err)
	}
	opening, err := logbook.ParseOpening(c.Opening)
	return c, opening.Commitment(tlog.KindHead), opening, err
}

// anchorRoot is the Merkle root over the heads, which are sorted. Scopes are blinded: one who is shown the path of one
// head learns no other's.
func (db *DB) anchorRoot(heads []anchored) (tlog.Hash, error) {
	tree, err := tlog.NewBuilder(0, nil)
	if err != nil {
		return tlog.Hash{}, err
	}
	for _, h := range heads {
		blind := db.key.Tag("head scope", h.Room, h.Scope)
		leaf := logbook.Place(h.Room, hex.EncodeToString(blind[:]), strconv.FormatInt(h.Seq, 10))
		if err := tree.Add(leaf); err != nil {
			return tlog.Hash{}, err
		}
		tree.TakeFull()
	}
	return tree.Root()
}

var (
	queryLastAnchor = sql("last anchor", `
		SELECT `+anchorColumns+` FROM head_anchors WHERE org = $1 ORDER BY seq DESC LIMIT 1`)

	insertAnchor = sql("add an anchor", `
		INSERT INTO head_anchors (org, seq, heads, root, prev, sealed, entry_id, at, bound)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`)
)

// AnchorHeads puts the numbers of the heads that this process has moved since it last did into the organisation's log,
// unless an anchor is younger than every. A head below such a number is known to be old after any restart, as long as
// the log is the one that the ledger witnessed.
func (db *DB) AnchorHeads(
	ctx context.Context, org consortium.OrgID, book logbook.Book, at time.Time, every time.Duration,
) error {
	at = at.UTC().Truncate(time.Microsecond)
	heads := db.marks.moved(org)
	if len(heads) == 0 {
		return nil
	}
	written := false
	err := db.Tx(ctx, func(tx pgx.Tx) error {
		written = false
		next, err := db.nextAnchor(ctx, tx, org, at, every)
		if err != nil || next == nil {
			return err
		}
		entry, err := db.fillAnchor(next, org, book, heads)
		if err != nil {
			return err
		}
		tag := next.bind(db.key, string(org))
		_, err = tx.Exec(
			ctx, insertAnchor.text, org, next.seq, next.heads, next.root, next.prev, next.sealed, next.entry, next.at, tag[:],
		)
		if err != nil {
			return err
		}
		written = true
		return db.InsertEntries(ctx, tx, org, entry)
	})
	if err != nil {
		return fmt.Errorf("anchor heads: %w", err)
	}
	if written {
		db.marks.anchored(org, heads)
	}
	return nil
}

// nextAnchor begins the anchor after the last; nil while that is younger than every.
func (db *DB) nextAnchor(
	ctx context.Context, tx pgx.Tx, org consortium.OrgID, at time.Time, every time.Duration,
) (*anchorRow, error) {
	var last anchorRow
	err := tx.QueryRow(ctx, queryLastAnchor.text, org).Scan(last.fields()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return &anchorRow{seq: 1, prev: []byte{}, at: at}, nil
	}
	if err != nil {
		return nil, err
	}
	name := strconv.FormatInt(last.seq, 10)
	if tag := last.bind(db.key, string(org)); string(tag[:]) != string(last.tag) {
		return nil, db.refuse("head_anchors", name, CodeRowAltered)
	}
	if at.Sub(last.at) < every {
		return nil, nil
	}
	_, commitment, _, err := last.open(db.key)
	if err != nil {
		return nil, db.refuse("head_anchors", name, CodeRowAltered)
	}
	return &anchorRow{seq: last.seq + 1, prev: commitment[:], at: at}, nil
}

func (db *DB) fillAnchor(
	r *anchorRow, org consortium.OrgID, book logbook.Book, heads []anchored,
) (logbook.Entry, error) {
	root, err := db.anchorRoot(heads)
	if err != nil {
		return logbook.Entry{}, err
	}
	r.heads, r.root = int64(len(heads)), root[:]
	entry, opening, err := book.New(tlog.KindHead, r.at, r.statement(string(org)))
	if err != nil {
		return logbook.Entry{}, err
	}
	plain, err := json.Marshal(anchorContent{Opening: opening.Bytes(), Heads: heads})
	if err != nil {
		return logbook.Entry{}, err
	}
	r.entry = entry.ID
	r.sealed, err = db.key.SealAnchor(r.seq, plain)
	return entry, err
}

func sortHeads(heads []anchored) {
	slices.SortFunc(heads, func(a, b anchored) int {
		return cmp.Or(cmp.Compare(a.Room, b.Room), cmp.Compare(a.Scope, b.Scope))
	})
}
