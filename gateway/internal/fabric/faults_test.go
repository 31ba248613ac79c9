package fabric_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/fabric"
	"yilian.example/gateway/internal/fabric/fabrictest"
)

// errInsufficient is what Fabric says under BFT ordering also about transactions that commit.
var errInsufficient = status.Error(
	codes.Unavailable,
	"insufficient number of orderers could successfully process transaction to satisfy quorum requirement",
)

func newStaff(t *testing.T) ledger.Staff {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Staff{ID: ledger.StaffID(spki), PublicKey: spki}
}

type consent struct {
	grant      ledger.Grant
	withdrawal ledger.Withdrawal
}

func newConsent(t *testing.T) consent {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	sign := func(message []byte) []byte {
		digest := sha256.Sum256(message)
		r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	}
	id := ledger.ConsentID(spki)
	until := time.Now().Add(time.Hour).Unix()
	commitment := sha256.Sum256(spki)
	return consent{
		grant: ledger.Grant{
			ID: id, PublicKey: spki, Commitment: commitment[:], Until: until, Mode: ledger.ModeSelf,
			Signature: sign(ledger.GrantMessage(id, commitment, until)),
		},
		withdrawal: ledger.Withdrawal{ID: id, Signature: sign(ledger.WithdrawalMessage(id))},
	}
}

func TestPeersFail(t *testing.T) {
	tests := []struct {
		name string
		fail func(n *fabrictest.Network)
	}{
		{"own peer is down", func(n *fabrictest.Network) { n.Stop("donghu") }},
		{"own peer's chaincode is dead", func(n *fabrictest.Network) { n.Silence("donghu", true) }},
		{"another peer is down", func(n *fabrictest.Network) { n.Stop("anhe") }},
		{"another peer's chaincode is dead", func(n *fabrictest.Network) { n.Silence("anhe", true) }},
		{"own peer hangs", func(n *fabrictest.Network) { n.Hang("donghu") }},
		{"another peer hangs", func(n *fabrictest.Network) { n.Hang("qingshan") }},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			n := fabrictest.New(t)
			ledger := n.Open("donghu")
			tc.fail(n)
			state, err := ledger.RegisterStaff(t.Context(), newStaff(t))
			if err != nil || state.MSP != "donghu" {
				t.Errorf("write: %+v, %v", state, err)
			}
			if err := ledger.Ping(t.Context()); err != nil {
				t.Errorf("read: %v", err)
			}
		})
	}
}

func TestNotSubmittedWithoutQuorum(t *testing.T) {
	n := fabrictest.New(t)
	ledger := n.Open("donghu")
	n.Stop("anhe")
	n.Silence("weijian", true)
	staff := newStaff(t)
	_, err := ledger.RegisterStaff(t.Context(), staff)
	if !errors.Is(err, fabric.ErrNotSubmitted) || !fault.Is(err, fault.Unavailable) || errors.Is(err, fabric.ErrUnknown) {
		t.Fatalf("got %v, want not submitted", err)
	}
	n.Start("anhe")
	if _, err := ledger.RegisterStaff(t.Context(), staff); err != nil {
		t.Errorf("with the peer back: %v", err)
	}
}

func TestAllPeersDown(t *testing.T) {
	n := fabrictest.New(t)
	ledger := n.Open("donghu")
	for _, m := range []string{"donghu", "qingshan", "anhe", "weijian"} {
		n.Stop(m)
	}
	if err := ledger.Ping(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("ping: got %v, want unavailable", err)
	}
	if _, err := ledger.RegisterStaff(t.Context(), newStaff(t)); !errors.Is(err, fabric.ErrNotSubmitted) {
		t.Errorf("write: got %v, want not submitted", err)
	}
}

// TestOrderedThoughRefused is the trap of BFT ordering: the error comes, and the transaction commits. It must be found,
// and submitted once.
func TestOrderedThoughRefused(t *testing.T) {
	n := fabrictest.New(t)
	ledger := n.Open("donghu")
	var submissions atomic.Int32
	n.OnSubmit(func() (bool, error) {
		submissions.Add(1)
		return true, errInsufficient
	})
	state, err := ledger.RegisterStaff(t.Context(), newStaff(t))
	if err != nil || state.MSP != "donghu" {
		t.Errorf("got %+v, %v", state, err)
	}
	if got := submissions.Load(); got != 1 {
		t.Errorf("submitted %d times", got)
	}
}

