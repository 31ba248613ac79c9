package durable

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestReplaceLeavesNothingElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "status.json")
	for _, content := range []string{"a first text", "shorter"} {
		err := Replace(path, []byte(content), 0o644)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != content {
			t.Errorf("got %q, %v", got, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v, %v: want the file alone", entries, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o644 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

// A write that fails, here in its last step, must leave what was there and nothing beside it.
func TestFailedWriteLeavesAllAsItWas(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	err := os.MkdirAll(filepath.Join(path, "in-the-way"), 0o700)
	if err != nil {
		t.Fatal(err)
	}
	err = WriteFile(path, []byte("new"))
	entries, readErr := os.ReadDir(dir)
	if err == nil || readErr != nil || len(entries) != 1 {
		t.Errorf("error %v, files %v, %v", err, entries, readErr)
	}
}

// Two that write at once must not take each other's unfinished file.
func TestWritersAtTheSameTime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "database.url")
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			err := WriteFile(path, []byte(strings.Repeat(strconv.Itoa(n), 100)))
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got, err := os.ReadFile(path)
	if err != nil || len(got) != 100 {
		t.Errorf("got %s, %v", got, err)
	}
}

func TestSameContentIsNotWrittenAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "orgs", "donghu", "gateway.yaml")
	err := WriteFile(path, []byte("listen: x\n"))
	if err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-time.Hour)
	err = os.Chtimes(path, long, long)
	if err != nil {
		t.Fatal(err)
	}
	err = WriteFile(path, []byte("listen: x\n"))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || time.Since(info.ModTime()) < time.Minute {
		t.Errorf("written again at %v, %v", info.ModTime(), err)
	}
}

// Status is written into a directory that somebody may have removed: it must not come back with one file in it.
func TestReplaceMakesNoDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "removed", "status.json")
	err := Replace(path, []byte("{}"), 0o644)
	_, statErr := os.Stat(filepath.Dir(path))
	if err == nil || statErr == nil {
		t.Errorf("error %v, directory %v", err, statErr)
	}
}
