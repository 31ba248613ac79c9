package fhir

import (
	"strconv"
	"strings"
)

// maxIssues bounds what one document can make us say.
const maxIssues = 100

// validator walks one document beside the tables. It belongs to one call.
type validator struct {
	doc    *document
	tables *tables
	issues Issues
	path   []segment

	current   *Resource         // the resource being read, contained ones included in it
	contained map[string]string // the contained resources of current: id to type
	within    bool              // reading one of them
	envelope  bool              // a bundle's envelope is read: its entries' resources are kept for later
}

type segment struct {
	name  string
	index int // -1 when not in an array
}

func (v *validator) push(name string, index int) { v.path = append(v.path, segment{name, index}) }
func (v *validator) pop()                        { v.path = v.path[:len(v.path)-1] }

// expression writes the place as FHIRPath has it.
func (v *validator) expression() string {
	var b strings.Builder
	for i, s := range v.path {
		if i > 0 && s.name != "" {
			b.WriteByte('.')
		}
		b.WriteString(s.name)
		if s.index >= 0 {
			b.WriteByte('[')
			b.WriteString(strconv.Itoa(s.index))
			b.WriteByte(']')
		}
	}
	return b.String()
}

func (v *validator) report(severity Severity, code, words string) {
	if len(v.issues) == maxIssues {
		v.issues = append(
			v.issues,
			Issue{Severity: SeverityError, Code: CodeTooLong, Diagnostics: "There are more faults than are listed here."},
		)
	}
	if len(v.issues) > maxIssues {
		return
	}
	v.issues = append(v.issues, Issue{Severity: severity, Code: code, Diagnostics: words, Expression: v.expression()})
}

func (v *validator) fault(code, words string) { v.report(SeverityError, code, words) }

// resource reads a resource of any type. It returns nil when the type is not known.
func (v *validator) resource(i int32, contained bool) *Resource {
	s := v.typeOf(i)
	if s == nil {
		return nil
	}
	if len(v.path) == 0 {
		v.push(s.name, -1)
		defer v.pop()
	}
	if contained {
		v.object(i, s)
		return nil
	}
	r := &Resource{Type: s.name, doc: v.doc, node: i}
	v.current = r
	v.contained = v.containedTypes(i)
	v.object(i, s)
	r.ID = v.doc.str(i, "id")
	return r
}

// containedTypes lists the contained resources of a resource: id to type.
func (v *validator) containedTypes(i int32) map[string]string {
	c := v.doc.member(i, "contained")
	if c == 0 {
		return nil
	}
	types := map[string]string{}
	for n := v.doc.nodes[c].child; n != 0; n = v.doc.nodes[n].next {
		id := v.doc.str(n, "id")
		if _, twice := types[id]; twice && id != "" {
			v.fault(CodeInvariant, "Two contained resources have the same id.")
		}
		types[id] = v.doc.str(n, "resourceType")
	}
	return types
}

func (v *validator) typeOf(i int32) *structure {
	if v.doc.nodes[i].kind != kindObject {
		v.fault(CodeStructure, "A FHIR resource is a JSON object.")
		return nil
	}
	c := v.doc.member(i, "resourceType")
	if c == 0 || v.doc.nodes[c].kind != kindString {
		v.fault(CodeStructure, "The resource has no resourceType, so that nobody can tell what it is.")
		return nil
	}
	s := v.tables.structures[string(v.doc.text(c))]
	if s == nil || s.kind != 'r' {
		v.fault(CodeNotSupported, "The resourceType is not one that FHIR R4 defines (upper and lower case count).")
		return nil
	}
	return s
}

// bits mark elements of one structure.
type bits [maxElements / 64]uint64

func (b *bits) has(i int) bool { return b[i>>6]&(1<<(i&63)) != 0 }
func (b *bits) set(i int)      { b[i>>6] |= 1 << (i & 63) }

