package tlog_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	xtlog "golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"yilian.example/exchange/tlog"
)

// shelf keeps tiles as a store does: the widest version of each, from which narrower ones are cut.
type shelf map[[2]int64][]byte

func (s shelf) put(tiles []tlog.TileData) {
	for _, t := range tiles {
		s[[2]int64{int64(t.Level), t.N}] = t.Data
	}
}

func (s shelf) read(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, t := range tiles {
		data, ok := s[[2]int64{int64(t.Level), t.N}]
		if !ok {
			return nil, errors.New("no such tile: " + t.Path())
		}
		cut, err := t.Cut(data)
		if err != nil {
			return nil, err
		}
		out = append(out, cut)
	}
	return out, nil
}

func entry(i int64) []byte { return fmt.Appendf(nil, "entry %d", i) }

func grow(t interface{ Fatal(...any) }, s shelf, from, to int64) tlog.Checkpoint {
	b, err := tlog.NewBuilder(from, s.read)
	if err != nil {
		t.Fatal(err)
	}
	for i := from; i < to; i++ {
		if err := b.Add(entry(i)); err != nil {
			t.Fatal(err)
		}
	}
	s.put(b.TakeFull())
	s.put(b.Partial())
	root, err := b.Root()
	if err != nil {
		t.Fatal(err)
	}
	return tlog.Checkpoint{Origin: "a.example/log", Size: to, Root: root}
}

