package main

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"yilian.example/exchange/tlog"
)

// TestForgersChangeSomething makes sure that what the story tampers with is really changed: a step that forged nothing
// would prove nothing.
func TestForgersChangeSomething(t *testing.T) {
	file := []byte(`{"content":"e30K","statement":{"sha256":"00","v":1},"proof":"p"}`)
	for _, clever := range []bool{false, true} {
		forged, err := forge(file, clever)
		if err != nil {
			t.Fatal(err)
		}
		var was, is struct {
			Content   []byte
			Statement struct{ SHA256 string }
			Proof     string
		}
		if err := json.Unmarshal(file, &was); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(forged, &is); err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(was.Content, is.Content) || (was.Statement.SHA256 != is.Statement.SHA256) != clever ||
			is.Proof != "p" {
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
