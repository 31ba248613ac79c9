package tlog_test

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"yilian.example/exchange/tlog"
)

func TestOpenCheckpointRefuses(t *testing.T) {
	const origin = "a.example/log"
	skey, vkey, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := tlog.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	want := tlog.Checkpoint{Origin: origin, Size: 20852163, Root: tlog.EmptyRoot()}
	good, err := tlog.SignCheckpoint(want, signer)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tlog.OpenCheckpoint(good, vkey); err != nil || got != want {
		t.Fatalf("OpenCheckpoint = %+v, %v", got, err)
	}
	if got, err := tlog.ReadCheckpoint(good); err != nil || got != want {
		t.Errorf("ReadCheckpoint = %+v, %v", got, err)
	}
	if _, err := tlog.SignCheckpoint(tlog.Checkpoint{Origin: "b.example/log"}, signer); err == nil {
		t.Error("a key signs another log's checkpoint")
	}
	_, otherKey, err := tlog.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tlog.OpenCheckpoint(good, otherKey); err == nil {
		t.Error("opens under another key of the same name")
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	last := bytes.LastIndexByte(good, '=') - 1 // 68 bytes leave two bits to spare in the last character but one
	slack := bytes.Clone(good)
	slack[last] = alphabet[strings.IndexByte(alphabet, good[last])^1]
	if _, err := tlog.OpenCheckpoint(slack, vkey); err == nil {
		t.Error("a signature is taken in another form of its base64")
	}
	text := want.Text()
	for name, spoilt := range map[string]string{
		"leading zero":   strings.Replace(text, "20852163", "020852163", 1),
		"sign":           strings.Replace(text, "20852163", "+20852163", 1),
		"negative":       strings.Replace(text, "20852163", "-1", 1),
		"too large":      strings.Replace(text, "20852163", "9223372036854775808", 1),
		"no size":        strings.Replace(text, "20852163\n", "", 1),
		"short root":     strings.Replace(text, "47DE", "", 1),
		"root not clean": strings.Replace(text, "U=\n", "V=\n", 1), // other padding bits, same bytes
		"another origin": strings.Replace(text, "a.example", "b.example", 1),
	} {
		if spoilt == text {
			t.Fatalf("%s: nothing was changed", name)
		}
		signed, err := note.Sign(&note.Note{Text: spoilt}, signer)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := tlog.OpenCheckpoint(signed, vkey); err == nil {
			t.Errorf("%s: opened as %+v", name, got)
		}
	}
}

func TestCheckConsistencyRefuses(t *testing.T) {
	s := shelf{}
	older := grow(t, s, 0, 300)
	newer := grow(t, s, 300, 700)
	proof, err := tlog.ProveConsistency(newer, older, s.read)
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.CheckConsistency(proof, newer, older); err != nil {
		t.Fatal(err)
	}
	empty := tlog.Checkpoint{Origin: older.Origin, Root: tlog.EmptyRoot()}
	if err := tlog.CheckConsistency(nil, newer, empty); err != nil {
		t.Errorf("from the empty tree: %v", err)
	}
	if err := tlog.CheckConsistency(nil, older, older); err != nil {
		t.Errorf("to itself: %v", err)
	}
	otherRoot, otherLog := older, older
	otherRoot.Root[0] ^= 1
	otherLog.Origin = "b.example/log"
	badEmpty := empty
	badEmpty.Root = older.Root
	for name, tc := range map[string]struct {
		proof        []tlog.Hash
		newer, older tlog.Checkpoint
	}{
		"no proof":               {nil, newer, older},
		"cut proof":              {proof[1:], newer, older},
		"smaller":                {proof, older, newer},
		"another older root":     {proof, newer, otherRoot},
		"another newer root":     {proof, tlog.Checkpoint{Origin: newer.Origin, Size: 700, Root: older.Root}, older},
		"same size, other root":  {nil, otherRoot, older},
		"same size, with proof":  {proof, older, older},
		"another log":            {proof, newer, otherLog},
		"empty tree with a root": {nil, newer, badEmpty},
		"empty tree with proof":  {proof, newer, empty},
	} {
		if err := tlog.CheckConsistency(tc.proof, tc.newer, tc.older); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestProofsRefuse(t *testing.T) {
	s := shelf{}
	c := grow(t, s, 0, 300)
	for _, index := range []int64{-1, 300} {
		if _, err := tlog.ProveInclusion(c, index, s.read); err == nil {
			t.Errorf("proves entry %d of 300", index)
		}
		if err := tlog.CheckInclusion(nil, c, index, tlog.Hash{}); err == nil {
			t.Errorf("entry %d of 300 is included", index)
		}
		if _, err := tlog.EntryAt(index, 300, s.read); err == nil {
			t.Errorf("reads entry %d of 300", index)
		}
	}
	for _, index := range []int64{0, 255, 256, 299} {
		if got, err := tlog.EntryAt(index, 300, s.read); err != nil || string(got) != string(entry(index)) {
			t.Errorf("EntryAt(%d) = %q, %v", index, got, err)
		}
	}
	if _, err := tlog.RootAt(c, 301, s.read); err == nil {
		t.Error("a root beyond the tree")
	}
	if _, err := tlog.ProveConsistency(tlog.Checkpoint{Size: 1}, c, s.read); err == nil {
		t.Error("a smaller tree is proven consistent")
	}
	s[[2]int64{0, 1}][0] ^= 1
	if _, err := tlog.ProveInclusion(c, 299, s.read); err == nil {
		t.Error("a proof is made from tiles that are not the tree's")
	}
}
