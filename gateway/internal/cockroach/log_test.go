package cockroach_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"yilian.example/exchange/anchor/anchortest"
	"yilian.example/exchange/consortium"
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
	return b.db.Tx(ctx, func(tx pgx.Tx) error { return cockroach.InsertEntry(ctx, tx, b.org, id, leaf, created) })
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
	for name, e := range map[string]cockroach.LogEntry{
		"not a leaf": {ID: uuid.NewString(), Leaf: []byte(`{"name":"Zhang"}`)},
		"no leaf":    {ID: uuid.NewString()},
		"not a UUID": {ID: "1", Leaf: good},
	} {
		err := db.Tx(t.Context(), func(tx pgx.Tx) error {
			return cockroach.InsertEntries(t.Context(), tx, "donghu", []cockroach.LogEntry{{ID: uuid.NewString(), Leaf: good}, e}, time.Now())
		})
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if backlog, err := db.Log("donghu").Backlog(t.Context()); err != nil || backlog.Pending != 0 {
		t.Errorf("%d entries were kept of refused transactions, %v", backlog.Pending, err)
	}
}
