package contract_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hyperledger/fabric-protos-go-apiv2/peer"
	"golang.org/x/mod/sumdb/note"
	sumdb "golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/tlog"
)

// testLog is a tree in memory with its key.
type testLog struct {
	tb     testing.TB
	origin string
	signer note.Signer
	key    string
	hashes []tlog.Hash
	size   int64
	salt   string // distinguishes forks
}

func newLog(tb testing.TB, msp string) *testLog {
	tb.Helper()
	l := &testLog{tb: tb, origin: msp + ".yilian.example/log"}
	l.signer, l.key = newSigner(tb, l.origin)
	return l
}

func newSigner(tb testing.TB, origin string) (note.Signer, string) {
	tb.Helper()
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := note.NewSigner(private)
	if err != nil {
		tb.Fatal(err)
	}
	return signer, public
}

func (l *testLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(l.hashes)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		found[i] = l.hashes[index]
	}
	return found, nil
}

func (l *testLog) grow(by int64) {
	l.tb.Helper()
	for range by {
		stored, err := sumdb.StoredHashes(l.size, fmt.Appendf(nil, "%s%d", l.salt, l.size), l)
		if err != nil {
			l.tb.Fatal(err)
		}
		l.hashes = append(l.hashes, stored...)
		l.size++
	}
}

// fork is the same log with another history from a size on.
func (l *testLog) fork(size int64, salt string) *testLog {
	f := &testLog{tb: l.tb, origin: l.origin, signer: l.signer, key: l.key, size: size, salt: salt}
	f.hashes = slices.Clone(l.hashes[:sumdb.StoredHashCount(size)])
	return f
}

func (l *testLog) root(size int64) tlog.Hash {
	l.tb.Helper()
	if size == 0 {
		return tlog.EmptyRoot()
	}
	root, err := sumdb.TreeHash(size, l)
	if err != nil {
		l.tb.Fatal(err)
	}
	return root
}

func (l *testLog) checkpoint(size int64) []byte {
	l.tb.Helper()
	signed, err := tlog.SignCheckpoint(tlog.Checkpoint{Origin: l.origin, Size: size, Root: l.root(size)}, l.signer)
	if err != nil {
		l.tb.Fatal(err)
	}
	return signed
}

func (l *testLog) proof(newer, older int64) [][]byte {
	l.tb.Helper()
	if older == 0 || newer <= older {
		return nil
	}
	hashes, err := sumdb.ProveTree(newer, older, l)
	if err != nil {
		l.tb.Fatal(err)
	}
	var raw [][]byte
	for _, h := range hashes {
		raw = append(raw, h[:])
	}
	return raw
}

func (l *testLog) registration() ledger.RegisterLog {
	return ledger.RegisterLog{Origin: l.origin, Key: l.key, Note: l.checkpoint(0)}
}

func (l *testLog) args(newer, older int64) ledger.CheckpointArgs {
	return ledger.CheckpointArgs{Note: l.checkpoint(newer), Proof: l.proof(newer, older)}
}

func (w *world) log(origin string) ledger.LogState {
	w.tb.Helper()
	var state ledger.LogState
	w.invoke("qingshan", ledger.WitnessLatest, ledger.LogQuery{Origin: origin}, &state)
	return state
}