// object checks an object against a structure.
func (v *validator) object(i int32, s *structure) {
	n := &v.doc.nodes[i]
	if n.kind != kindObject {
		v.fault(CodeStructure, "An object in curly brackets is wanted here.")
		return
	}
	if n.child == 0 {
		v.fault(CodeStructure, "An empty object is not allowed: leave the element out.")
		return
	}
	var seen, extended bits
	typed := false
	for c := n.child; c != 0 && len(v.issues) <= maxIssues; c = v.doc.nodes[c].next {
		key := v.doc.key(c)
		if len(key) > 1 && key[0] == '_' {
			v.extension(i, c, s, key, &extended)
			continue
		}
		p := s.props[string(key)]
		if p == nil && s.kind == 'r' && string(key) == "resourceType" {
			if typed {
				v.fault(CodeStructure, "resourceType stands here twice.")
			}
			typed = true
			continue
		}
		if p == nil {
			v.unknown(s, key)
			continue
		}
		v.push(p.name, -1)
		v.once(i, c, key, p, &seen, s)
		v.member(i, c, p)
		v.pop()
	}
	v.missing(i, s, &seen, &extended)
	v.apply(i, s.rules)
}

// unknown reports an element that the structure has not. Its name is repeated only when it looks like one.
func (v *validator) unknown(s *structure, key []byte) {
	for _, c := range key {
		if len(key) > 40 || !alphanumeric(c) && c != '_' {
			v.fault(CodeStructure, s.name+" has no element of this name.")
			return
		}
	}
	v.fault(CodeStructure, s.name+" has no element "+string(key)+".")
}

// once marks the element of c and reports a repeated name or a second type of the same choice.
func (v *validator) once(object, c int32, key []byte, p *property, seen *bits, s *structure) {
	if p.never {
		v.fault(CodeStructure, "This element is not allowed here.")
	}
	if !seen.has(p.element) {
		seen.set(p.element)
		return
	}
	for o := v.doc.nodes[object].child; o != c; o = v.doc.nodes[o].next {
		if string(v.doc.key(o)) == string(key) {
			v.fault(CodeStructure, "The element stands here twice.")
			return
		}
	}
	v.fault(CodeStructure, "Only one of the types of "+s.elements[p.element].name+"[x] may be given.")
}

func (v *validator) missing(i int32, s *structure, seen, extended *bits) {
	for e := range s.elements {
		if s.elements[e].required && !seen.has(e) && !extended.has(e) {
			v.fault(CodeRequired, s.name+" must have the element "+s.elements[e].name+".")
		}
	}
}

// member checks the value of one known member of an object: one or many.
func (v *validator) member(object, c int32, p *property) {
	n := &v.doc.nodes[c]
	if !p.many {
		if n.kind == kindArray {
			v.fault(CodeStructure, "One value is wanted here, not an array.")
			return
		}
		v.value(c, p)
		return
	}
	if n.kind != kindArray {
		v.fault(CodeStructure, "The element may repeat, so an array in square brackets is wanted here.")
		return
	}
	if n.child == 0 {
		v.fault(CodeStructure, "An empty array is not allowed: leave the element out.")
		return
	}
	v.items(object, c, p)
}

// items checks the places of the array at c. A null may stand among primitives where an extension stands for the value.
func (v *validator) items(object, c int32, p *property) {
	last := len(v.path) - 1
	index := 0
	var gaps []bool
	for item := v.doc.nodes[c].child; item != 0 && len(v.issues) <= maxIssues; item = v.doc.nodes[item].next {
		v.path[last].index = index
		if v.doc.nodes[item].kind == kindNull && p.format != nil {
			if gaps == nil {
				gaps = v.gaps(object, c)
			}
			if index < len(gaps) && gaps[index] {
				index++
				continue
			}
		}
		v.value(item, p)
		index++
	}
	v.path[last].index = -1
}

// gaps tells for each place of an array of primitives whether an extension beside it may stand for a missing value.
func (v *validator) gaps(object, c int32) []bool {
	gaps := []bool{}
	beside := v.doc.member(object, "_"+string(v.doc.key(c)))
	if beside == 0 {
		return gaps
	}
	for item := v.doc.nodes[beside].child; item != 0; item = v.doc.nodes[item].next {
		gaps = append(gaps, v.doc.nodes[item].kind == kindObject)
	}
	return gaps
}

// value checks one value by what its property may hold.
func (v *validator) value(i int32, p *property) {
	switch {
	case p.format != nil:
		v.primitive(i, p)
	case p.content == anyResource:
		v.nested(i)
	default:
		v.object(i, p.typ)
		if p.content == reference {
			v.target(i, p)
		}
	}
}

