package fhir

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of what is read. They are far above what real resources need and low enough that no input costs much.
const (
	MaxDepth = 64       // nested objects and arrays
	MaxNodes = 1 << 20  // values in one document: 28 bytes of memory each
	MaxBytes = 64 << 20 // of one document; the gateway's own limit is lower
)

// kind is the kind of a JSON value.
type kind uint8

const (
	kindObject kind = iota + 1
	kindArray
	kindString
	kindNumber
	kindTrue
	kindFalse
	kindNull
)

// node is one JSON value: where its bytes are, and its place in the tree. Index 0 is the root, so 0 as child or next
// means none.
type node struct {
	start, end       int32 // the value's bytes, quotes and brackets included
	keyStart, keyEnd int32 // the member's name without quotes, when the parent is an object
	child, next      int32
	kind             kind
	escaped          bool // the string value holds a backslash
	keyEscaped       bool
}

// document is a parsed JSON text. The bytes are the truth: the tree only points into them.
type document struct {
	src   []byte
	nodes []node
}

// SyntaxError says where a text stops being JSON. It carries no content.
type SyntaxError struct {
	Offset int
	What   string
}

// Error names the place and what was wrong there, never the text.
func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.What) }

var errTooLarge = errors.New("text is larger than this reader takes")

// parseJSON reads one strict RFC 8259 text: UTF-8, one value, nothing after it.
func parseJSON(src []byte) (*document, error) {
	if len(src) > MaxBytes {
		return nil, errTooLarge
	}
	if !utf8.Valid(src) {
		return nil, &SyntaxError{Offset: firstInvalid(src), What: "the text is not UTF-8"}
	}
	p := parser{src: src, nodes: make([]node, 0, 16+len(src)/24)}
	p.space()
	if _, err := p.value(0); err != nil {
		return nil, err
	}
	p.space()
	if p.at < len(src) {
		return nil, p.fail("there is text after the end of the JSON value")
	}
	return &document{src: src, nodes: p.nodes}, nil
}