func TestRegister(t *testing.T) {
	w := newWorld(t)
	l := newLog(t, "donghu")
	other := newLog(t, "donghu") // same origin, another key
	foreign := newLog(t, "qingshan")
	l.grow(1)
	change := func(f func(*ledger.RegisterLog)) ledger.RegisterLog {
		args := l.registration()
		f(&args)
		return args
	}
	refusals := []struct {
		name string
		args ledger.RegisterLog
		want ledger.Code
	}{
		{"another member's log", foreign.registration(), ledger.CodeCaller},
		{
			"a member whose name begins alike",
			change(func(a *ledger.RegisterLog) { a.Origin = "donghu2.yilian.example/log" }),
			ledger.CodeCaller,
		},
		{"no domain", change(func(a *ledger.RegisterLog) { a.Origin = "donghu/log" }), ledger.CodeArgument},
		{
			"another path",
			change(func(a *ledger.RegisterLog) { a.Origin = "donghu.yilian.example/log2" }),
			ledger.CodeArgument,
		},
		{
			"a line feed",
			change(func(a *ledger.RegisterLog) { a.Origin = "donghu.yilian.example/log\n" }),
			ledger.CodeArgument,
		},
		{"a null", change(func(a *ledger.RegisterLog) { a.Origin = "donghu.\x00/log" }), ledger.CodeArgument},
		{"key of another name", change(func(a *ledger.RegisterLog) { a.Key = foreign.key }), ledger.CodeArgument},
		{"key cannot be read", change(func(a *ledger.RegisterLog) { a.Key = "x" }), ledger.CodeArgument},
		{"key is not held", change(func(a *ledger.RegisterLog) { a.Note = other.checkpoint(0) }), ledger.CodeSignature},
		{"no checkpoint", change(func(a *ledger.RegisterLog) { a.Note = nil }), ledger.CodeSignature},
		{"not the empty tree", change(func(a *ledger.RegisterLog) { a.Note = l.checkpoint(1) }), ledger.CodeArgument},
		{"checkpoint too large", change(func(a *ledger.RegisterLog) { a.Note = make([]byte, 5<<10) }), ledger.CodeArgument},
	}
	for _, tc := range refusals {
		t.Run(tc.name, func(t *testing.T) {
			w.tb = t
			w.refused("donghu", ledger.WitnessRegister, tc.args, tc.want)
		})
	}
	w.tb = t
	var state ledger.LogState
	if writes := w.invoke("donghu", ledger.WitnessRegister, l.registration(), &state); writes != 1 {
		t.Errorf("wrote %d keys", writes)
	}
	if state.Size != 0 || state.Key != l.key || state.MSP != "donghu" || !state.Time.Equal(start) ||
		!state.Registered.Equal(start) ||
		state.Tx == "" {
		t.Errorf("registered %+v", state)
	}
	if writes := w.invoke("donghu", ledger.WitnessRegister, l.registration(), nil); writes != 0 {
		t.Errorf("registering again wrote %d keys", writes)
	}
	w.refused("donghu", ledger.WitnessRegister, other.registration(), ledger.CodeLogRegistered)
}

// named is a log of any name, with a key that is named as it.
func named(tb testing.TB, origin string) *testLog {
	tb.Helper()
	l := &testLog{tb: tb, origin: origin}
	l.signer, l.key = newSigner(tb, origin)
	return l
}

// Who could register x.y.<domain>/log could later pass its evidence off as that of a log that the ledger vouches for.
func TestAMemberHasOneLogUnderTheLedgersDomain(t *testing.T) {
	w := newWorld(t)
	w.invoke("donghu", ledger.WitnessRegister, newLog(t, "donghu").registration(), nil)
	for _, origin := range []string{
		"qingshan.x.yilian.example/log", "qingshan.example/log", "qingshan.yilian.example.example/log",
		"qingshan.yilian-example/log", "qingshan.qingshan.yilian.example/log",
	} {
		w.refused("qingshan", ledger.WitnessRegister, named(t, origin).registration(), ledger.CodeLogDomain)
	}
	w.refused(
		"donghu", ledger.WitnessRegister, named(t, "donghu.x.yilian.example/log").registration(), ledger.CodeLogDomain,
	)
	if writes := w.invoke("qingshan", ledger.WitnessRegister, newLog(t, "qingshan").registration(), nil); writes != 1 {
		t.Errorf("a further member's registration wrote %d keys", writes)
	}
	var all []ledger.LogState
	w.invoke("donghu", ledger.WitnessAll, "{}", &all)
	if len(all) != 2 {
		t.Errorf("%d logs", len(all))
	}
}

