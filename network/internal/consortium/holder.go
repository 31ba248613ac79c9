package consortium

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// holder names the process that listens on a port of this machine, ready to stand after the port's own name; it is
// empty where that cannot be seen, as another user's processes cannot.
func holder(port int) string {
	socket := listening(port)
	if socket == "" {
		return ""
	}
	files, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return ""
	}
	for _, file := range files {
		target, err := os.Readlink(file)
		if err != nil || target != "socket:["+socket+"]" {
			continue
		}
		process := filepath.Dir(filepath.Dir(file))
		name, err := os.ReadFile(filepath.Join(process, "comm"))
		if err == nil {
			return fmt.Sprintf(", held by process %s (%s)", filepath.Base(process), strings.TrimSpace(string(name)))
		}
	}
	return ""
}

// listening is the kernel's number of the socket that listens on a port, see proc_net_tcp(5): local address, state and
// inode are fields 2, 4 and 10, and 0A is listening.
func listening(port int) string {
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		content, err := os.ReadFile(table)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(content)) {
			fields := strings.Fields(line)
			if len(fields) > 9 && fields[3] == "0A" && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
				return fields[9]
			}
		}
	}
	return ""
}
