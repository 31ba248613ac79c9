package fabrictest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	sumdb "golang.org/x/mod/sumdb/tlog"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
	"yilian.example/gateway/internal/fabric"
)

// Client is what the suite needs of a ledger client.
type Client interface {
	RegisterLog(ctx context.Context, args ledger.RegisterLog) (string, error)
	RotateLog(ctx context.Context, args ledger.RotateLog) (string, error)
	SubmitCheckpoint(ctx context.Context, note []byte, proof [][]byte) (string, error)
	Log(ctx context.Context, origin string) (ledger.LogState, error)
	Logs(ctx context.Context) ([]ledger.LogState, error)
	Attest(ctx context.Context, origin string) ([]byte, error)
	GrantConsent(ctx context.Context, grant ledger.Grant) (ledger.ConsentState, error)
	WithdrawConsent(ctx context.Context, withdrawal ledger.Withdrawal) (ledger.ConsentState, error)
	Consent(ctx context.Context, id string) (ledger.ConsentState, error)
	RegisterStaff(ctx context.Context, staff ledger.Staff) (ledger.StaffState, error)
	RetireStaff(ctx context.Context, staff ledger.Staff) (ledger.StaffState, error)
	ConsentEvents(ctx context.Context, fromBlock uint64) (<-chan fabric.ConsentEvent, error)
	Outcome(ctx context.Context, txID string) (bool, error)
	Ping(ctx context.Context) error
}

var _ Client = (*fabric.Ledger)(nil)

// Member is one member's client.
type Member struct {
	MSP    string
	Client Client
}

// Consortium is at least three members of one channel, and their root certificates in PEM by MSP.
type Consortium struct {
	Members []Member
	Roots   map[string][]byte
	// Domain is set where the members' gateways are running: the domain under which their logs are registered. A member
	// has one log on a ledger, so the suite then makes none of its own, and asks about theirs.
	Domain string
}

// Run checks that a ledger behaves as the gateway relies on. On a running consortium it may run again; on a ledger of
// its own it leaves one log of each member, so it needs a new one each time. It leaves its consents there.
func Run(t *testing.T, c Consortium) {
	t.Run("Ping", func(t *testing.T) {
		for _, m := range c.Members {
			if err := m.Client.Ping(t.Context()); err != nil {
				t.Errorf("%s: %v", m.MSP, err)
			}
		}
	})
	if c.Domain != "" {
		t.Run("RunningWitness", func(t *testing.T) { runRunningWitness(t, c) })
	} else {
		t.Run("Witness", func(t *testing.T) { runWitness(t, c) })
		t.Run("Rotate", func(t *testing.T) { runRotate(t, c) })
		t.Run("Attest", func(t *testing.T) { runAttest(t, c) })
	}
	t.Run("Consent", func(t *testing.T) { runConsent(t, c) })
	t.Run("Assisted", func(t *testing.T) { runAssisted(t, c) })
	t.Run("Events", func(t *testing.T) { runEvents(t, c) })
	t.Run("Race", func(t *testing.T) { runRace(t, c) })
}

// testLog is a growing log with its key.
type testLog struct {
	origin string
	signer note.Signer
	key    string
	hashes map[int64]tlog.Hash
	size   int64
}

func newTestLog(t *testing.T, msp string) *testLog {
	t.Helper()
	return namedTestLog(t, msp+".yilian.example/log")
}

func namedTestLog(t *testing.T, origin string) *testLog {
	t.Helper()
	l := &testLog{origin: origin, hashes: map[int64]tlog.Hash{}}
	l.newKey(t)
	return l
}

func (l *testLog) newKey(t *testing.T) {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, l.origin)
	if err != nil {
		t.Fatal(err)
	}
	l.signer, err = note.NewSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	l.key = public
}

// ReadHashes serves the log's hashes to the proof maths.
func (l *testLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		h, ok := l.hashes[index]
		if !ok {
			return nil, errors.New("no such hash")
		}
		found[i] = h
	}
	return found, nil
}

func (l *testLog) grow(t *testing.T, by int64) {
	t.Helper()
	for range by {
		stored, err := sumdb.StoredHashes(l.size, []byte(random(16)), l)
		if err != nil {
			t.Fatal(err)
		}
		first := sumdb.StoredHashIndex(0, l.size)
		for i, h := range stored {
			l.hashes[first+int64(i)] = h
		}
		l.size++
	}
}

func (l *testLog) checkpoint(t *testing.T, size int64) []byte {
	t.Helper()
	root, err := sumdb.TreeHash(size, l)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := tlog.SignCheckpoint(tlog.Checkpoint{Origin: l.origin, Size: size, Root: root}, l.signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func (l *testLog) proof(t *testing.T, newer, older int64) [][]byte {
	t.Helper()
	if older == 0 {
		return nil
	}
	hashes, err := sumdb.ProveTree(newer, older, l)
	if err != nil {
		t.Fatal(err)
	}
	raw := make([][]byte, len(hashes))
	for i, h := range hashes {
		raw[i] = h[:]
	}
	return raw
}

func (l *testLog) register(t *testing.T, client Client) {
	t.Helper()
	if _, err := client.RegisterLog(t.Context(), l.registration(t)); err != nil {
		t.Fatalf("register: %v", err)
	}
}

func (l *testLog) registration(t *testing.T) ledger.RegisterLog {
	t.Helper()
	return ledger.RegisterLog{Origin: l.origin, Key: l.key, Note: l.checkpoint(t, 0)}
}

// RegisterTestLog registers a member's log, and returns its origin.
func RegisterTestLog(t *testing.T, client Client, msp string) string {
	t.Helper()
	l := newTestLog(t, msp)
	l.register(t, client)
	return l.origin
}

// patient is a consent's key and what it signs.
type patient struct {
	key        *ecdsa.PrivateKey
	grant      ledger.Grant
	withdrawal ledger.Withdrawal
}

func newPatient(t *testing.T) patient {
	t.Helper()
	key, spki := newKey(t)
	id := ledger.ConsentID(spki)
	commitment := sha256.Sum256([]byte(random(32)))
	until := time.Now().Add(24 * time.Hour).Unix()
	return patient{
		key: key,
		grant: ledger.Grant{
			ID: id, PublicKey: spki, Commitment: commitment[:], Until: until, Mode: ledger.ModeSelf,
			Signature: sign(t, key, ledger.GrantMessage(id, commitment, until)),
		},
		withdrawal: ledger.Withdrawal{ID: id, Signature: sign(t, key, ledger.WithdrawalMessage(id))},
	}
}

func newKey(t *testing.T) (*ecdsa.PrivateKey, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return key, spki
}

// sign signs as WebCrypto does: ECDSA-SHA256, r||s.
func sign(t *testing.T, key *ecdsa.PrivateKey, message []byte) []byte {
	t.Helper()
	digest := sha256.Sum256(message)
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature
}

func random(n int) string {
	raw := make([]byte, n)
	_, _ = rand.Read(raw) // never fails
	return hex.EncodeToString(raw)
}

// wantRefusal checks that a call was rejected with a code, and classified.
func wantRefusal(t *testing.T, err error, code ledger.Code, kind fault.Kind) {
	t.Helper()
	if !errors.Is(err, fabric.ErrRejected) || fabric.CodeOf(err) != code || fault.KindOf(err) != kind {
		t.Errorf(
			"got %v (code %q, kind %d), want rejection with %s and kind %d", err, fabric.CodeOf(err), fault.KindOf(err), code,
			kind,
		)
	}
}
