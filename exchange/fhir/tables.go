package fhir

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// packed is the table that internal/gen makes of HL7's definitions (FHIR R4 4.0.1, CC0).
//
//go:embed r4.txt.gz
var packed []byte

// structure is one resource type, data type or backbone element.
type structure struct {
	name     string
	kind     byte // r resource, t data type, b backbone element
	props    map[string]*property
	elements []element
	rules    []rule // what tables cannot say; nil for most
}

// element is one element of a structure; a choice such as value[x] is one element.
type element struct {
	name     string // without [x]
	choice   bool
	required bool
}

// property is one JSON member name of a structure: an element, or one type of a choice.
type property struct {
	element int // index into structure.elements
	name    string
	many    bool
	never   bool // cardinality 0..0
	format  *format
	typ     *structure
	content content
	targets []string            // types that a Reference may name; nil for any
	codes   map[string]struct{} // required value set; nil where none is listed
}

type content uint8

const (
	plain content = iota
	anyResource
	reference
)

type tables struct {
	structures map[string]*structure
}

// definitions unpacks the table once. A fault in it is a fault of the build, which every test would meet: it panics.
var definitions = sync.OnceValue(func() *tables {
	t, err := unpack(packed)
	if err != nil {
		panic(fmt.Sprintf("fhir: embedded definitions: %v", err))
	}
	return t
})

// maxElements bounds the elements of a structure: two words of bits mark those that were seen.
const maxElements = 128

func unpack(packed []byte) (*tables, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	t := &tables{structures: map[string]*structure{}}
	u := unpacker{tables: t}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := u.line(lines.Text()); err != nil {
			return nil, err
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	for _, p := range u.pending {
		if p.property.typ = t.structures[p.typ]; p.property.typ == nil {
			return nil, fmt.Errorf("type %s is not defined", p.typ)
		}
	}
	for name, list := range rules {
		if t.structures[name] == nil {
			return nil, fmt.Errorf("rule for %s, which is not defined", name)
		}
		t.structures[name].rules = list
	}
	return t, nil
}

type unpacker struct {
	tables  *tables
	sets    []map[string]struct{}
	current *structure
	pending []struct {
		property *property
		typ      string
	}
}

func (u *unpacker) line(line string) error {
	fields := strings.Split(line, " ")
	switch {
	case fields[0] == "V":
		set := make(map[string]struct{}, len(fields)-1)
		for _, code := range fields[1:] {
			set[code] = struct{}{}
		}
		u.sets = append(u.sets, set)
	case fields[0] == "S" && len(fields) == 3:
		u.current = &structure{name: fields[1], kind: fields[2][0], props: map[string]*property{}}
		u.tables.structures[fields[1]] = u.current
	case len(fields) == 5 && u.current != nil:
		return u.element(fields)
	default:
		return fmt.Errorf("line of unknown form in %d fields", len(fields))
	}
	return nil
}

func (u *unpacker) element(fields []string) error {
	name, choice := strings.CutSuffix(fields[0], "[x]")
	s := u.current
	s.elements = append(s.elements, element{name: name, choice: choice, required: fields[1] != "0"})
	if len(s.elements) > maxElements {
		return fmt.Errorf("%s has too many elements", s.name)
	}
	for _, typ := range strings.Split(fields[3], "|") {
		p := &property{element: len(s.elements) - 1, name: name, many: fields[2] == "*", never: fields[2] == "0"}
		typ, targets, isReference := strings.Cut(typ, "(")
		if isReference {
			p.targets = strings.Split(strings.TrimSuffix(targets, ")"), ",")
		}
		key := name
		if choice {
			key += strings.ToUpper(typ[:1]) + typ[1:]
		}
		if fields[4] != "-" {
			i, err := strconv.Atoi(fields[4])
			if err != nil || i >= len(u.sets) {
				return fmt.Errorf("%s.%s names an unknown value set", s.name, name)
			}
			p.codes = u.sets[i]
		}
		u.typed(p, typ)
		s.props[key] = p
	}
	return nil
}

func (u *unpacker) typed(p *property, typ string) {
	switch {
	case typ == "Resource":
		p.content = anyResource
		return
	case formats[typ] != nil:
		p.format = formats[typ]
		return
	case typ == "Reference":
		p.content = reference
	}
	u.pending = append(u.pending, struct {
		property *property
		typ      string
	}{p, typ})
}
