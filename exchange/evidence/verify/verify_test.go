package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/chaincode/stubtest"
	"yilian.example/exchange"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/tlog"
)

const origin = "donghu.yilian.example/log"

// world is a log served over HTTP, an evidence file and the members' roots on disk.
type world struct {
	tiles  map[string][]byte // by path under the log's address
	vkey   string
	signer tlog.Signer
	url    string
	file   string
	roots  string
	root   tlog.Hash
	cas    []*stubtest.CA
	state  ledger.LogState
	second exchange.Version // stands in the log too, with the first one's number
}

const size = 600

func newWorld(t *testing.T) *world {
	t.Helper()
	skey, vkey, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{tiles: map[string][]byte{}, vkey: vkey}
	if w.signer, err = tlog.NewSigner(skey); err != nil {
		t.Fatal(err)
	}
	version := exchange.Version{
		Ref: exchange.RecordRef{
			Org:  "donghu",
			Type: "Observation",
			ID:   "a1b2",
		}, Number: 1, Patient: "pa", Kind: "observations",
		Recorded: time.Now().Add(-time.Hour), Content: []byte(`{"resourceType":"Observation"}`), Salt: [32]byte{7},
	}
	w.second = version
	w.second.Content, w.second.Salt = []byte(`{"resourceType":"Observation","status":"final"}`), [32]byte{8}
	tree, err := tlog.NewBuilder(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range size {
		leaf := tlog.NewLeaf(tlog.KindRecord, version.Recorded, sha256.Sum256(fmt.Appendf(nil, "entry %d", i)))
		if i == 300 {
			leaf = tlog.NewLeaf(
				tlog.KindRecord, version.Recorded, tlog.Commit(tlog.KindRecord, version.Salt, exchange.Statement(version)),
			)
		}
		if i == 500 {
			leaf = tlog.NewLeaf(
				tlog.KindRecord, w.second.Recorded, tlog.Commit(tlog.KindRecord, w.second.Salt, exchange.Statement(w.second)),
			)
		}
		if err := tree.Add(leaf); err != nil {
			t.Fatal(err)
		}
	}
	for _, tile := range append(tree.TakeFull(), tree.Partial()...) {
		w.tiles[tile.Path()] = tile.Data
	}
	root, err := tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	note := w.sign(t, root)
	w.tiles["checkpoint"], w.tiles["key"] = note, []byte(vkey+"\n")
	w.root = root
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		data, ok := w.tiles[strings.TrimPrefix(r.URL.Path, "/log/")]
		if !ok {
			http.NotFound(rw, r)
			return
		}
		_, _ = rw.Write(data)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL + "/log"
	w.save(t, version, note, root)
	return w
}

func (w *world) sign(t *testing.T, root tlog.Hash) []byte {
	t.Helper()
	note, err := tlog.SignCheckpoint(tlog.Checkpoint{Origin: origin, Size: size, Root: root}, w.signer)
	if err != nil {
		t.Fatal(err)
	}
	return note
}

// save writes the evidence file and the roots.
func (w *world) save(t *testing.T, version exchange.Version, note []byte, root tlog.Hash) {
	t.Helper()
	dir := t.TempDir()
	w.roots, w.file = filepath.Join(dir, "roots"), filepath.Join(dir, "evidence.json")
	if err := os.Mkdir(w.roots, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, member := range []string{"donghu", "qingshan", "anhe", "weijian"} {
		ca, err := stubtest.NewCA(member)
		if err != nil {
			t.Fatal(err)
		}
		w.cas = append(w.cas, ca)
		if err := os.WriteFile(filepath.Join(w.roots, member+".pem"), ca.PEM(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(w.roots, "domain"), []byte("yilian.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	w.state = ledger.LogState{
		Type:     ledger.TypeWitness,
		Channel:  "yilian",
		Origin:   origin,
		MSP:      "donghu",
		Key:      w.vkey,
		Note:     note,
		Size:     size,
		Root:     root[:],
		Time:     now.Add(-time.Minute),
		Attested: &now,
	}
	w.attest(t, w.state)
	w.evidence(t, version, 300)
}

// evidence writes the evidence file of an entry.
func (w *world) evidence(t *testing.T, version exchange.Version, index int64) {
	t.Helper()
	f, err := evidence.New(
		evidence.Record{Statement: exchange.Statement(version), Content: version.Content, Salt: version.Salt}, index,
		w.attestation(t, w.state), w.read,
	)
	if err != nil {
		t.Fatal(err)
	}
	data, err := f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.file, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// read reads what the log serves.
func (w *world) read(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range tiles {
		out = append(out, w.tiles[tile.Path()])
	}
	return out, nil
}

func (w *world) attestation(t *testing.T, state ledger.LogState) evidence.Attestation {
	t.Helper()
	a, err := evidence.NewAttestation(stubtest.FakeAttestation(t, state, w.cas...))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// attest has the log's address serve what the members say of the log.
func (w *world) attest(t *testing.T, state ledger.LogState) {
	t.Helper()
	data, err := w.attestation(t, state).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	w.tiles["attestation"] = data
}

func verify(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out, errs bytes.Buffer
	p := &program{out: &out, lang: "en", now: time.Now, patience: time.Millisecond}
	code := p.run(t.Context(), args, &errs)
	return code, out.String() + errs.String()
}

func expect(t *testing.T, wantCode int, wantText string, args ...string) {
	t.Helper()
	code, out := verify(t, args...)
	if code != wantCode || !strings.Contains(out, wantText) {
		t.Errorf("verify %v: exit code %d, want %d with %q:\n%s", args, code, wantCode, wantText, out)
	}
}

func TestFile(t *testing.T) {
	w := newWorld(t)
	expect(t, 0, "PROVEN. donghu kept Observation/a1b2 version 1", w.file, "--roots", w.roots)
	expect(t, 0, "结论：已证明。donghu 保存了 Observation/a1b2 第 1 版", "--roots", w.roots, "--lang", "zh", w.file)
	expect(t, 0, "第 300 条", w.file, "--roots", w.roots, "--lang=zh-CN", "--quorum", "4", "--channel", "yilian")
	expect(t, 1, "5 are needed", w.file, "--roots", w.roots, "--quorum", "5")
	expect(t, 1, "another ledger", w.file, "--roots", w.roots, "--channel", "other")
	expect(t, 1, "NOT PROVEN", w.file, "--roots", w.roots, "--chaincode", "other")

	for _, member := range []string{"anhe", "weijian"} {
		if err := os.Remove(filepath.Join(w.roots, member+".pem")); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, 1, "by somebody whose root certificate was not given", w.file, "--roots", w.roots)
}

func TestFileChanged(t *testing.T) {
	w := newWorld(t)
	data, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := evidence.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	f.Content[3] ^= 1
	data, err = f.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, 1, "1. [FAILED] The record's bytes are not the ones", w.file, "--roots", w.roots)
	expect(t, 1, "1. [失败]", w.file, "--roots", w.roots, "--lang", "zh")
	if err := os.WriteFile(w.file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, 1, "not an evidence file", w.file, "--roots", w.roots)
}

// withoutDomain copies the roots but for the file that names the consortium's domain.
func withoutDomain(t *testing.T, roots string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(roots)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "domain")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestUsage(t *testing.T) {
	w := newWorld(t)
	expect(t, 0, "usage:", "--help")
	expect(t, 2, "usage:")
	expect(t, 2, "--roots is missing", w.file)
	expect(t, 2, "exactly one URL", "log", w.url, w.url)
	expect(t, 2, "usage:", w.file, "--unknown")
	expect(t, 2, "--domain is missing", w.file, "--roots", withoutDomain(t, w.roots))
	expect(t, 0, "PROVEN", w.file, "--roots", withoutDomain(t, w.roots), "--domain", "yilian.example")
	expect(t, 2, "--quorum", w.file, "--roots", w.roots, "--quorum", "0")
	expect(t, 2, "must be an http", "log", "ftp://a")
	expect(t, 2, "exactly one URL", "log")
	expect(t, 1, "no .pem file", w.file, "--roots", t.TempDir())
	expect(t, 1, "read evidence", w.file+"x", "--roots", w.roots)
}

// Without the members' word a log is consistent at best: the exit code says so, and the words what was not checked.
func TestLogWithoutTheMembersWordIsNotShown(t *testing.T) {
	w := newWorld(t)
	expect(t, 3, "recomputed from the entries and agrees", "log", w.url)
	expect(t, 3, "record     600", "log", w.url)
	expect(t, 3, "key was taken from the log itself", "log", w.url+"/")
	expect(t, 3, "Whether this is the log of donghu", "log", w.url)
	expect(t, 3, "没有证明这就是成员的日志", "log", w.url, "--key", w.vkey, "--lang", "zh")
	expect(t, 3, "Whether entries were cut off its end", "log", w.url, "--key", w.vkey)
	_, other, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, 1, "not validly signed", "log", w.url, "--key", other)
	expect(t, 1, "not found", "log", w.url+"/nowhere")
}

func TestLogBesideTheMembersWord(t *testing.T) {
	w := newWorld(t)
	expect(t, 0, "this is the log of donghu, and nothing was cut off", "log", w.url, "--roots", w.roots)
	expect(t, 0, "Members anhe, donghu, qingshan, weijian attest", "log", "--roots", w.roots, w.url, "--key", w.vkey)
	expect(t, 0, "没有被截短", "log", w.url, "--roots", w.roots, "--lang", "zh")
	expect(t, 1, "is no member's own", "log", w.url, "--roots", w.roots, "--domain", "other.example")
	expect(t, 1, "5 are needed", "log", w.url, "--roots", w.roots, "--quorum", "5")
	_, other, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, 1, "another key for the log", "log", w.url, "--roots", w.roots, "--key", other)

	// The ledger may be behind what is shown: then the log must begin with what the ledger has.
	earlier, err := tlog.RootAt(tlog.Checkpoint{Size: size, Root: w.root}, 400, w.read)
	if err != nil {
		t.Fatal(err)
	}
	state := w.state
	state.Size, state.Root = 400, earlier[:]
	state.Note = signAt(t, w, 400, earlier)
	w.attest(t, state)
	expect(t, 0, "The first 400 entries are those that the members witnessed", "log", w.url, "--roots", w.roots)
	state.Root = bytes.Repeat([]byte{7}, 32)
	state.Note = signAt(t, w, 400, tlog.Hash(state.Root))
	w.attest(t, state)
	expect(t, 1, "are not those that the members witnessed", "log", w.url, "--roots", w.roots)

	old := w.state.Attested.Add(-time.Hour)
	state = w.state
	state.Attested, state.Time = &old, old
	w.attest(t, state)
	expect(t, 1, "what came later may have been cut off", "log", w.url, "--roots", w.roots)
	delete(w.tiles, "attestation")
	expect(t, 1, "fetch attestation: not found", "log", w.url, "--roots", w.roots)
}

func signAt(t *testing.T, w *world, size int64, root tlog.Hash) []byte {
	t.Helper()
	note, err := tlog.SignCheckpoint(tlog.Checkpoint{Origin: origin, Size: size, Root: root}, w.signer)
	if err != nil {
		t.Fatal(err)
	}
	return note
}

// A stranger can open an empty log under a member's name, and pass on what the members say of the true one.
func TestStrangersLogUnderAMembersNameFails(t *testing.T) {
	w := newWorld(t)
	skey, vkey, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	if w.signer, err = tlog.NewSigner(skey); err != nil {
		t.Fatal(err)
	}
	w.tiles["checkpoint"], w.tiles["key"] = signAt(t, w, 0, tlog.EmptyRoot()), []byte(vkey)
	expect(t, 3, "NOT SHOWN TO BE THE MEMBER'S LOG", "log", w.url)
	expect(t, 1, "not validly signed", "log", w.url, "--roots", w.roots)
	delete(w.tiles, "attestation")
	expect(t, 1, "fetch attestation", "log", w.url, "--roots", w.roots)
}

// A member can show an old checkpoint of its own log, as it once signed it.
func TestLogCutBackFails(t *testing.T) {
	w := newWorld(t)
	w.tiles["checkpoint"] = signAt(t, w, 0, tlog.EmptyRoot())
	expect(t, 3, "Whether entries were cut off its end", "log", w.url)
	expect(
		t, 1, "shows 0 entries, the members witnessed 600: the end was cut off, or an older database restored", "log", w.url,
		"--roots", w.roots,
	)
}

// Several files are compared: each of two may hold, and not both be true.
func TestSeveralFiles(t *testing.T) {
	w := newWorld(t)
	expect(t, 0, w.file+":\n1. [OK]", w.file, w.file, "--roots", w.roots)
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, 1, "not an evidence file", bad, w.file, "--roots", w.roots)
	expect(t, 1, "PROVEN. donghu kept", bad, w.file, "--roots", w.roots)
	expect(t, 1, "read evidence", w.file, bad+"x", "--roots", w.roots)

	again := *w // the same version logged a second time, in another place and with other content
	again.file = filepath.Join(t.TempDir(), "again.json")
	again.evidence(t, w.second, 500)
	expect(t, 0, "PROVEN. donghu kept", again.file, "--roots", w.roots)
	expect(t, 0, "PROVEN. donghu kept", w.file, w.file, "--roots", w.roots)
	expect(t, 1, "CONTRADICTION. "+w.file+" and "+again.file, w.file, again.file, "--roots", w.roots)
	expect(t, 1, "结论：相互矛盾", w.file, again.file, "--roots", w.roots, "--lang", "zh")
}

// Ten thousand random changes of a byte in what a log serves: entries, tiles and checkpoint.
func TestEveryChangedByteOfALogIsFound(t *testing.T) {
	w := newWorld(t)
	names := slices.Sorted(maps.Keys(w.tiles))
	names = slices.DeleteFunc(names, func(n string) bool { return n == "key" || n == "attestation" })
	holds := func() bool {
		c, err := tlog.OpenCheckpoint(w.tiles["checkpoint"], w.vkey)
		if err != nil {
			return false
		}
		root, err := tlog.Audit(tlog.Checkpoint{Root: tlog.EmptyRoot()}, c.Size, w.read, nil)
		return err == nil && root == c.Root
	}
	if !holds() {
		t.Fatal("the log does not hold to begin with")
	}
	random := mathrand.New(mathrand.NewPCG(15, 2026))
	for i := range 10_000 {
		name := names[random.IntN(len(names))]
		at, flip := random.IntN(len(w.tiles[name])), byte(1+random.IntN(255))
		w.tiles[name][at] ^= flip
		if holds() {
			t.Fatalf("change %d, byte %d of %s, was not found", i, at, name)
		}
		w.tiles[name][at] ^= flip
	}
}

func TestLogChanged(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(w *world)
		want   string
	}{
		"entry": {
			func(w *world) { w.tiles["tile/entries/001"][30] ^= 1 },
			"entry 256 (tile/entries/001): entry does not have the hash",
		},
		"entry's length": {func(w *world) { w.tiles["tile/entries/001"][0] ^= 1 }, "tile/entries/001: bundle"},
		"hash": {
			func(w *world) { w.tiles["tile/0/001"][32*7] ^= 1 }, "entry 263 (tile/entries/001): entry does not have the hash",
		},
		"hash above": {
			func(w *world) { w.tiles["tile/1/000.p/2"][40] ^= 1 }, "tile/1/000.p/2: tile is not what the entries give",
		},
		"missing tile": {
			func(w *world) { delete(w.tiles, "tile/0/002.p/88") }, "tile/0/002.p/88: the log does not have it",
		},
		"missing bundle": {
			func(w *world) { delete(w.tiles, "tile/entries/000") }, "tile/entries/000: the log does not have it",
		},
		"not a leaf": {func(w *world) {
			b := w.tiles["tile/entries/000"]
			w.tiles["tile/entries/000"] = append([]byte{0, 1, 'x'}, b[2+int(b[0])<<8+int(b[1]):]...)
		}, "entry 0 (tile/entries/000): leaf is not JSON"},
		"fork":      {func(w *world) { w.tiles["checkpoint"] = w.sign(t, tlog.EmptyRoot()) }, "the checkpoint says"},
		"oversized": {func(w *world) { w.tiles["tile/0/000"] = make([]byte, 1<<20) }, "larger than the format allows"},
	} {
		w := newWorld(t)
		tc.change(w)
		code, out := verify(t, "log", w.url)
		if code != 1 || !strings.Contains(out, tc.want) {
			t.Errorf("%s: exit code %d, want %q:\n%s", name, code, tc.want, out)
		}
	}
}

// A log may delete a partial tile once the full one is there.
func TestLogFullTileServesForPartial(t *testing.T) {
	w := newWorld(t)
	full := append([]byte(nil), w.tiles["tile/0/002.p/88"]...)
	w.tiles["tile/0/002"] = append(full, make([]byte, 168*32)...)
	delete(w.tiles, "tile/0/002.p/88")
	expect(t, 0, "agrees", "log", w.url, "--roots", w.roots)
}
