package fhir

import (
	"bytes"
	"encoding/xml"
	"strconv"
	"strings"
	"unicode"
)

// What R4 allows in a narrative (txt-1): formatting elements and attributes, and nothing that acts. We are stricter in
// one point: an address may only have a scheme that cannot act.
var (
	narrativeElements = setOf(
		"a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 h2 h3 h4 h5 h6 hr i " +
			"img li ol p pre q samp " +
			"small span strong sub sup table tbody td tfoot th thead tr tt ul var",
	)
	narrativeAttributes = setOf(
		"abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char charoff charset " +
			"cite class colspan " +
			"compact coords dir frame headers height href hreflang hspace id lang longdesc name nowrap rel rev rowspan " +
			"rules scope shape span src start style " +
			"summary tabindex title type valign value vspace width xml:lang xml:space xml:id",
	)
	narrativeAddresses = setOf("href src cite longdesc")
	narrativeSchemes   = setOf("http https urn mailto tel data")
)

func setOf(words string) map[string]struct{} {
	set := map[string]struct{}{}
	for _, w := range bytes.Fields([]byte(words)) {
		set[string(w)] = struct{}{}
	}
	return set
}

// validNarrative checks Narrative.div: one well-formed XHTML div that shows something (txt-2) and holds only what
// narratives may hold.
func validNarrative(b []byte) bool {
	b = bytes.Trim(b, " \t\r\n")
	n := narrative{rest: b}
	for _, r := range string(b) {
		if !xmlCharacter(r) {
			return false
		}
	}
	if !bytes.HasPrefix(b, []byte("<div")) {
		return false
	}
	for len(n.rest) > 0 {
		if len(n.open) == 0 && n.begun {
			return false // something follows the div
		}
		if !n.next() {
			return false
		}
	}
	return n.begun && len(n.open) == 0 && n.shows
}

// narrative is a reader of one div.
type narrative struct {
	rest  []byte
	open  [][]byte // names of elements that are not closed yet
	begun bool
	shows bool // some text or an image
}

// next reads text up to a tag, or one tag or comment.
func (n *narrative) next() bool {
	if n.rest[0] != '<' {
		end := bytes.IndexByte(n.rest, '<')
		if end < 0 {
			return false
		}
		text := n.rest[:end]
		n.rest = n.rest[end:]
		n.shows = n.shows || len(bytes.TrimSpace(text)) > 0
		return entities(text)
	}
	if rest, ok := bytes.CutPrefix(n.rest, []byte("<!--")); ok {
		end := bytes.Index(rest, []byte("--"))
		if end < 0 || !bytes.HasPrefix(rest[end:], []byte("-->")) {
			return false
		}
		n.rest = rest[end+3:]
		return true
	}
	if rest, ok := bytes.CutPrefix(n.rest, []byte("</")); ok {
		return n.close(rest)
	}
	return n.tag()
}

// close reads the end of an element, which must be the one that was opened last.
func (n *narrative) close(rest []byte) bool {
	name, rest := cutName(rest)
	rest = bytes.TrimLeft(rest, " \t\r\n")
	if len(n.open) == 0 || !bytes.Equal(name, n.open[len(n.open)-1]) || len(rest) == 0 || rest[0] != '>' {
		return false
	}
	n.open = n.open[:len(n.open)-1]
	n.rest = rest[1:]
	return true
}

// tag reads an opening or empty element.
func (n *narrative) tag() bool {
	name, rest := cutName(n.rest[1:])
	if _, ok := narrativeElements[string(name)]; !ok || len(n.open) >= MaxDepth {
		return false
	}
	n.shows = n.shows || string(name) == "img"
	named := n.begun // the root, and it alone, has to name the namespace of XHTML
	n.begun = true
	var seen [][]byte
	for {
		trimmed := bytes.TrimLeft(rest, " \t\r\n")
		if after, ok := bytes.CutPrefix(trimmed, []byte(">")); ok {
			n.open = append(n.open, name)
			n.rest = after
			return named
		}
		if after, ok := bytes.CutPrefix(trimmed, []byte("/>")); ok {
			n.rest = after
			return named
		}
		if len(trimmed) == len(rest) {
			return false // no space before the attribute
		}
		key, value, after, ok := attribute(trimmed)
		if !ok || containsName(seen, key) || !attributeAllowed(key, value) {
			return false
		}
		seen = append(seen, key)
		named = named || string(key) == "xmlns"
		rest = after
	}
}

func containsName(list [][]byte, name []byte) bool {
	for _, one := range list {
		if bytes.Equal(one, name) {
			return true
		}
	}
	return len(list) > 32 // no honest element has as many attributes
}

func attributeAllowed(key, value []byte) bool {
	if string(key) == "xmlns" {
		return string(value) == "http://www.w3.org/1999/xhtml"
	}
	if _, ok := narrativeAttributes[string(key)]; !ok {
		return false
	}
	_, address := narrativeAddresses[string(key)]
	return !address || harmless(value)
}

// harmless reports whether an address cannot act: it is relative, or of a harmless scheme, and written without tricks.
func harmless(value []byte) bool {
	end := bytes.IndexAny(value, ":/?#")
	if end < 0 || value[end] != ':' {
		// An entity could hide a colon.
		if end < 0 {
			end = len(value)
		}
		return bytes.IndexByte(value[:end], '&') < 0
	}
	scheme := string(bytes.ToLower(value[:end]))
	if _, ok := narrativeSchemes[scheme]; !ok {
		return false
	}
	return scheme != "data" || bytes.HasPrefix(bytes.ToLower(value), []byte("data:image/"))
}

// cutName reads a name of lower-case letters, digits and colon.
func cutName(b []byte) (name, rest []byte) {
	k := 0
	for k < len(b) && (b[k] >= 'a' && b[k] <= 'z' || b[k] >= '0' && b[k] <= '9' || b[k] == ':') {
		k++
	}
	return b[:k], b[k:]
}

// attribute reads name="value".
func attribute(b []byte) (key, value, rest []byte, ok bool) {
	key, rest = cutName(b)
	rest = bytes.TrimLeft(rest, " \t\r\n")
	if len(key) == 0 || len(rest) == 0 || rest[0] != '=' {
		return nil, nil, nil, false
	}
	rest = bytes.TrimLeft(rest[1:], " \t\r\n")
	if len(rest) < 2 || rest[0] != '"' && rest[0] != '\'' {
		return nil, nil, nil, false
	}
	end := bytes.IndexByte(rest[1:], rest[0])
	if end < 0 {
		return nil, nil, nil, false
	}
	value = rest[1 : 1+end]
	return key, value, rest[end+2:], bytes.IndexByte(value, '<') < 0 && entities(value)
}

// entities reports whether every ampersand begins an entity of HTML 4 or names a character that XML allows.
func entities(text []byte) bool {
	for {
		k := bytes.IndexByte(text, '&')
		if k < 0 {
			return true
		}
		text = text[k+1:]
		end := bytes.IndexByte(text, ';')
		if end < 1 || end > 10 || !entity(string(text[:end])) {
			return false
		}
		text = text[end:]
	}
}

func entity(name string) bool {
	digits, numeric := strings.CutPrefix(name, "#")
	if !numeric {
		_, known := xml.HTMLEntity[name]
		return known || name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos"
	}
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	return err == nil && n <= unicode.MaxRune && xmlCharacter(rune(n))
}

// xmlCharacter is XML 1.0's Char.
func xmlCharacter(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= 0x20 && r <= 0xd7ff || r >= 0xe000 && r <= 0xfffd ||
		r >= 0x10000 && r <= 0x10ffff
}
