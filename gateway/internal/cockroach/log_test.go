package cockroach_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"yilian.example/exchange/anchor"
	"yilian.example/exchange/anchor/anchortest"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/logbook"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/cockroach/cockroachtest"
)

// logBackend adds to a stored log what the conformance suite writes with.
type logBackend struct {
	*cockroach.Log
	db  *cockroach.DB
	org consortium.OrgID
}

func (b logBackend) Insert(ctx context.Context, id string, leaf []byte, created time.Time) error {
	return b.db.Tx(ctx, func(tx pgx.Tx) error {
		return b.db.InsertEntries(ctx, tx, b.org, logbook.Entry{ID: id, Leaf: leaf, At: created})
	})
}

func TestLogConformance(t *testing.T) {
	db := cockroachtest.New(t)
	n := 0
	// All logs share one database, as the members do: none may see another's entries.
	anchortest.Conformance(t, func(*testing.T) anchortest.Backend {
		n++
		org := consortium.OrgID(fmt.Sprintf("org%d", n))
		return logBackend{db.Log(org), db, org}
	})
}

func TestInsertEntriesRefuses(t *testing.T) {
	db := cockroachtest.New(t)
	good := tlog.NewLeaf(tlog.KindRecord, time.Now(), tlog.Hash{})
	for name, e := range map[string]logbook.Entry{
		"not a leaf": {ID: uuid.NewString(), Leaf: []byte(`{"name":"Zhang"}`)},
		"no leaf":    {ID: uuid.NewString()},
		"not a UUID": {ID: "1", Leaf: good},
	} {
		err := db.Tx(t.Context(), func(tx pgx.Tx) error {
			return db.InsertEntries(t.Context(), tx, "donghu", logbook.Entry{ID: uuid.NewString(), Leaf: good}, e)
		})
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if backlog, err := db.Log("donghu").Backlog(t.Context()); err != nil || backlog.Pending != 0 {
		t.Errorf("%d entries were kept of refused transactions, %v", backlog.Pending, err)
	}
}

// dbFetcher returns a stored log to a foreign checker, tile by tile.
type dbFetcher struct {
	*cockroach.Log
}

func (f dbFetcher) ReadCheckpoint(ctx context.Context) ([]byte, error) {
	head, err := f.Head(ctx)
	return head.Published, err
}

func (f dbFetcher) ReadTile(ctx context.Context, level, index uint64, width uint8) ([]byte, error) {
	return f.one(ctx, tlog.Tile{Level: int(level), N: int64(index), Width: int(width)})
}

func (f dbFetcher) ReadEntryBundle(ctx context.Context, index uint64, width uint8) ([]byte, error) {
	return f.one(ctx, tlog.Tile{Level: tlog.EntriesLevel, N: int64(index), Width: int(width)})
}

// one reads a tile; Tessera's width 0 means a full one.
func (f dbFetcher) one(ctx context.Context, t tlog.Tile) ([]byte, error) {
	if t.Width == 0 {
		t.Width = tlog.TileWidth
	}
	data, err := f.Tiles(ctx, []tlog.Tile{t})
	if err != nil {
		return nil, err
	}
	return data[0], nil
}

// fsckLog lets Tessera recompute a stored log.
func fsckLog(ctx context.Context, log *cockroach.Log, origin, vkey string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	verifier, err := note.NewVerifier(vkey)
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
	failed := make(chan error, 1)
	go func() {
		failed <- fsck.New(origin, verifier, dbFetcher{log}, hasher, fsck.Opts{N: 4}).Check(ctx)
	}()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done(): // it may hang on a mismatch
		return ctx.Err()
	}
}