func TestCheckpointRefusals(t *testing.T) {
	w := newWorld(t)
	l := newLog(t, "donghu")
	l.grow(20)
	w.refused("donghu", ledger.WitnessCheckpoint, l.args(5, 0), ledger.CodeLogUnknown)
	w.invoke("donghu", ledger.WitnessRegister, l.registration(), nil)
	w.invoke("donghu", ledger.WitnessCheckpoint, l.args(7, 0), nil)
	stranger := l.fork(20, "")
	stranger.signer, _ = newSigner(t, l.origin)
	split := l.fork(5, "other")
	split.grow(10)
	tests := []struct {
		name string
		who  string
		args ledger.CheckpointArgs
		want ledger.Code
	}{
		{"another member carries it", "qingshan", l.args(9, 7), ledger.CodeCaller},
		{"another key signed", "donghu", stranger.args(9, 7), ledger.CodeSignature},
		{"a smaller tree", "donghu", l.args(6, 0), ledger.CodeLogSmaller},
		{"the empty tree", "donghu", l.args(0, 0), ledger.CodeLogSmaller},
		{"same size, another root", "donghu", split.args(7, 0), ledger.CodeLogInconsistent},
		{"a fork with its own proof", "donghu", split.args(15, 7), ledger.CodeLogInconsistent},
		{
			"a fork with the true log's proof",
			"donghu",
			ledger.CheckpointArgs{Note: split.checkpoint(15), Proof: l.proof(15, 7)},
			ledger.CodeLogInconsistent,
		},
		{"no proof", "donghu", l.args(9, 0), ledger.CodeLogInconsistent},
		{"proof from another size", "donghu", l.args(9, 6), ledger.CodeLogInconsistent},
		{
			"proof of another size",
			"donghu",
			ledger.CheckpointArgs{Note: l.checkpoint(9), Proof: l.proof(10, 7)},
			ledger.CodeLogInconsistent,
		},
		{
			"proof with a hash too many",
			"donghu",
			ledger.CheckpointArgs{Note: l.checkpoint(9), Proof: append(l.proof(9, 7), make([]byte, 32))},
			ledger.CodeLogInconsistent,
		},
		{
			"proof with a short hash",
			"donghu",
			ledger.CheckpointArgs{Note: l.checkpoint(9), Proof: [][]byte{make([]byte, 31)}},
			ledger.CodeArgument,
		},
		{
			"proof too long",
			"donghu",
			ledger.CheckpointArgs{Note: l.checkpoint(9), Proof: slices.Repeat([][]byte{make([]byte, 32)}, 200)},
			ledger.CodeArgument,
		},
		{
			"same again with a proof of a forger's liking",
			"donghu",
			ledger.CheckpointArgs{Note: stranger.checkpoint(7)},
			ledger.CodeSignature,
		},
		{"not a note", "donghu", ledger.CheckpointArgs{Note: []byte(l.origin + "\n")}, ledger.CodeSignature},
		{"nothing", "donghu", ledger.CheckpointArgs{}, ledger.CodeArgument},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w.tb = t
			w.refused(tc.who, ledger.WitnessCheckpoint, tc.args, tc.want)
			if state := w.log(l.origin); state.Size != 7 {
				t.Errorf("the ledger has %d entries", state.Size)
			}
		})
	}
}

func TestSameCheckpointWritesNothing(t *testing.T) {
	w := newWorld(t)
	l := newLog(t, "donghu")
	l.grow(4)
	w.invoke("donghu", ledger.WitnessRegister, l.registration(), nil)
	var first, again ledger.LogState
	w.invoke("donghu", ledger.WitnessCheckpoint, l.args(4, 0), &first)
	w.now = w.now.Add(time.Hour)
	if writes := w.invoke("donghu", ledger.WitnessCheckpoint, l.args(4, 0), &again); writes != 0 {
		t.Errorf("wrote %d keys", writes)
	}
	if again.Tx != first.Tx || !again.Time.Equal(first.Time) {
		t.Errorf("the witnessing moved from %v to %v", first.Time, again.Time)
	}
}

// TestRacingCheckpoints: of two extensions endorsed on the same state, one commits.
func TestRacingCheckpoints(t *testing.T) {
	w := newWorld(t)
	l := newLog(t, "donghu")
	l.grow(4)
	w.invoke("donghu", ledger.WitnessRegister, l.registration(), nil)
	w.invoke("donghu", ledger.WitnessCheckpoint, l.args(4, 0), nil)
	left, right := l.fork(4, "left"), l.fork(4, "right")
	left.grow(2)
	right.grow(3)
	first, err := w.propose("donghu", ledger.WitnessCheckpoint, left.args(6, 4))
	w.must(err)
	second, err := w.propose("donghu", ledger.WitnessCheckpoint, right.args(7, 4))
	w.must(err)
	if block := w.ledger.Commit(second); block.Code != peer.TxValidationCode_VALID {
		t.Errorf("first to commit: %v", block.Code)
	}
	if block := w.ledger.Commit(first); block.Code != peer.TxValidationCode_MVCC_READ_CONFLICT || block.Event != nil {
		t.Errorf("second to commit: %v, event %v", block.Code, block.Event)
	}
	if state := w.log(l.origin); state.Size != 7 || string(state.Root) != string(hashBytes(right.root(7))) {
		t.Errorf("the ledger has size %d", state.Size)
	}
}

