package fhir

// Bundle is a decoded bundle. Its entries' resources are validated each by itself.
type Bundle struct {
	Type    string
	Entries []Entry
}

// Entry is one entry of a bundle.
type Entry struct {
	FullURL     string
	Method      string // of request; "" when there is none
	URL         string
	IfMatch     string
	IfNoneMatch string
	IfNoneExist string
	IfModified  string
	Resource    *Resource // nil when absent or of unknown type
	Present     bool      // the entry has a resource, whether usable or not
	Issues      Issues    // of the resource
}

// DecodeBundle reads and validates a bundle. The issues returned are those of the envelope; each entry carries its own.
// The bundle is nil when the text is not JSON or no Bundle.
func DecodeBundle(src []byte) (*Bundle, Issues) {
	doc, err := parseJSON(src)
	if err != nil {
		return nil, Issues{syntaxIssue(err)}
	}
	b := &Bundle{}
	v := validator{doc: doc, tables: definitions(), envelope: true}
	s := v.typeOf(0)
	if s == nil {
		return nil, v.issues
	}
	if s.name != "Bundle" {
		v.fault(CodeStructure, "A Bundle is wanted here; send a single resource to the address of its type.")
		return nil, v.issues
	}
	v.resource(0, false)
	b.Type = doc.str(0, "type")
	entries := doc.member(0, "entry")
	if entries == 0 || doc.nodes[entries].kind != kindArray {
		return b, v.issues
	}
	for e := doc.nodes[entries].child; e != 0; e = doc.nodes[e].next {
		b.Entries = append(b.Entries, v.entry(e, len(b.Entries)))
	}
	return b, v.issues
}

func (v *validator) entry(i int32, index int) Entry {
	doc := v.doc
	request := doc.member(i, "request")
	entry := Entry{FullURL: doc.str(i, "fullUrl")}
	if request != 0 {
		entry.Method, entry.URL = doc.str(request, "method"), doc.str(request, "url")
		entry.IfMatch, entry.IfNoneMatch = doc.str(request, "ifMatch"), doc.str(request, "ifNoneMatch")
		entry.IfNoneExist, entry.IfModified = doc.str(request, "ifNoneExist"), doc.str(request, "ifModifiedSince")
	}
	c := doc.member(i, "resource")
	if c == 0 {
		return entry
	}
	entry.Present = true
	each := validator{doc: doc, tables: v.tables, path: []segment{{"Bundle", -1}, {"entry", index}, {"resource", -1}}}
	entry.Resource = each.resource(c, false)
	entry.Issues = each.issues
	return entry
}