// Writers and a sequencer work on one log at once, two sequencers compete for it, and a foreign checker accepts what
// comes out and refuses it after a change in the database.
func TestLogUnderLoad(t *testing.T) {
	const (
		origin  = "donghu.yilian.example/log"
		writers = 4
		txs     = 30
		perTx   = 10
		entries = writers * txs * perTx
	)
	db := cockroachtest.New(t)
	log := db.Log("donghu")
	skey, vkey, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tlog.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	witness := anchortest.NewWitness()
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	for _, holder := range []string{"one", "two"} {
		s, err := anchor.New(log, witness, anchor.Config{
			Origin: origin, Signer: signer, VerifierKey: vkey, Holder: holder, Interval: 5 * time.Millisecond, BatchMax: 128,
		})
		if err != nil {
			t.Fatal(err)
		}
		running.Go(func() { s.Run(ctx) })
	}
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range txs {
				var batch []logbook.Entry
				for j := range perTx {
					leaf := tlog.NewLeaf(tlog.KindRecord, time.Now(), tlog.Commit("record", [32]byte{byte(w), byte(i), byte(j)}, nil))
					batch = append(batch, logbook.Entry{ID: uuid.NewString(), Leaf: leaf, At: time.Now()})
				}
				err := db.Tx(ctx, func(tx pgx.Tx) error { return db.InsertEntries(ctx, tx, "donghu", batch...) })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	awaitLog(t, log, entries)

	if err := fsckLog(t.Context(), log, origin, vkey); err != nil {
		t.Fatalf("a foreign checker refuses our log: %v", err)
	}
	seen := map[string]bool{}
	read := func(tiles []tlog.Tile) ([][]byte, error) { return log.Tiles(t.Context(), tiles) }
	note := func(entry []byte) error {
		seen[string(entry)] = true
		return nil
	}
	if _, err := tlog.Audit(tlog.Checkpoint{Root: tlog.EmptyRoot()}, entries, read, note); err != nil {
		t.Error(err)
	}
	if len(seen) != entries {
		t.Errorf("%d different entries stand in the log, want %d", len(seen), entries)
	}

	stop()
	running.Wait()
	for name, change := range map[string]string{
		"leaf": `UPDATE log_tiles SET data = overlay(data placing '\x58'::BYTEA from 40) WHERE org = 'donghu' AND level = -1 AND n = 1`,
		"hash": `UPDATE log_tiles SET data = overlay(data placing '\x5858'::BYTEA from 40) WHERE org = 'donghu' AND level = 1 AND n = 0`,
	} {
		keep(t, db, func() {
			done, err := db.Pool().Exec(t.Context(), change)
			if err != nil || done.RowsAffected() != 1 {
				t.Fatalf("%s: %v, %v", name, done, err)
			}
			if err := fsckLog(t.Context(), log, origin, vkey); err == nil {
				t.Errorf("a foreign checker does not see a changed %s", name)
			}
			if _, err := tlog.Audit(tlog.Checkpoint{Root: tlog.EmptyRoot()}, entries, read, nil); err == nil {
				t.Errorf("the audit does not see a changed %s", name)
			}
		})
	}
	if err := fsckLog(t.Context(), log, origin, vkey); err != nil {
		t.Errorf("a foreign checker refuses the log once mended: %v", err)
	}
}

// keep restores the tiles after fn has changed them.
func keep(t *testing.T, db *cockroach.DB, fn func()) {
	t.Helper()
	for _, statement := range []string{
		`DROP TABLE IF EXISTS tiles_before`, `CREATE TABLE tiles_before AS SELECT org, level, n, width, data FROM log_tiles`,
	} {
		if _, err := db.Pool().Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	fn()
	for _, statement := range []string{
		`DELETE FROM log_tiles WHERE true`,
		`INSERT INTO log_tiles (org, level, n, width, data) SELECT org, level, n, width, data FROM tiles_before`,
	} {
		if _, err := db.Pool().Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func awaitLog(t *testing.T, log *cockroach.Log, size int64) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for time.Now().Before(deadline) {
		st, err := anchor.ReadStatus(t.Context(), log, "donghu")
		if err != nil {
			t.Fatal(err)
		}
		if st.Published == size {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	st, err := anchor.ReadStatus(t.Context(), log, "donghu")
	t.Fatalf("log does not get on: %+v, %v", st, err)
}