func TestUnknownOutcome(t *testing.T) {
	n := fabrictest.New(t)
	ledger := n.Open("donghu")
	n.OnSubmit(func() (bool, error) { return false, errInsufficient })
	staff := newStaff(t)
	_, err := ledger.RegisterStaff(t.Context(), staff)
	var failure *fabric.WriteError
	if !errors.As(err, &failure) || !errors.Is(err, fabric.ErrUnknown) || failure.TxID == "" ||
		!fault.Is(err, fault.Unavailable) {
		t.Fatalf("got %v, want an unknown outcome with the transaction's id", err)
	}
	if _, err := ledger.Outcome(t.Context(), failure.TxID); !errors.Is(err, fabric.ErrUnknown) {
		t.Errorf("look up while it is nowhere: %v", err)
	}
	n.OrderLate(failure.TxID)
	if committed, err := ledger.Outcome(t.Context(), failure.TxID); err != nil || !committed {
		t.Errorf("look up once it is in a block: %v, %v", committed, err)
	}
	n.OnSubmit(nil)
	if _, err := ledger.RegisterStaff(t.Context(), staff); err != nil {
		t.Errorf("repeat: %v", err)
	}
}

// TestPeerDiesAfterSubmit: the transaction's fate is asked of another peer.
func TestPeerDiesAfterSubmit(t *testing.T) {
	n := fabrictest.New(t)
	ledger := n.Open("donghu")
	n.OnSubmit(func() (bool, error) {
		go n.Stop("donghu")
		time.Sleep(20 * time.Millisecond)
		return true, nil
	})
	state, err := ledger.RegisterStaff(t.Context(), newStaff(t))
	if err != nil || state.MSP != "donghu" {
		t.Errorf("got %+v, %v", state, err)
	}
}

// TestPeerHangsAfterSubmit: the next peer is asked while the first still owes its answer.
func TestPeerHangsAfterSubmit(t *testing.T) {
	n := fabrictest.New(t)
	ledger := n.Open("donghu")
	n.OnSubmit(func() (bool, error) {
		n.Hang("donghu")
		return true, nil
	})
	state, err := ledger.RegisterStaff(t.Context(), newStaff(t))
	if err != nil || state.MSP != "donghu" {
		t.Errorf("got %+v, %v", state, err)
	}
}

// TestConflictIsRetried has another member's withdrawal come in between endorsement and ordering.
func TestConflictIsRetried(t *testing.T) {
	n := fabrictest.New(t)
	first, second := n.Open("donghu"), n.Open("qingshan")
	c := newConsent(t)
	if _, err := first.GrantConsent(t.Context(), c.grant); err != nil {
		t.Fatal(err)
	}
	var between ledger.ConsentState
	var submissions atomic.Int32
	n.OnSubmit(func() (bool, error) {
		if submissions.Add(1) == 1 {
			state, err := second.WithdrawConsent(context.WithoutCancel(t.Context()), c.withdrawal)
			if err != nil {
				t.Errorf("withdrawal in between: %v", err)
			}
			between = state
		}
		return true, nil
	})
	state, err := first.WithdrawConsent(t.Context(), c.withdrawal)
	if err != nil || state.WithdrawTx != between.WithdrawTx || between.WithdrawTx == "" {
		t.Errorf("got %+v, %v; want the withdrawal that came first, %s", state, err, between.WithdrawTx)
	}
	if got := submissions.Load(); got != 3 {
		t.Errorf("%d submissions, want the refused one, the one in between, and one more", got)
	}
}

func TestCancelled(t *testing.T) {
	n := fabrictest.New(t)
	ledger := n.Open("donghu")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ledger.RegisterStaff(ctx, newStaff(t)); !errors.Is(err, fabric.ErrNotSubmitted) ||
		!errors.Is(err, context.Canceled) {
		t.Errorf("write: %v", err)
	}
	if err := ledger.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
}

