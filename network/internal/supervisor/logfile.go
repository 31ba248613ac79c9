package supervisor

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// logLimit is the size at which a log file is set aside as <name>.1.
const logLimit = 32 << 20

// logFile writes the lines of one process, each with the time before it.
type logFile struct {
	mu   sync.Mutex // guards all below
	path string
	file *os.File
	size int64
	rest []byte // of a line that has not ended
	now  func() time.Time
}

func openLog(path string, now func() time.Time) (*logFile, error) {
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("look at log: %w", err)
	}
	return &logFile{path: path, file: file, size: info.Size(), now: now}, nil
}

// Write takes what a process prints. It never fails: a process must not end because its log is full.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 {
			return len(p), nil
		}
		l.line(l.rest[:i])
		l.rest = l.rest[i+1:]
	}
}

// say writes a line of the supervisor's own.
func (l *logFile) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line(fmt.Appendf(nil, "-- "+format, args...))
}

func (l *logFile) line(text []byte) {
	if l.size > logLimit {
		l.rotate()
	}
	n, err := fmt.Fprintf(l.file, "%s %s\n", l.now().UTC().Format("2006-01-02T15:04:05.000Z"), text)
	if err == nil {
		l.size += int64(n)
	}
}

func (l *logFile) rotate() {
	err := os.Rename(l.path, l.path+".1")
	if err != nil {
		return
	}
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_ = l.file.Close() //nolint:errcheck // nothing more is written to it
	l.file, l.size = file, 0
}
