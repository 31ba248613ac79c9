package fhir

import (
	"slices"
	"strings"
)

// Reference is what a Reference.reference may be, taken apart.
type Reference struct {
	Local   string // "x" of #x; "#" alone gives "" with Self set
	Self    bool
	Base    string // "http://…/" of an absolute address of a resource; "" when relative
	Type    string
	ID      string
	Version string
	Query   string // of a conditional reference, Type?Query
	Other   string // urn:uuid:…, urn:oid:… or another absolute address
}

// ParseReference takes a literal reference apart. It reports false for what R4 does not allow.
func ParseReference(text string) (Reference, bool) {
	if rest, ok := strings.CutPrefix(text, "#"); ok {
		return Reference{Local: rest, Self: rest == ""}, rest == "" || validID([]byte(rest))
	}
	if !validURI([]byte(text)) {
		return Reference{}, false
	}
	if strings.HasPrefix(text, "urn:") {
		return Reference{Other: text}, len(text) > 4
	}
	if typ, query, ok := strings.Cut(text, "?"); ok && Known(typ) {
		return Reference{Type: typ, Query: query}, query != ""
	}
	absolute := strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
	parts := strings.Split(text, "/")
	ref := Reference{}
	if n := len(parts); n >= 4 && parts[n-2] == "_history" {
		ref.Version = parts[n-1]
		parts = parts[:n-2]
	}
	n := len(parts)
	if n < 2 || !Known(parts[n-2]) || !validID([]byte(parts[n-1])) {
		return Reference{Other: text}, absolute || strings.Contains(text, ":")
	}
	ref.Type, ref.ID = parts[n-2], parts[n-1]
	if n == 2 {
		return ref, ref.Version == "" || validID([]byte(ref.Version))
	}
	ref.Base = strings.Join(parts[:n-2], "/") + "/"
	return ref, absolute
}

// target checks a Reference object: the literal's form, that a local one leads somewhere, and that the type is one of
// those allowed.
func (v *validator) target(i int32, p *property) {
	c := v.doc.member(i, "reference")
	if c == 0 || v.doc.nodes[c].kind != kindString {
		return
	}
	v.current.refs = append(v.current.refs, c)
	ref, ok := ParseReference(string(v.doc.text(c)))
	typ := ref.Type
	switch {
	case !ok:
		v.fault(
			CodeValue,
			"The reference is not one: Type/id, #id of a contained resource, urn:uuid or an absolute address is wanted.",
		)
		return
	case ref.Self:
		if !v.within {
			v.fault(
				CodeInvariant, "The reference # leads to the containing resource and may stand in a contained one only (ref-1).",
			)
		}
		return
	case ref.Local != "":
		if typ, ok = v.contained[ref.Local]; !ok {
			v.fault(CodeInvariant, "The local reference leads to no contained resource (ref-1).")
			return
		}
	}
	if typ != "" && p.targets != nil && !slices.Contains(p.targets, typ) {
		v.fault(CodeValue, "The reference leads to a type that is not allowed here.")
	}
}