func hashBytes(h tlog.Hash) []byte { return h[:] }

// TestOnlyExtensionsAreWitnessed plays random histories: a checkpoint is accepted if and only if it extends the one
// witnessed.
func TestOnlyExtensionsAreWitnessed(t *testing.T) {
	trees := []*testLog{newLog(t, "donghu")}
	trees[0].grow(40)
	for i, at := range []int64{0, 1, 7, 16, 39} {
		fork := trees[0].fork(at, fmt.Sprint("fork", i))
		fork.grow(60 - at)
		trees = append(trees, fork)
	}
	trees[0].grow(20)
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		w.invoke("donghu", ledger.WitnessRegister, trees[0].registration(), nil)
		witnessed, size := trees[0], int64(0)
		for range rapid.IntRange(1, 12).Draw(rt, "checkpoints") {
			tree := rapid.SampledFrom(trees).Draw(rt, "tree")
			newer := rapid.Int64Range(0, 60).Draw(rt, "size")
			from := size
			if rapid.IntRange(0, 4).Draw(rt, "wrong proof") == 0 {
				from = rapid.Int64Range(0, 60).Draw(rt, "from")
			}
			endorsed, err := w.propose("donghu", ledger.WitnessCheckpoint, tree.args(newer, from))
			shared := newer >= size && tree.root(size) == witnessed.root(size)
			proven := newer == size || size == 0 ||
				slices.EqualFunc(tree.proof(newer, from), tree.proof(newer, size), slices.Equal)
			needless := size == 0 && newer > 0 && len(tree.proof(newer, from)) > 0 // nothing needs proof from the empty tree
			if want := shared && proven && !needless; (err == nil) != want {
				rt.Fatalf("from %d to %d with a proof from %d: %v, want accepted %v", size, newer, from, err, want)
			}
			if err != nil {
				if codeOf(err) == "" {
					rt.Fatalf("refusal without a code: %v", err)
				}
				continue
			}
			if (endorsed.Writes() > 0) != (newer > size) {
				rt.Fatalf("from %d to %d: %d writes", size, newer, endorsed.Writes())
			}
			w.ledger.Commit(endorsed)
			witnessed, size = tree, newer
		}
		state := w.log(trees[0].origin)
		if state.Size != size || string(state.Root) != string(hashBytes(witnessed.root(size))) {
			rt.Fatalf("the ledger has size %d, want %d", state.Size, size)
		}
	})
}

