package site

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// OwnPath returns path where it is an address on this host, and the start page where a browser could read it as
// another's: two slashes begin a host's name, browsers take a backslash for a slash, and drop tabs and line ends before
// they look. Every link that is made of a request's own address goes through here.
func OwnPath(path string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || !utf8.ValidString(path) {
		return "/"
	}
	if strings.ContainsFunc(path, func(r rune) bool { return r == '\\' || unicode.IsControl(r) }) {
		return "/"
	}
	return path
}