func firstInvalid(src []byte) int {
	at := 0
	for at < len(src) {
		r, n := utf8.DecodeRune(src[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return at
}

type parser struct {
	src   []byte
	at    int
	nodes []node
}

func (p *parser) fail(what string) error { return &SyntaxError{Offset: p.at, What: what} }

func (p *parser) space() {
	for p.at < len(p.src) {
		switch p.src[p.at] {
		case ' ', '\n', '\r', '\t':
			p.at++
		default:
			return
		}
	}
}

// value reads the value at p.at and returns its index.
func (p *parser) value(depth int) (int32, error) {
	if depth > MaxDepth {
		return 0, p.fail(fmt.Sprintf("objects and arrays are nested more than %d deep", MaxDepth))
	}
	if len(p.nodes) >= MaxNodes {
		return 0, p.fail("the text holds too many values")
	}
	if p.at >= len(p.src) {
		return 0, p.fail("the text ends where a value is wanted")
	}
	i := int32(len(p.nodes))
	p.nodes = append(p.nodes, node{start: int32(p.at)})
	var err error
	switch c := p.src[p.at]; {
	case c == '{':
		err = p.object(i, depth)
	case c == '[':
		err = p.array(i, depth)
	case c == '"':
		p.nodes[i].kind = kindString
		p.nodes[i].escaped, err = p.str()
	case c == '-' || c >= '0' && c <= '9':
		p.nodes[i].kind = kindNumber
		err = p.number()
	case c == 't':
		err = p.word(i, "true", kindTrue)
	case c == 'f':
		err = p.word(i, "false", kindFalse)
	case c == 'n':
		err = p.word(i, "null", kindNull)
	default:
		err = p.fail("a value is wanted here")
	}
	if err != nil {
		return 0, err
	}
	p.nodes[i].end = int32(p.at)
	return i, nil
}

func (p *parser) object(i int32, depth int) error {
	p.nodes[i].kind = kindObject
	p.at++
	last := int32(0)
	for {
		p.space()
		if last == 0 && p.peek() == '}' {
			p.at++
			return nil
		}
		if p.peek() != '"' {
			return p.fail("a member name in quotes is wanted here")
		}
		keyStart := p.at + 1
		escaped, err := p.str()
		if err != nil {
			return err
		}
		keyEnd := p.at - 1
		p.space()
		if p.peek() != ':' {
			return p.fail("a colon is wanted here")
		}
		p.at++
		p.space()
		child, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		n := &p.nodes[child]
		n.keyStart, n.keyEnd, n.keyEscaped = int32(keyStart), int32(keyEnd), escaped
		last = p.link(i, last, child)
		p.space()
		switch p.peek() {
		case ',':
			p.at++
		case '}':
			p.at++
			return nil
		default:
			return p.fail("a comma or the end of the object is wanted here")
		}
	}
}

func (p *parser) array(i int32, depth int) error {
	p.nodes[i].kind = kindArray
	p.at++
	last := int32(0)
	for {
		p.space()
		if last == 0 && p.peek() == ']' {
			p.at++
			return nil
		}
		child, err := p.value(depth + 1)
		if err != nil {
			return err
		}
		last = p.link(i, last, child)
		p.space()
		switch p.peek() {
		case ',':
			p.at++
		case ']':
			p.at++
			return nil
		default:
			return p.fail("a comma or the end of the array is wanted here")
		}
	}
}

func (p *parser) link(parent, last, child int32) int32 {
	if last == 0 {
		p.nodes[parent].child = child
	} else {
		p.nodes[last].next = child
	}
	return child
}

func (p *parser) peek() byte {
	if p.at < len(p.src) {
		return p.src[p.at]
	}
	return 0
}

func (p *parser) word(i int32, word string, k kind) error {
	if !bytes.HasPrefix(p.src[p.at:], []byte(word)) {
		return p.fail("a value is wanted here")
	}
	p.nodes[i].kind = k
	p.at += len(word)
	return nil
}

// str passes over a string and reports whether it holds an escape.
func (p *parser) str() (bool, error) {
	escaped := false
	for p.at++; p.at < len(p.src); p.at++ {
		switch c := p.src[p.at]; {
		case c == '"':
			p.at++
			return escaped, nil
		case c == '\\':
			escaped = true
			if err := p.escape(); err != nil {
				return false, err
			}
		case c < 0x20:
			return false, p.fail("a control character stands in a string")
		}
	}
	return false, p.fail("a string does not end")
}

// escape passes over the escape at p.at and leaves p.at on its last byte.
func (p *parser) escape() error {
	p.at++
	switch p.peek() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return nil
	case 'u':
	default:
		return p.fail("an escape is not one that JSON knows")
	}
	r, ok := hex4(p.src, p.at+1)
	if !ok {
		return p.fail("a \\u escape wants four hexadecimal digits")
	}
	p.at += 4
	if !utf16.IsSurrogate(r) {
		return nil
	}
	if r >= 0xdc00 || p.at+2 >= len(p.src) || p.src[p.at+1] != '\\' || p.src[p.at+2] != 'u' {
		return p.fail("half of a surrogate pair stands alone")
	}
	low, ok := hex4(p.src, p.at+3)
	if !ok || low < 0xdc00 || low > 0xdfff {
		return p.fail("half of a surrogate pair stands alone")
	}
	p.at += 6
	return nil
}

func hex4(src []byte, at int) (rune, bool) {
	if at+4 > len(src) {
		return 0, false
	}
	var r rune
	for _, c := range src[at : at+4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

func (p *parser) number() error {
	if p.peek() == '-' {
		p.at++
	}
	if p.peek() == '0' {
		p.at++
	} else if p.digits() == 0 {
		return p.fail("a number wants a digit here")
	}
	if p.peek() == '.' {
		p.at++
		if p.digits() == 0 {
			return p.fail("a number wants a digit here")
		}
	}
	if c := p.peek(); c == 'e' || c == 'E' {
		p.at++
		if c := p.peek(); c == '+' || c == '-' {
			p.at++
		}
		if p.digits() == 0 {
			return p.fail("a number wants a digit here")
		}
	}
	return nil
}

func (p *parser) digits() int {
	from := p.at
	for p.at < len(p.src) && p.src[p.at] >= '0' && p.src[p.at] <= '9' {
		p.at++
	}
	return p.at - from
}
