package fhir

import (
	"slices"
	"testing"

	"yilian.example/exchange/consortium"
)

// TestClassesFitTheDefinitions holds every type that is kept against R4: it exists, and its subject is a single
// reference that may lead to a Patient.
func TestClassesFitTheDefinitions(t *testing.T) {
	for name, class := range classes {
		s := definitions().structures[name]
		if s == nil || s.kind != 'r' {
			t.Errorf("%s is no resource of R4", name)
			continue
		}
		if class.Kind != consortium.Directory && !class.Kind.Valid() {
			t.Errorf("%s has the kind %q", name, class.Kind)
		}
		if (class.Subject == "") != (class.Kind == consortium.Directory || name == "Patient") {
			t.Errorf("%s is about nobody, or directory data about somebody", name)
		}
		if class.Subject == "" {
			continue
		}
		p := s.props[class.Subject]
		if p == nil || p.many || p.content != reference || p.targets != nil && !slices.Contains(p.targets, "Patient") {
			t.Errorf("%s.%s is not a reference to a patient", name, class.Subject)
		}
	}
}

func TestDefinitionsAreWhole(t *testing.T) {
	resources, backbones := 0, 0
	for _, s := range definitions().structures {
		switch s.kind {
		case 'r':
			resources++
			if s.props["id"] == nil || s.props["meta"] == nil {
				t.Errorf("%s has no id or meta", s.name)
			}
		case 'b':
			backbones++
		}
	}
	if resources != 145 || backbones != 479 {
		t.Errorf(
			"%d resources and %d backbone elements: generate the table again, or correct these numbers", resources, backbones,
		)
	}
}

func TestReading(t *testing.T) {
	r, issues := Decode(
		[]byte(
			`{"resourceType":"Observation","identifier":[{"system":"urn:a","value":"1","use":"old"},{"value":"2"},{"system":"urn:b","value":"\u0033"}],
		"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p","identifier":{"system":"urn:c","value":"4"}},"performer":[{"reference":"Practitioner/d"}]}`,
		),
	)
	if issues.Failed() {
		t.Fatal(issues)
	}
	if got, want := r.Identifiers(), []Identifier{{"urn:a", "1", "old"}, {"urn:b", "3", ""}}; !slices.Equal(got, want) {
		t.Errorf("identifiers %v", got)
	}
	if got, ok := r.Subject(); !ok || got != (Subject{"Patient/p", Identifier{"urn:c", "4", ""}}) {
		t.Errorf("subject %v", got)
	}
	if got := r.References(); !slices.Equal(got, []string{"Patient/p", "Practitioner/d"}) {
		t.Errorf("references %v", got)
	}
	single, _ := Decode([]byte(`{"resourceType":"Composition","identifier":{"system":"urn:a","value":"1"}}`))
	if got := single.Identifiers(); !slices.Equal(got, []Identifier{{"urn:a", "1", ""}}) {
		t.Errorf("single identifier %v", got)
	}
}