func TestRotate(t *testing.T) {
	w := newWorld(t)
	l := newLog(t, "donghu")
	l.grow(9)
	oldSigner := l.signer
	newSigner, newKey := newSigner(t, l.origin)
	statement := func(text string, signers ...note.Signer) []byte {
		signed, err := note.Sign(&note.Note{Text: text}, signers...)
		w.must(err)
		return signed
	}
	renewed := l.fork(9, "")
	renewed.signer, renewed.key = newSigner, newKey
	good := ledger.RotateLog{
		Origin:    l.origin,
		Key:       newKey,
		Note:      renewed.checkpoint(5),
		Statement: statement(ledger.RotateText(l.origin, newKey, 5), oldSigner, newSigner),
	}
	w.refused("donghu", ledger.WitnessRotate, good, ledger.CodeLogUnknown)
	w.invoke("donghu", ledger.WitnessRegister, l.registration(), nil)
	w.invoke("donghu", ledger.WitnessCheckpoint, l.args(5, 0), nil)

	change := func(f func(*ledger.RotateLog)) ledger.RotateLog {
		args := good
		f(&args)
		return args
	}
	foreign := newLog(t, "qingshan")
	tests := []struct {
		name string
		who  string
		args ledger.RotateLog
		want ledger.Code
	}{
		{"another member", "qingshan", good, ledger.CodeCaller},
		{
			"old key did not sign",
			"donghu",
			change(func(a *ledger.RotateLog) { a.Statement = statement(ledger.RotateText(l.origin, newKey, 5), newSigner) }),
			ledger.CodeSignature,
		},
		{
			"new key did not sign",
			"donghu",
			change(func(a *ledger.RotateLog) { a.Statement = statement(ledger.RotateText(l.origin, newKey, 5), oldSigner) }),
			ledger.CodeSignature,
		},
		{"statement of another size", "donghu", change(func(a *ledger.RotateLog) {
			a.Statement = statement(ledger.RotateText(l.origin, newKey, 4), oldSigner, newSigner)
		}), ledger.CodeSignature},
		{"statement for another key", "donghu", change(func(a *ledger.RotateLog) {
			a.Statement = statement(ledger.RotateText(l.origin, foreign.key, 5), oldSigner, newSigner)
		}), ledger.CodeSignature},
		{
			"a checkpoint for a statement",
			"donghu",
			change(func(a *ledger.RotateLog) { a.Statement = l.checkpoint(5) }),
			ledger.CodeSignature,
		},
		{
			"statement too large",
			"donghu",
			change(func(a *ledger.RotateLog) { a.Statement = make([]byte, 5<<10) }),
			ledger.CodeArgument,
		},
		{"key of another log", "donghu", change(func(a *ledger.RotateLog) { a.Key = foreign.key }), ledger.CodeArgument},
		{
			"checkpoint of another size",
			"donghu",
			change(func(a *ledger.RotateLog) { a.Note = renewed.checkpoint(6) }),
			ledger.CodeLogInconsistent,
		},
		{
			"checkpoint by the old key",
			"donghu",
			change(func(a *ledger.RotateLog) { a.Note = l.checkpoint(5) }),
			ledger.CodeSignature,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w.tb = t
			w.refused(tc.who, ledger.WitnessRotate, tc.args, tc.want)
		})
	}
	w.tb = t
	var state ledger.LogState
	w.invoke("donghu", ledger.WitnessRotate, good, &state)
	if len(state.Retired) != 1 || state.Retired[0].Key != l.key || state.Retired[0].Size != 5 || state.Key != newKey ||
		state.Size != 5 {
		t.Errorf("after rotation: %+v", state)
	}
	if writes := w.invoke("donghu", ledger.WitnessRotate, good, nil); writes != 0 {
		t.Errorf("rotating again wrote %d keys", writes)
	}
	w.refused("donghu", ledger.WitnessCheckpoint, l.args(9, 5), ledger.CodeSignature)
	w.invoke("donghu", ledger.WitnessCheckpoint, renewed.args(9, 5), nil)
	back := ledger.RotateLog{
		Origin:    l.origin,
		Key:       l.key,
		Note:      l.checkpoint(9),
		Statement: statement(ledger.RotateText(l.origin, l.key, 9), oldSigner, newSigner),
	}
	w.refused("donghu", ledger.WitnessRotate, back, ledger.CodeArgument)
}

func TestReads(t *testing.T) {
	w := newWorld(t)
	query := ledger.LogQuery{Origin: "donghu.yilian.example/log"}
	w.refused("qingshan", ledger.WitnessLatest, query, ledger.CodeLogUnknown)
	w.refused("qingshan", ledger.WitnessAttest, query, ledger.CodeLogUnknown)
	w.refused("qingshan", ledger.WitnessLatest, ledger.LogQuery{Origin: "x"}, ledger.CodeArgument)
	empty, err := w.propose("qingshan", ledger.WitnessAll, "{}")
	w.must(err)
	if string(empty.Payload) != "[]" {
		t.Errorf("all of nothing: %s", empty.Payload)
	}
	for _, m := range []string{"qingshan", "donghu"} {
		w.invoke(m, ledger.WitnessRegister, newLog(t, m).registration(), nil)
	}
	var all []ledger.LogState
	w.invoke("donghu", ledger.WitnessAll, "{}", &all)
	if len(all) != 2 || all[0].MSP != "donghu" || all[1].MSP != "qingshan" {
		t.Errorf("all logs: %+v", all)
	}
	w.now = w.now.Add(10 * time.Minute)
	endorsed, err := w.propose("qingshan", ledger.WitnessAttest, query)
	w.must(err)
	var state ledger.LogState
	w.must(json.Unmarshal(endorsed.Payload, &state))
	if endorsed.Writes() != 0 || state.Type != ledger.TypeWitness || state.Channel != "yilian" || state.Attested == nil ||
		!state.Attested.Equal(w.now) || !state.Time.Equal(start) {
		t.Errorf("attested %+v with %d writes", state, endorsed.Writes())
	}
	if latest := w.log(query.Origin); latest.Attested != nil {
		t.Error("the time of a signed read is kept")
	}
}