func TestAttestWithoutSome(t *testing.T) {
	tests := []struct {
		name string
		fail func(n *fabrictest.Network)
		want []string // nil: refused
	}{
		{"all there", func(*fabrictest.Network) {}, []string{"anhe", "donghu", "qingshan", "weijian"}},
		{"one down", func(n *fabrictest.Network) { n.Stop("anhe") }, []string{"donghu", "qingshan", "weijian"}},
		{
			"one without chaincode",
			func(n *fabrictest.Network) { n.Silence("anhe", true) },
			[]string{"donghu", "qingshan", "weijian"},
		},
		{
			"own without chaincode",
			func(n *fabrictest.Network) { n.Silence("donghu", true) },
			[]string{"anhe", "qingshan", "weijian"},
		},
		{"one hangs", func(n *fabrictest.Network) { n.Hang("anhe") }, []string{"donghu", "qingshan", "weijian"}},
		{"own hangs", func(n *fabrictest.Network) { n.Hang("donghu") }, []string{"anhe", "qingshan", "weijian"}},
		{"two hang", func(n *fabrictest.Network) { n.Hang("donghu"); n.Hang("anhe") }, nil},
		{"two down", func(n *fabrictest.Network) { n.Stop("anhe"); n.Stop("weijian") }, nil},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			n := fabrictest.New(t)
			ledger := n.Open("donghu")
			origin := fabrictest.RegisterTestLog(t, ledger, "donghu")
			tc.fail(n)
			raw, err := ledger.Attest(t.Context(), origin)
			if tc.want == nil {
				if !fault.Is(err, fault.Unavailable) {
					t.Errorf("got %v, want unavailable", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			roots := map[string][]byte{}
			for _, m := range []string{"anhe", "donghu", "qingshan", "weijian"} {
				roots[m] = n.Root(m)
			}
			_, members, err := fabrictest.VerifySignedRead(raw, roots)
			slices.Sort(members)
			if err != nil || !slices.Equal(members, tc.want) {
				t.Errorf("signed by %v, %v; want %v", members, err, tc.want)
			}
		})
	}
}

// TestEventsSurviveAPeer: the stream goes on at another peer, without a gap or a repetition.
func TestEventsSurviveAPeer(t *testing.T) {
	n := fabrictest.New(t)
	listener, writer := n.Open("donghu"), n.Open("qingshan")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	events, err := listener.ConsentEvents(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for i := range 6 {
		c := newConsent(t)
		if _, err := writer.GrantConsent(t.Context(), c.grant); err != nil {
			t.Fatal(err)
		}
		want = append(want, c.grant.ID)
		if i == 2 {
			got = append(got, (<-events).ID)
			n.Stop("donghu")
		}
	}
	for len(got) < len(want) {
		event, open := <-events
		if !open {
			t.Fatalf("the stream ended after %d of %d events", len(got), len(want))
		}
		got = append(got, event.ID)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	cancel()
	for range events { // closes
	}
}

func TestDialRefusesBadSettings(t *testing.T) {
	n := fabrictest.New(t)
	garbage := filepath.Join(t.TempDir(), "garbage.pem")
	if err := os.WriteFile(garbage, []byte("SECRET"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(c *config.Ledger)
		want   string
	}{
		{"certificate is absent", func(c *config.Ledger) { c.Cert += ".absent" }, "read ledger certificate"},
		{"certificate is garbage", func(c *config.Ledger) { c.Cert = garbage }, "parse ledger certificate"},
		{"key is absent", func(c *config.Ledger) { c.Key += ".absent" }, "read ledger key"},
		{"key is garbage", func(c *config.Ledger) { c.Key = garbage }, "parse ledger key"},
		{"TLS root is garbage", func(c *config.Ledger) { c.Peers[1].TLSCA = garbage }, "read TLS root"},
		{"no peers", func(c *config.Ledger) { c.Peers = nil }, "no peers"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			cfg := n.Config("donghu")
			tc.change(&cfg)
			_, err := fabric.Dial(t.Context(), cfg, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "SECRET") {
				t.Errorf("got %v, want something about %q", err, tc.want)
			}
		})
	}
}

// TestStranger: a client whose certificate another root issued is refused by the peers, and is told so without leaking
// anything.
func TestStranger(t *testing.T) {
	n, foreign := fabrictest.New(t), fabrictest.New(t)
	cfg := n.Config("donghu")
	cfg.Cert, cfg.Key = foreign.Config("donghu").Cert, foreign.Config("donghu").Key
	ledger, err := fabric.Dial(t.Context(), cfg, slog.New(slog.DiscardHandler), fabric.WithTimeouts(fabrictest.Timeouts()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ledger.Close() })
	if err := ledger.Ping(t.Context()); !fault.Is(err, fault.Unavailable) {
		t.Errorf("read: got %v", err)
	}
	if _, err := ledger.RegisterStaff(t.Context(), newStaff(t)); !errors.Is(err, fabric.ErrNotSubmitted) {
		t.Errorf("write: got %v", err)
	}
}

// TestLyingPeerIsNotBelieved: a withdrawal that the patient did not sign is an error, not an answer.
func TestLyingPeerIsNotBelieved(t *testing.T) {
	n := fabrictest.New(t)
	ledger := n.Open("donghu")
	c := newConsent(t)
	if _, err := ledger.GrantConsent(t.Context(), c.grant); err != nil {
		t.Fatal(err)
	}
	n.OnAnswer(func(answer []byte) []byte {
		return bytes.Replace(answer, []byte(`"status":"granted"`), []byte(`"status":"withdrawn"`), 1)
	})
	if state, err := ledger.Consent(t.Context(), c.grant.ID); err == nil {
		t.Errorf("believed %+v", state)
	}
	n.OnAnswer(func(answer []byte) []byte { return answer })
	if state, err := ledger.Consent(t.Context(), c.grant.ID); err != nil || !state.Active(time.Now()) {
		t.Errorf("the truth: %+v, %v", state, err)
	}
}
