// Package durable replaces files so that a power cut leaves the old content or the new, never half of one or nothing.
// It does no more than that: what is in the files is their writers' business.
package durable

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile writes a file that only its owner may read, and the directories above it. A file that has this content
// already is left alone: most of what a start renders is as the last start left it, and each write waits for the disk.
func WriteFile(path string, content []byte) error {
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	return Replace(path, content, 0o600)
}

// Replace puts content in the place of a file, or makes it, in a directory that must be there.
func Replace(path string, content []byte, mode os.FileMode) error {
	info, err := os.Lstat(path)
	if err == nil && info.Mode() == mode {
		present, err := os.ReadFile(path)
		if err == nil && bytes.Equal(present, content) {
			return nil
		}
	}
	temporary, err := write(path, content, mode)
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		// On a full disk it would take the room that others need.
		_ = os.Remove(temporary) //nolint:errcheck // the error that led here says more
		return fmt.Errorf("write file: %w", err)
	}
	err = syncDirectory(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}

// write puts content into a new file beside path, and returns its name when all of it is on the disk: a rename that got
// there before the content would leave an empty file.
func write(path string, content []byte, mode os.FileMode) (string, error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".new-")
	if err != nil {
		return "", err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Chmod(mode)
	}
	if err == nil {
		err = file.Sync()
	}
	return file.Name(), errors.Join(err, file.Close())
}

// syncDirectory makes a rename last.
func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
