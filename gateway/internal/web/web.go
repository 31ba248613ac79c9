// Package web holds the rooms of the pages for people, and nothing of its own: site is the shell, view what several
// audiences show, and each kind of reader has a package. gateway/wire_web.go puts them together.
package web
