package fhir

import (
	"bytes"
	"slices"
	"strconv"
	"time"
)

// Edit says what to replace in a resource. Zero fields leave what is there.
type Edit struct {
	ID      string                      // replaces or adds id
	Version int                         // replaces or adds meta.versionId
	Updated time.Time                   // replaces or adds meta.lastUpdated, in UTC and milliseconds
	Link    func(string) (string, bool) // gives the new text of a reference or address, if it has one
}

// cut is one replacement of bytes.
type cut struct {
	start, end int32
	text       string
}

// Splice returns the resource's bytes with the edit made in them. All other bytes are as received. The resource must be
// valid.
func (r *Resource) Splice(e Edit) []byte {
	cuts := r.head(nil, e)
	if e.Link != nil {
		cuts = r.links(cuts, e.Link)
	}
	slices.SortStableFunc(cuts, func(a, b cut) int { return int(a.start) - int(b.start) })
	root := r.doc.nodes[r.node]
	grow := 0
	for _, c := range cuts {
		grow += len(c.text)
	}
	out := make([]byte, 0, int(root.end-root.start)+grow)
	at := root.start
	for _, c := range cuts {
		out = append(out, r.doc.src[at:c.start]...)
		out = append(out, c.text...)
		at = c.end
	}
	return append(out, r.doc.src[at:root.end]...)
}

// head makes the cuts for id and meta. What is missing is put behind resourceType, where people expect it.
func (r *Resource) head(cuts []cut, e Edit) []cut {
	meta := r.doc.member(r.node, "meta")
	var version, updated int32
	if meta != 0 {
		version, updated = r.doc.member(meta, "versionId"), r.doc.member(meta, "lastUpdated")
	}
	cuts, insert := r.set(cuts, r.doc.member(r.node, "id"), "id", e.ID)
	var added, more string
	if e.Version > 0 {
		cuts, added = r.set(cuts, version, "versionId", strconv.Itoa(e.Version))
	}
	if !e.Updated.IsZero() {
		cuts, more = r.set(cuts, updated, "lastUpdated", Instant(e.Updated))
	}
	added += more
	if added != "" && meta != 0 {
		at := r.doc.nodes[meta].start + 1
		cuts = append(cuts, cut{at, at, added[1:] + ","})
	} else if added != "" {
		insert += `,"meta":{` + added[1:] + `}`
	}
	if insert != "" {
		at := r.doc.nodes[r.doc.member(r.node, "resourceType")].end
		cuts = append(cuts, cut{at, at, insert})
	}
	return cuts
}

// set makes the cut that gives the member at i a text; where there is none (0), it returns what has to be put in, with
// a comma before it. An empty text sets nothing.
func (r *Resource) set(cuts []cut, i int32, name, text string) ([]cut, string) {
	if text == "" {
		return cuts, ""
	}
	if i != 0 {
		return append(cuts, r.replace(i, text)), ""
	}
	return cuts, `,"` + name + `":"` + text + `"`
}

// replace puts a text that needs no escaping in the place of a string.
func (r *Resource) replace(i int32, text string) cut {
	return cut{r.doc.nodes[i].start + 1, r.doc.nodes[i].end - 1, text}
}

// links makes the cuts for references and addresses that link has a new text for.
func (r *Resource) links(cuts []cut, link func(string) (string, bool)) []cut {
	for _, list := range [][]int32{r.refs, r.uris} {
		for _, i := range list {
			if to, ok := link(string(r.doc.text(i))); ok {
				cuts = append(cuts, r.replace(i, to))
			}
		}
	}
	for _, i := range r.divs {
		cuts = r.narrativeLinks(cuts, i, link)
	}
	return cuts
}

// narrativeLinks finds the addresses in href and src of a narrative. They are replaced only where they stand in JSON
// without escapes.
func (r *Resource) narrativeLinks(cuts []cut, i int32, link func(string) (string, bool)) []cut {
	raw := r.doc.raw(i)
	base := r.doc.nodes[i].start
	for _, opening := range []string{`href=\"`, `src=\"`, `href='`, `src='`} {
		closing := opening[len(opening)-1:]
		if closing == `"` {
			closing = `\"`
		}
		for at := 0; ; {
			k := bytes.Index(raw[at:], []byte(opening))
			if k < 0 {
				break
			}
			at += k + len(opening)
			end := bytes.Index(raw[at:], []byte(closing))
			if end < 0 {
				break
			}
			if to, ok := link(string(raw[at : at+end])); ok {
				cuts = append(cuts, cut{base + int32(at), base + int32(at+end), to})
			}
			at += end
		}
	}
	return cuts
}

// Instant writes a time as meta.lastUpdated has it: UTC, milliseconds.
func Instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
