package contract_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"

	"yilian.example/chaincode/contract"
	"yilian.example/chaincode/ledger"
	"yilian.example/chaincode/stubtest"
)

// start is the time of the tests' first transaction.
var start = time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)

// world is a ledger with three endorsers, whose clocks differ as real ones do, and one gateway of each of two members.
type world struct {
	tb       testing.TB
	ledger   *stubtest.Ledger
	now      time.Time // the client's clock; the endorsers' are a little off
	next     atomic.Int64
	creators map[string][]byte
}

// creators are made once: certificates cost time, and tests do not change them.
var creators = makeCreators()

func makeCreators() map[string][]byte {
	gateway := map[string]string{ledger.Attribute: ledger.RoleGateway}
	made := map[string][]byte{}
	for name, who := range map[string]struct {
		msp        string
		attributes map[string]string
	}{
		"donghu": {"donghu", gateway}, "qingshan": {"qingshan", gateway},
		"donghu auditor": {"donghu", map[string]string{ledger.Attribute: "auditor"}},
		"donghu nobody":  {"donghu", nil},
		"no member":      {"", gateway},
	} {
		creator, err := stubtest.NewCreator(who.msp, who.attributes)
		if err != nil {
			panic(err) // no test can run without
		}
		made[name] = creator
	}
	made["no certificate"], _ = (&stubtest.Identity{MSP: "donghu", Cert: []byte("not PEM")}).Serialized()
	made["garbage"] = []byte{0xff, 0xff}
	made["nothing"] = nil
	return made
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{tb: tb, now: start, creators: creators}
	clock := func(off time.Duration) func() time.Time { return func() time.Time { return w.now.Add(off) } }
	first, err := contract.New(clock(0))
	w.must(err)
	second, err := contract.New(clock(40 * time.Second))
	w.must(err)
	third, err := contract.New(clock(-90 * time.Second))
	w.must(err)
	w.ledger = stubtest.New("yilian", first, second, third)
	return w
}

func (w *world) must(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

func (w *world) proposal(who, function string, argument any) stubtest.Proposal {
	w.tb.Helper()
	raw, isRaw := argument.(string)
	if !isRaw {
		marshalled, err := json.Marshal(argument)
		w.must(err)
		raw = string(marshalled)
	}
	return stubtest.Proposal{
		TxID: fmt.Sprintf(
			"tx%d", w.next.Add(1),
		), Creator: w.creators[who], Time: w.now, Function: function, Args: []string{raw},
	}
}

func (w *world) propose(who, function string, argument any) (*stubtest.Endorsed, error) {
	w.tb.Helper()
	return w.ledger.Propose(w.proposal(who, function, argument))
}

// invoke proposes and commits, and wants both to succeed. It gives the number of keys written.
func (w *world) invoke(who, function string, argument, into any) int {
	w.tb.Helper()
	endorsed, err := w.propose(who, function, argument)
	if err != nil {
		w.tb.Fatalf("%s: %v", function, err)
	}
	block := w.ledger.Commit(endorsed)
	if block.Code != peer.TxValidationCode_VALID {
		w.tb.Fatalf("%s: %v", function, block.Code)
	}
	if into != nil {
		w.must(json.Unmarshal(endorsed.Payload, into))
	}
	return endorsed.Writes()
}

// refused proposes and wants a refusal with a code.
func (w *world) refused(who, function string, argument any, want ledger.Code) {
	w.tb.Helper()
	_, err := w.propose(who, function, argument)
	if got := codeOf(err); got != want {
		w.tb.Errorf("%s: got %v, want %s", function, err, want)
	}
}

func codeOf(err error) ledger.Code {
	var r *stubtest.Refused
	if !errors.As(err, &r) {
		return ""
	}
	refusal, found := ledger.FindRefusal(r.Message)
	if !found {
		return ""
	}
	return refusal.Code
}

// key is a P-256 key with what is derived from it.
type key struct {
	private *ecdsa.PrivateKey
	spki    []byte
	id      string
}

func newKey(tb testing.TB) key {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		tb.Fatal(err)
	}
	return key{private: private, spki: spki, id: ledger.ConsentID(spki)}
}

// sign returns r||s, as a browser does.
func (k key) sign(message []byte) []byte {
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, k.private, digest[:])
	if err != nil {
		panic(err) // only with a broken source of randomness
	}
	return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

// grant makes a patient's own grant until a time.
func (k key) grant(commitment [32]byte, until time.Time) ledger.Grant {
	return ledger.Grant{
		ID: k.id, PublicKey: k.spki, Commitment: commitment[:], Until: until.Unix(), Mode: ledger.ModeSelf,
		Signature: k.sign(ledger.GrantMessage(k.id, commitment, until.Unix())),
	}
}

func (k key) withdrawal() ledger.Withdrawal {
	return ledger.Withdrawal{ID: k.id, Signature: k.sign(ledger.WithdrawalMessage(k.id))}
}
