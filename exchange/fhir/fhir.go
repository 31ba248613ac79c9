// Package fhir reads FHIR R4 resources: it decodes and validates JSON, says who and what a resource is about, and
// replaces ids, metadata and references in it.
//
// The received bytes are the truth. A resource is never turned into Go values and written out again: replacing is
// cutting and inserting bytes, so that whitespace, member order, decimals such as 1.00 and everything else stay exactly
// as the sender wrote them.
//
// The rules come from HL7's published definitions (FHIR R4 4.0.1, https://hl7.org/fhir/R4, licence CC0), packed into
// r4.txt.gz by internal/gen. The package does no I/O and reads no clock. What it says about faults names elements and
// rules, never values, since values are clinical content.
package fhir

// Resource is one valid or faulty resource inside a document.
type Resource struct {
	Type string // a type that R4 defines; "" when it is not known
	ID   string // as sent; "" when absent

	doc  *document
	node int32   // the resource's object
	refs []int32 // string nodes of Reference.reference
	uris []int32 // string nodes of uri, url, oid and uuid
	divs []int32 // string nodes of narratives
}

// Bytes returns the resource exactly as received.
func (r *Resource) Bytes() []byte { return r.doc.raw(r.node) }

// Decode reads and validates one resource. The resource is nil when the text is not JSON or names no type that R4
// knows; otherwise it is usable unless issues.Failed().
func Decode(src []byte) (*Resource, Issues) {
	doc, err := parseJSON(src)
	if err != nil {
		return nil, Issues{syntaxIssue(err)}
	}
	v := validator{doc: doc, tables: definitions()}
	r := v.resource(0, false)
	return r, v.issues
}

// Reread reads a resource that was validated before it was stored, and validates nothing: it says what it is, whom it
// is about and by what it is identified. False when it is no JSON or not of a type that R4 knows.
func Reread(stored []byte) (*Resource, bool) {
	doc, err := parseJSON(stored)
	if err != nil {
		return nil, false
	}
	r := &Resource{Type: doc.str(0, "resourceType"), ID: doc.str(0, "id"), doc: doc}
	return r, Known(r.Type)
}

// Known reports whether R4 defines a resource type of this name.
func Known(resourceType string) bool {
	s := definitions().structures[resourceType]
	return s != nil && s.kind == 'r'
}
