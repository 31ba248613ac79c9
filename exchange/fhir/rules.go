package fhir

import "strings"

// rule is one invariant of R4: its key in the specification, words for the sender, and the check.
type rule struct {
	key   string
	words string
	holds func(v *validator, i int32) bool
}

// rules are the invariants of the types that are kept, of bundles and of data types. Left out are those that need a
// terminology server, the target of a reference or a full FHIRPath engine: dom-3, dom-6, con-3 (a warning), ctm-1,
// obs-7, ras-1, ras-2, nor-1 (a warning), the rules of definitions (eld, trd, drq), of money and of units of age,
// count, distance and duration, and tim-9.
var rules = map[string][]rule{
	"Extension": {{"ext-1", "An extension has either a value or extensions of its own.", func(v *validator, i int32) bool {
		return v.has(i, "value[x]") != v.has(i, "extension")
	}}},
	"Period": {{"per-1", "The period ends before it starts.", func(v *validator, i int32) bool {
		return inOrder(v.doc.str(i, "start"), v.doc.str(i, "end"))
	}}},
	"Quantity":     {codeNeedsSystem},
	"Age":          {codeNeedsSystem},
	"Count":        {codeNeedsSystem},
	"Distance":     {codeNeedsSystem},
	"Duration":     {codeNeedsSystem},
	"Attachment":   {{"att-1", "An attachment with data must say its content type.", needs("data", "contentType")}},
	"ContactPoint": {{"cpt-2", "A contact point with a value must say its system.", needs("value", "system")}},
	"Expression":   {{"exp-1", "An expression or a reference to one is wanted.", oneOf("expression", "reference")}},
	"Ratio": {
		{
			"rat-1",
			"A ratio has both a numerator and a denominator, or neither and an extension.",
			func(v *validator, i int32) bool {
				n, d := v.has(i, "numerator"), v.has(i, "denominator")
				return n == d && (n || v.has(i, "extension"))
			},
		},
	},
	"Timing.repeat": {
		{"tim-1", "A duration must say its unit.", needs("duration", "durationUnit")},
		{"tim-2", "A period must say its unit.", needs("period", "periodUnit")},
		{"tim-6", "A largest period needs a period.", needs("periodMax", "period")},
		{"tim-7", "A largest duration needs a duration.", needs("durationMax", "duration")},
		{"tim-8", "A largest count needs a count.", needs("countMax", "count")},
		{"tim-10", "A time of day and an event cannot both be given.", notBoth("timeOfDay", "when")},
	},

	"AllergyIntolerance": {
		{"ait-1", "A clinical status is wanted unless the entry is in error.", func(v *validator, i int32) bool {
			return v.inError(i, "allergyintolerance-verification") || v.has(i, "clinicalStatus")
		}},
		{"ait-2", "An entry in error has no clinical status.", func(v *validator, i int32) bool {
			return !v.inError(i, "allergyintolerance-verification") || !v.has(i, "clinicalStatus")
		}},
	},
	"Condition": {
		{"con-4", "A condition that has abated is inactive, resolved or in remission.", func(v *validator, i int32) bool {
			return !v.has(i, "abatement[x]") ||
				v.coded(i, "clinicalStatus", "condition-clinical", "resolved", "remission", "inactive")
		}},
		{"con-5", "An entry in error has no clinical status.", func(v *validator, i int32) bool {
			return !v.inError(i, "condition-ver-status") || !v.has(i, "clinicalStatus")
		}},
	},
	"Condition.stage":    {{"con-1", "A stage has a summary or an assessment.", oneOf("summary", "assessment")}},
	"Condition.evidence": {{"con-2", "Evidence has a code or details.", oneOf("code", "detail")}},
	"CarePlan.activity":  {{"cpl-3", "An activity has details or a reference, not both.", notBoth("detail", "reference")}},
	"Composition.section": {
		{"cmp-1", "A section has text, entries or sections.", oneOf("text", "entry", "section")},
		{"cmp-2", "A section with entries has no reason for being empty.", notBoth("emptyReason", "entry")},
	},
	"FamilyMemberHistory": {
		{"fhs-1", "Age and birth cannot both be given.", notBoth("age[x]", "born[x]")},
		{"fhs-2", "An age that is estimated must be given.", needs("estimatedAge", "age[x]")},
	},
	"Goal.target": {
		{"gol-1", "A target with a detail must say what is measured.", needs("detail[x]", "measure")},
	},
	"Immunization.education": {
		{"imm-1", "Education material has a type or a reference.", oneOf("documentType", "reference")},
	},
	"ImmunizationRecommendation.recommendation": {
		{"imr-1", "A recommendation names a vaccine or a disease.", oneOf("vaccineCode", "targetDisease")},
	},
	"MedicationAdministration.dosage": {{"mad-1", "A dosage has a dose or a rate.", oneOf("dose", "rate[x]")}},
	"MedicationDispense": {
		{"mdd-1", "A medication is prepared before it is handed over.", func(v *validator, i int32) bool {
			return inOrder(v.doc.str(i, "whenPrepared"), v.doc.str(i, "whenHandedOver"))
		}},
	},
	"Observation": {
		{"obs-6", "A reason for absent data stands beside a value.", notBoth("dataAbsentReason", "value[x]")},
	},
	"Observation.referenceRange": {{"obs-3", "A reference range has a limit or text.", oneOf("low", "high", "text")}},
	"Organization": {
		{"org-1", "An organisation has a name or an identifier.", oneOf("name", "identifier")},
		{"org-2", "An organisation's address is no home.", noHome("address")},
		{"org-3", "An organisation's telecom is no home's.", noHome("telecom")},
	},
	"Patient.contact": {
		{
			"pat-1",
			"A contact has a name, telecom, address or organisation.",
			oneOf("name", "telecom", "address", "organization"),
		},
	},
	"QuestionnaireResponse.item": {{"qrs-1", "An item has answers or items, not both.", notBoth("answer", "item")}},
	"ServiceRequest":             {{"prr-1", "Details of an order need its code.", needs("orderDetail", "code")}},

	"Bundle": {
		{"bdl-1", "Only a search result or a history has a total.", func(v *validator, i int32) bool {
			return !v.has(i, "total") || v.bundleIs(i, "searchset", "history")
		}},
		{"bdl-2", "Only the entries of a search result say how they were found.", func(v *validator, i int32) bool {
			return v.bundleIs(i, "searchset") || v.every(i, "entry", func(e int32) bool { return !v.has(e, "search") })
		}},
		{
			"bdl-3",
			"Every entry of a transaction, batch or history has a request, and no others have.",
			func(v *validator, i int32) bool {
				want := v.bundleIs(i, "batch", "transaction", "history")
				return v.every(i, "entry", func(e int32) bool { return v.has(e, "request") == want })
			},
		},
		{
			"bdl-4",
			"Every entry of a response or history has a response, and no others have.",
			func(v *validator, i int32) bool {
				want := v.bundleIs(i, "batch-response", "transaction-response", "history")
				return v.every(i, "entry", func(e int32) bool { return v.has(e, "response") == want })
			},
		},
		{"bdl-7", "Two entries have the same fullUrl.", distinctAddresses},
		{"bdl-9", "A document has an identifier.", func(v *validator, i int32) bool {
			return !v.bundleIs(i, "document") || v.has(i, "identifier")
		}},
		{
			"bdl-10",
			"A document has a time.",
			func(v *validator, i int32) bool { return !v.bundleIs(i, "document") || v.has(i, "timestamp") },
		},
	},
	"Bundle.entry": {
		{"bdl-5", "An entry has a resource, a request or a response.", oneOf("resource", "request", "response")},
		{"bdl-8", "A fullUrl names no version.", func(v *validator, i int32) bool {
			return !strings.Contains(v.doc.str(i, "fullUrl"), "/_history/")
		}},
	},
}

