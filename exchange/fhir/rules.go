package fhir

// rules are the invariants of R4 that matter for safety and cost little; their keys are those of the specification. Invariants that need a
// terminology server or a FHIRPath engine are not checked.
var rules = map[string]func(v *validator, i int32){
	"Extension":   extensionRule,
	"Observation": observationRule,
}

// ext-1: an extension has a value or extensions, not both.
func extensionRule(v *validator, i int32) {
	value, nested := false, false
	for c := v.doc.nodes[i].child; c != 0; c = v.doc.nodes[c].next {
		key := v.doc.key(c)
		if len(key) > 0 && key[0] == '_' {
			key = key[1:]
		}
		switch {
		case string(key) == "extension":
			nested = true
		case len(key) > 5 && string(key[:5]) == "value":
			value = true
		}
	}
	if value == nested {
		v.fault(CodeInvariant, "An extension has either a value or extensions of its own (ext-1).")
	}
}

// obs-6: a reason for absent data stands only where there is no value.
func observationRule(v *validator, i int32) {
	if v.doc.member(i, "dataAbsentReason") == 0 {
		return
	}
	for c := v.doc.nodes[i].child; c != 0; c = v.doc.nodes[c].next {
		if key := v.doc.key(c); len(key) > 5 && string(key[:5]) == "value" {
			v.fault(CodeInvariant, "A reason for absent data stands beside a value (obs-6).")
		}
	}
}
