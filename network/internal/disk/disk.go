// Package disk tells how much room is left where a state directory lies. It is for Linux.
package disk

import (
	"fmt"
	"syscall"
)

// Bounds below which a disk counts as almost full: the nodes' ledgers and the database's log grow by some megabytes a
// minute under load, and stop their processes when they no longer can.
const (
	leastFree  = 1 << 30
	leastShare = 50 // one part in so many
)

// Space is the room on the file system that holds a path.
type Space struct {
	Path  string `json:"path"`
	Free  uint64 `json:"free_bytes"` // for a process that is not root
	Total uint64 `json:"total_bytes"`

	device uint64
}

// Of looks at the file systems that hold the paths, at each once. A path that is not there is left out.
func Of(paths ...string) []Space {
	var spaces []Space
	seen := map[uint64]bool{}
	for _, path := range paths {
		space, err := look(path)
		if err != nil || seen[space.device] {
			continue
		}
		seen[space.device] = true
		spaces = append(spaces, space)
	}
	return spaces
}

func look(path string) (Space, error) {
	var stat syscall.Stat_t
	err := syscall.Stat(path, &stat)
	if err != nil {
		return Space{}, fmt.Errorf("look at path: %w", err)
	}
	var fs syscall.Statfs_t
	err = syscall.Statfs(path, &fs)
	if err != nil {
		return Space{}, fmt.Errorf("look at file system: %w", err)
	}
	block := uint64(fs.Bsize)
	return Space{Path: path, Free: fs.Bavail * block, Total: fs.Blocks * block, device: stat.Dev}, nil
}

// Low reports whether the disk is full or almost.
func (s Space) Low() bool { return s.Free < leastFree || s.Free < s.Total/leastShare }

// String names the path and the room in words.
func (s Space) String() string {
	state := "has"
	switch {
	case s.Free < 1<<20:
		state = "is full:"
	case s.Low():
		state = "is almost full:"
	}
	return fmt.Sprintf("disk of %s %s %s of %s free", s.Path, state, size(s.Free), size(s.Total))
}

func size(bytes uint64) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%d MiB", bytes>>20)
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}