var codeNeedsSystem = rule{"qty-3", "A quantity with a code must say its system.", needs("code", "system")}

// apply checks the invariants of a structure.
func (v *validator) apply(i int32, list []rule) {
	for k := range list {
		if !list[k].holds(v, i) {
			v.fault(CodeInvariant, list[k].words+" ("+list[k].key+")")
		}
	}
}

// has reports whether an object has an element, its value or an extension in its place. A name that ends in [x] is a
// choice.
func (v *validator) has(i int32, name string) bool {
	if v.doc.nodes[i].kind != kindObject {
		return false
	}
	base, choice := strings.CutSuffix(name, "[x]")
	for c := v.doc.nodes[i].child; c != 0; c = v.doc.nodes[c].next {
		key := v.doc.key(c)
		if len(key) > 0 && key[0] == '_' {
			key = key[1:]
		}
		if !choice && string(key) == base {
			return true
		}
		if choice && len(key) > len(base) && string(key[:len(base)]) == base && key[len(base)] >= 'A' &&
			key[len(base)] <= 'Z' {
			return true
		}
	}
	return false
}

func needs(name, other string) func(*validator, int32) bool {
	return func(v *validator, i int32) bool { return !v.has(i, name) || v.has(i, other) }
}

func notBoth(name, other string) func(*validator, int32) bool {
	return func(v *validator, i int32) bool { return !v.has(i, name) || !v.has(i, other) }
}