// reference is the root as x/mod computes it, without tiles.
func reference(t interface{ Fatal(...any) }, size int64) tlog.Hash {
	var stored []xtlog.Hash
	read := xtlog.HashReaderFunc(func(indexes []int64) ([]xtlog.Hash, error) {
		var out []xtlog.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	for i := range size {
		hashes, err := xtlog.StoredHashes(i, entry(i), read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	root, err := xtlog.TreeHash(size, read)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestBuilderRoot(t *testing.T) {
	for _, size := range []int64{0, 1, 2, 255, 256, 257, 511, 512, 65535, 65536, 65537, 66000} {
		s := shelf{}
		if got, want := grow(t, s, 0, size).Root, reference(t, size); got != want {
			t.Errorf("root of %d entries is %s, want %s", size, got, want)
		}
		for _, tile := range tilesOf(0, size) {
			if _, ok := s[[2]int64{int64(tile.Level), tile.N}]; !ok {
				t.Errorf("tree of %d lacks %s", size, tile.Path())
			}
		}
	}
}

// A tree grown in any steps is the same tree; each step is consistent with the one before, each entry included, and an
// audit of any step passes.
func TestGrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := shelf{}
		older := tlog.Checkpoint{Origin: "a.example/log", Root: tlog.EmptyRoot()}
		for _, step := range rapid.SliceOfN(rapid.Int64Range(0, 700), 1, 5).Draw(t, "steps") {
			newer := grow(t, s, older.Size, older.Size+step)
			proof, err := tlog.ProveConsistency(newer, older, s.read)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckConsistency(proof, newer, older); err != nil {
				t.Fatal(err)
			}
			if root, err := tlog.Audit(older, newer.Size, s.read, nil); err != nil || root != newer.Root {
				t.Fatalf("audit %d to %d: %v, %v", older.Size, newer.Size, root, err)
			}
			if root, err := tlog.RootAt(newer, older.Size, s.read); err != nil || root != older.Root {
				t.Fatalf("root at %d: %v, %v", older.Size, root, err)
			}
			older = newer
		}
		if want := reference(t, older.Size); older.Root != want {
			t.Fatalf("root %s, want %s", older.Root, want)
		}
		if older.Size == 0 {
			return
		}
		i := rapid.Int64Range(0, older.Size-1).Draw(t, "index")
		proof, err := tlog.ProveInclusion(older, i, s.read)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckInclusion(proof, older, i, tlog.LeafHash(entry(i))); err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckInclusion(proof, older, i, tlog.LeafHash(entry(i+1))); err == nil {
			t.Fatal("another entry is included at the same place")
		}
	})
}

// Whatever one byte is changed in, an audit from the beginning finds it.
func TestAuditFindsTampering(t *testing.T) {
	const size = 700
	rapid.Check(t, func(t *rapid.T) {
		s := shelf{}
		good := grow(t, s, 0, size)
		tile := rapid.SampledFrom(tilesOf(0, size)).Draw(t, "tile")
		key := [2]int64{int64(tile.Level), tile.N}
		s[key] = bytes.Clone(s[key])
		at := rapid.IntRange(0, len(s[key])-1).Draw(t, "byte")
		s[key][at] ^= byte(rapid.IntRange(1, 255).Draw(t, "change"))
		root, err := tlog.Audit(tlog.Checkpoint{Root: tlog.EmptyRoot()}, size, s.read, nil)
		if err == nil || root == good.Root {
			t.Fatalf("byte %d of %s was changed: root %s, %v", at, tile.Path(), root, err)
		}
	})
}

// An entry changed together with all hashes above it gives another root: the tiles agree with each other, the signed
// root does not.
func TestAuditOfForgedTreeGivesAnotherRoot(t *testing.T) {
	s := shelf{}
	good := grow(t, s, 0, 300)
	forged := shelf{}
	b, _ := tlog.NewBuilder(0, nil)
	for i := range int64(300) {
		e := entry(i)
		if i == 17 {
			e = []byte("another")
		}
		if err := b.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	forged.put(b.TakeFull())
	forged.put(b.Partial())
	root, err := tlog.Audit(tlog.Checkpoint{Root: tlog.EmptyRoot()}, 300, forged.read, nil)
	if err != nil || root == good.Root {
		t.Fatalf("forged tree: %s, %v", root, err)
	}
}

func TestProofRoundTrip(t *testing.T) {
	skey, vkey, err := tlog.GenerateKey(rand.Reader, "a.example/log")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := tlog.VerifierKey(skey); err != nil || again != vkey {
		t.Fatalf("VerifierKey = %s, %v, want %s", again, err, vkey)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	s := shelf{}
	c := grow(t, s, 0, 300)
	signed, err := tlog.SignCheckpoint(c, signer)
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := tlog.ProveInclusion(c, 42, s.read)
	if err != nil {
		t.Fatal(err)
	}
	for _, extra := range [][]byte{nil, {}, []byte("extra")} {
		text := tlog.Proof{Extra: extra, Index: 42, Hashes: hashes, Checkpoint: signed}.Format()
		p, err := tlog.ParseProof(text)
		if err != nil {
			t.Fatalf("%v in:\n%s", err, text)
		}
		if got, err := p.Verify(entry(42), vkey); err != nil || got != c {
			t.Errorf("Verify = %+v, %v", got, err)
		}
		if _, err := p.Verify(entry(43), vkey); err == nil {
			t.Error("another entry verifies")
		}
	}
}

func TestProofOfOne(t *testing.T) {
	text := tlog.Proof{Checkpoint: []byte("o\n1\nx\n\n— o y\n")}.Format()
	want := "c2sp.org/tlog-proof@v1\nindex 0\n\no\n1\nx\n\n— o y\n"
	if string(text) != want {
		t.Fatalf("got %q, want %q", text, want)
	}
	if _, err := tlog.ParseProof(text); err != nil {
		t.Fatal(err)
	}
}

func FuzzParseProof(f *testing.F) {
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 0\n\no\n1\nx\n\n— o y\n"))
	f.Add([]byte("c2sp.org/tlog-proof@v1\nextra eA==\nindex 7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\no\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := tlog.ParseProof(data)
		if err == nil && !bytes.Equal(p.Format(), data) {
			t.Fatalf("%q is not the form of %+v", data, p)
		}
	})
}

func TestVerifierKeyRefuses(t *testing.T) {
	for _, key := range []string{"", "PRIVATE+KEY+a+00000000+AAAA", "a+00000000+AAAA"} {
		if got, err := tlog.VerifierKey(key); err == nil {
			t.Errorf("VerifierKey(%q) = %q", key, got)
		}
	}
}

func FuzzOpenCheckpoint(f *testing.F) {
	skey, vkey, err := tlog.GenerateKey(rand.Reader, "a.example/log")
	if err != nil {
		f.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		f.Fatal(err)
	}
	want := tlog.Checkpoint{Origin: "a.example/log", Size: 7, Root: tlog.EmptyRoot()}
	good, err := tlog.SignCheckpoint(want, signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, err := tlog.OpenCheckpoint(data, vkey); err == nil && c != want {
			t.Fatalf("a checkpoint that was never signed opens: %+v", c)
		}
	})
}

func BenchmarkBuilder(b *testing.B) {
	leaf := tlog.NewLeaf("record", time.Unix(0, 0), tlog.Hash{})
	tree, _ := tlog.NewBuilder(0, nil)
	for b.Loop() {
		if err := tree.Add(leaf); err != nil {
			b.Fatal(err)
		}
		tree.TakeFull()
	}
}
