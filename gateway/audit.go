package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/anchor"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/api"
	"yilian.example/gateway/internal/cockroach"
	"yilian.example/gateway/internal/fabric"
	"yilian.example/gateway/internal/web/auditor"
)

// What the auditor's page says of a log that is not as it should be.
const (
	problemUnreachable  = "UNREACHABLE"
	problemUnregistered = "UNREGISTERED"
	problemDisagrees    = "DISAGREES"
	problemBehind       = "BEHIND"
)

// audit compares what each member's public log says with what the ledger holds.
type audit struct {
	org     consortium.OrgID
	domain  string
	members []config.Member
	ledger  *fabric.Ledger
	db      *cockroach.DB
	client  *http.Client
	now     func() time.Time
}

func newAudit(a *app) *audit {
	return &audit{
		org: a.org, domain: a.cfg.Domain, members: a.cfg.Members, ledger: a.ledger, db: a.db,
		client: &http.Client{Timeout: 3 * time.Second}, now: a.now,
	}
}

// Logs asks all members at once.
func (a *audit) Logs(ctx context.Context) ([]auditor.LogState, error) {
	onLedger, err := a.ledger.Logs(ctx)
	if err != nil {
		return nil, err
	}
	byOrigin := make(map[string]ledger.LogState, len(onLedger))
	for _, state := range onLedger {
		byOrigin[state.Origin] = state
	}
	out := make([]auditor.LogState, len(a.members))
	var wg sync.WaitGroup
	for i, m := range a.members {
		origin := consortium.LogOrigin(consortium.OrgID(m.ID), a.domain)
		state, registered := byOrigin[origin]
		wg.Go(func() { out[i] = a.one(ctx, m, origin, state, registered) })
	}
	wg.Wait()
	return out, nil
}

// memberLogs is Logs for programs.
func (a *audit) memberLogs(ctx context.Context) ([]api.MemberLog, error) {
	logs, err := a.Logs(ctx)
	out := make([]api.MemberLog, len(logs))
	for i, l := range logs {
		out[i] = api.MemberLog{
			Org: l.Org, Origin: l.Origin, Published: l.Published, Witnessed: l.Witnessed, WitnessedAt: l.WitnessedAt, Root: l.Root, KeyHash: l.KeyHash,
			Pending: l.Pending, LagSeconds: l.Lag.Seconds(), Problem: l.Problem,
		}
	}
	return out, err
}

func (a *audit) one(
	ctx context.Context, m config.Member, origin string, state ledger.LogState, registered bool,
) auditor.LogState {
	s := auditor.LogState{Org: consortium.OrgID(m.ID), Origin: origin, Pending: -1}
	a.addWaiting(ctx, &s)
	if !registered {
		s.Problem = problemUnregistered
		return s
	}
	key := sha256.Sum256([]byte(state.Key))
	s.Witnessed, s.WitnessedAt, s.Root, s.KeyHash = state.Size, state.Time, base64.StdEncoding.EncodeToString(
		state.Root,
	), hex.EncodeToString(
		key[:8],
	)
	served, err := a.checkpoint(ctx, m.PublicURL)
	if err != nil {
		s.Problem = problemUnreachable
		return s
	}
	c, err := tlog.OpenCheckpoint(served, state.Key)
	switch {
	case err != nil || c.Origin != origin || c.Size == state.Size && !bytes.Equal(c.Root[:], state.Root):
		s.Problem = problemDisagrees
	case c.Size < state.Size && a.now().Sub(state.Time) > time.Minute:
		s.Problem = problemBehind
	}
	if err == nil {
		s.Published = c.Size
	}
	return s
}

// checkpoint fetches what a member serves to everybody.
func (a *audit) checkpoint(ctx context.Context, publicURL string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, publicURL+"/log/checkpoint", nil)
	if err != nil {
		return nil, err
	}
	res, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("checkpoint: status %d", res.StatusCode)
	}
	return io.ReadAll(io.LimitReader(res.Body, 1<<16))
}

// addWaiting adds what waits to be witnessed at this member itself: another member's database is its own, and what waits
// there is not known here. Sizes and roots above are what the ledger vouches for, of all members.
func (a *audit) addWaiting(ctx context.Context, s *auditor.LogState) {
	if s.Org != a.org {
		return
	}
	st, err := anchor.ReadStatus(ctx, a.db.Log(s.Org), s.Origin)
	if err != nil {
		return
	}
	s.Pending, s.Lag, s.PublishedAt = st.Pending, st.Lag(a.now()), st.WitnessedAt
}
