package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/chaincode/stubtest"
	"yilian.example/exchange"
	"yilian.example/exchange/anchor/anchortest"
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
	tree, err := tlog.NewBuilder(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range size {
		leaf := anchortest.Leaf(i)
		if i == 300 {
			leaf = tlog.NewLeaf(
				tlog.KindRecord, version.Recorded, tlog.Commit(tlog.KindRecord, version.Salt, exchange.Statement(version)),
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
	var cas []*stubtest.CA
	for _, member := range []string{"donghu", "qingshan", "anhe", "weijian"} {
		ca, err := stubtest.NewCA(member)
		if err != nil {
			t.Fatal(err)
		}
		cas = append(cas, ca)
		if err := os.WriteFile(filepath.Join(w.roots, member+".pem"), ca.PEM(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	state := ledger.LogState{
		Type: ledger.TypeWitness, Channel: "yilian", Origin: origin, MSP: "donghu", Key: w.vkey, Note: note, Size: size, Root: root[:],
		Time: now.Add(-time.Minute), Attested: &now,
	}
	read := func(tiles []tlog.Tile) ([][]byte, error) {
		var out [][]byte
		for _, tile := range tiles {
			out = append(out, w.tiles[tile.Path()])
		}
		return out, nil
	}
	f, err := evidence.New(
		evidence.Record{Statement: exchange.Statement(version), Content: version.Content, Salt: version.Salt}, 300,
		stubtest.FakeAttestation(t, state, cas...), read,
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

func verify(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(t.Context(), args, "en", &out, &errs)
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
	expect(t, 1, "2 members with a known root signed, 3 are needed", w.file, "--roots", w.roots)
}

func TestFileChanged(t *testing.T) {
	w := newWorld(t)
	data, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	var f evidence.File
	if err := json.Unmarshal(data, &f); err != nil {
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

func TestUsage(t *testing.T) {
	w := newWorld(t)
	expect(t, 0, "usage:", "--help")
	expect(t, 2, "usage:")
	expect(t, 2, "--roots is missing", w.file)
	expect(t, 2, "exactly one", w.file, w.file, "--roots", w.roots)
	expect(t, 2, "usage:", w.file, "--unknown")
	expect(t, 2, "--quorum", w.file, "--roots", w.roots, "--quorum", "0")
	expect(t, 2, "must be an http", "log", "ftp://a")
	expect(t, 2, "exactly one URL", "log")
	expect(t, 1, "no .pem file", w.file, "--roots", t.TempDir())
	expect(t, 1, "read evidence", w.file+"x", "--roots", w.roots)
}

func TestLog(t *testing.T) {
	w := newWorld(t)
	expect(t, 0, "recomputed from the entries and agrees", "log", w.url)
	expect(t, 0, "record     600", "log", w.url)
	expect(t, 0, "key was taken from the log itself", "log", w.url+"/")
	expect(t, 0, "共 600 条", "log", w.url, "--key", w.vkey, "--lang", "zh")
	_, other, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, 1, "not validly signed", "log", w.url, "--key", other)
	expect(t, 1, "not found", "log", w.url+"/nowhere")
}

func TestLogChanged(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(w *world)
		want   string
	}{
		"entry":          {func(w *world) { w.tiles["tile/entries/001"][30] ^= 1 }, "entry 256 (tile/entries/001): entry does not have the hash"},
		"entry's length": {func(w *world) { w.tiles["tile/entries/001"][0] ^= 1 }, "tile/entries/001: bundle"},
		"hash":           {func(w *world) { w.tiles["tile/0/001"][32*7] ^= 1 }, "entry 263 (tile/entries/001): entry does not have the hash"},
		"hash above":     {func(w *world) { w.tiles["tile/1/000.p/2"][40] ^= 1 }, "tile/1/000.p/2: tile is not what the entries give"},
		"missing tile":   {func(w *world) { delete(w.tiles, "tile/0/002.p/88") }, "tile/0/002.p/88: the log does not have it"},
		"missing bundle": {func(w *world) { delete(w.tiles, "tile/entries/000") }, "tile/entries/000: the log does not have it"},
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
	expect(t, 0, "agrees", "log", w.url)
}