// nested reads a resource inside another one: contained, an entry of a bundle, or a parameter.
func (v *validator) nested(i int32) {
	if v.envelope && len(v.path) == 3 && v.path[1].name == "entry" && v.path[2].name == "resource" {
		return // DecodeBundle reads the entries itself
	}
	if v.path[len(v.path)-1].name == "contained" {
		if v.within {
			v.fault(CodeInvariant, "A contained resource may not contain others (dom-2).")
			return
		}
		v.within = true
		v.resource(i, true)
		v.within = false
		return
	}
	// A resource in a bundle or in parameters has its own contained resources.
	current, contained, within := v.current, v.contained, v.within
	v.within = false
	if r := v.resource(i, false); r != nil && current != nil {
		current.refs = append(current.refs, r.refs...)
	}
	v.current, v.contained, v.within = current, contained, within
}

func (v *validator) primitive(i int32, p *property) {
	n := &v.doc.nodes[i]
	f := p.format
	if n.kind != f.json && (f.json != kindTrue || n.kind != kindFalse) {
		v.fault(CodeStructure, "The JSON type is wrong: "+f.name+" wants "+f.words+".")
		return
	}
	if f.valid == nil {
		return
	}
	text := v.doc.raw(i)
	if n.kind == kindString {
		text = v.doc.text(i)
	}
	if !f.valid(text) {
		v.fault(CodeValue, "The value is not a valid "+f.name+": "+f.words+".")
		return
	}
	if p.codes != nil {
		if _, ok := p.codes[string(text)]; !ok {
			v.fault(CodeCodeInvalid, "The code is not one that FHIR R4 allows here.")
		}
	}
	switch {
	case f.linked:
		v.current.uris = append(v.current.uris, i)
	case f.name == "xhtml":
		v.current.divs = append(v.current.divs, i)
	}
}

// extension checks a member such as _birthDate, which carries the id and extensions of the primitive beside it.
func (v *validator) extension(object, c int32, s *structure, key []byte, extended *bits) {
	p := s.props[string(key[1:])]
	if p == nil || p.format == nil {
		v.unknown(s, key)
		return
	}
	v.push(p.name, -1)
	defer v.pop()
	if extended.has(p.element) {
		v.fault(CodeStructure, "The extension of the element stands here twice, or for two types of a choice.")
		return
	}
	extended.set(p.element)
	sibling := v.doc.member(object, string(key[1:]))
	if sibling == 0 && s.elements[p.element].choice {
		for o := v.doc.nodes[object].child; o != 0; o = v.doc.nodes[o].next {
			if q := s.props[string(v.doc.key(o))]; q != nil && q.element == p.element {
				v.fault(CodeStructure, "The extension belongs to another type of the choice than the value.")
			}
		}
	}
	if !p.many {
		v.object(c, v.tables.structures["Element"])
		return
	}
	v.extensions(c, sibling)
}

// extensions checks an array of extensions against the array of values beside it (0: there is none).
func (v *validator) extensions(c, sibling int32) {
	n := &v.doc.nodes[c]
	if n.kind != kindArray || n.child == 0 {
		v.fault(CodeStructure, "The element may repeat, so its extensions stand in an array with one place for each value.")
		return
	}
	if sibling != 0 && v.count(sibling) != v.count(c) {
		v.fault(CodeStructure, "Values and their extensions must be equally many: null fills the gaps.")
		return
	}
	index := 0
	for item := n.child; item != 0 && len(v.issues) <= maxIssues; item = v.doc.nodes[item].next {
		v.path[len(v.path)-1].index = index
		switch {
		case v.doc.nodes[item].kind != kindNull:
			v.object(item, v.tables.structures["Element"])
		case sibling == 0:
			v.fault(CodeStructure, "A null is allowed only where the value stands beside it.")
		}
		index++
	}
}

// count returns the number of an array's places.
func (v *validator) count(array int32) int {
	k := 0
	for c := v.doc.nodes[array].child; c != 0; c = v.doc.nodes[c].next {
		k++
	}
	return k
}
