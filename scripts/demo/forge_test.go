package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"yilian.example/exchange/evidence"
	"yilian.example/exchange/tlog"
)

// TestForgersChangeSomething makes sure that what the story tampers with is really changed: a step that forged nothing
// would prove nothing.
func TestForgersChangeSomething(t *testing.T) {
	content := []byte("{}")
	was := evidence.File{
		Type: evidence.Type, Version: evidence.Version, Content: content, Salt: make([]byte, 32), Proof: "p",
		Statement: fmt.Sprintf(`{"id":"a","kind":"reports","org":"donghu","patient":"p","recorded":"2026-11-21T00:00:00Z",`+
			`"sha256":"%x","type":"DiagnosticReport","v":1,"version":1}`, sha256.Sum256(content)),
	}
	file, err := was.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, clever := range []bool{false, true} {
		forged, err := forge(file, clever)
		if err != nil {
			t.Fatal(err)
		}
		is, err := evidence.Parse(forged)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(was.Content, is.Content) || (was.Statement != is.Statement) != clever || is.Proof != "p" {
			t.Errorf("clever %v: %s", clever, forged)
		}
	}
}

func TestChangeLeafKeepsItsShape(t *testing.T) {
	var bundle []byte
	for i := range 7 {
		var err error
		bundle, err = tlog.AppendEntry(bundle, tlog.NewLeaf("record", time.Unix(0, 0), tlog.Hash{byte(i)}))
		if err != nil {
			t.Fatal(err)
		}
	}
	changed, entry, err := changeLeaf(bundle, 7)
	if err != nil || entry != 3 || bytes.Equal(changed, bundle) {
		t.Fatalf("entry %d: %v", entry, err)
	}
	entries, err := tlog.ParseBundle(changed, 7)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tlog.ParseLeaf(entries[3]); err != nil {
		t.Errorf("the forged leaf is no leaf: %v", err)
	}
}
