package fhir

import (
	"unicode/utf16"
	"unicode/utf8"
)

// raw returns the value's bytes as they stand.
func (d *document) raw(i int32) []byte { return d.src[d.nodes[i].start:d.nodes[i].end] }

// key returns a member's name, unescaped.
func (d *document) key(i int32) []byte {
	n := &d.nodes[i]
	if n.keyEscaped {
		return unescape(d.src[n.keyStart:n.keyEnd])
	}
	return d.src[n.keyStart:n.keyEnd]
}

// text returns a string's content, unescaped.
func (d *document) text(i int32) []byte {
	n := &d.nodes[i]
	inner := d.src[n.start+1 : n.end-1]
	if n.escaped {
		return unescape(inner)
	}
	return inner
}

// member finds a member of an object; 0 when there is none or i is no object.
func (d *document) member(i int32, name string) int32 {
	if d.nodes[i].kind != kindObject {
		return 0
	}
	for c := d.nodes[i].child; c != 0; c = d.nodes[c].next {
		if string(d.key(c)) == name {
			return c
		}
	}
	return 0
}

// str returns the text of a string member; "" when there is none.
func (d *document) str(i int32, name string) string {
	c := d.member(i, name)
	if c == 0 || d.nodes[c].kind != kindString {
		return ""
	}
	return string(d.text(c))
}

// unescape undoes the escapes of a string that the parser has accepted.
func unescape(in []byte) []byte {
	out := make([]byte, 0, len(in))
	for i := 0; i < len(in); i++ {
		if in[i] != '\\' {
			out = append(out, in[i])
			continue
		}
		i++
		switch in[i] {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, _ := hex4(in, i+1)
			i += 4
			if utf16.IsSurrogate(r) {
				low, _ := hex4(in, i+3)
				r = utf16.DecodeRune(r, low)
				i += 6
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, in[i])
		}
	}
	return out
}