func oneOf(names ...string) func(*validator, int32) bool {
	return func(v *validator, i int32) bool {
		for _, name := range names {
			if v.has(i, name) {
				return true
			}
		}
		return false
	}
}

func noHome(name string) func(*validator, int32) bool {
	return func(v *validator, i int32) bool {
		return v.every(i, name, func(e int32) bool { return v.doc.str(e, "use") != "home" })
	}
}

// every reports whether a check holds for all items of an array.
func (v *validator) every(i int32, name string, holds func(int32) bool) bool {
	c := v.doc.member(i, name)
	if c == 0 || v.doc.nodes[c].kind != kindArray {
		return true
	}
	for e := v.doc.nodes[c].child; e != 0; e = v.doc.nodes[e].next {
		if !holds(e) {
			return false
		}
	}
	return true
}

// coded reports whether a CodeableConcept holds one of the codes of HL7's system of this name.
func (v *validator) coded(i int32, name, system string, codes ...string) bool {
	c := v.doc.member(i, name)
	if c == 0 {
		return false
	}
	return !v.every(c, "coding", func(e int32) bool {
		if v.doc.str(e, "system") != "http://terminology.hl7.org/CodeSystem/"+system {
			return true
		}
		code := v.doc.str(e, "code")
		for _, one := range codes {
			if code == one {
				return false
			}
		}
		return true
	})
}

func (v *validator) inError(i int32, system string) bool {
	return v.coded(i, "verificationStatus", system, "entered-in-error")
}

func (v *validator) bundleIs(i int32, types ...string) bool {
	typ := v.doc.str(i, "type")
	for _, t := range types {
		if t == typ {
			return true
		}
	}
	return false
}

func distinctAddresses(v *validator, i int32) bool {
	seen := map[string]bool{}
	history := v.bundleIs(i, "history")
	return v.every(i, "entry", func(e int32) bool {
		address := v.doc.str(e, "fullUrl")
		if r := v.doc.member(e, "resource"); r != 0 {
			if meta := v.doc.member(r, "meta"); meta != 0 {
				address += " " + v.doc.str(meta, "versionId")
			}
		}
		twice := seen[address] && v.doc.str(e, "fullUrl") != ""
		seen[address] = true
		return !twice || history
	})
}

// inOrder reports whether two dateTimes may be in order. Dates without a time are compared with their like only, since
// they name no zone.
func inOrder(a, b string) bool {
	if a == "" || b == "" || (len(a) > 10) != (len(b) > 10) {
		return true
	}
	from, _, okA := span(a)
	start, until, okB := span(b)
	return !okA || !okB || !from.After(start) || from.Before(until)
}
