// Package intaketest is what tests of intake need: an index of patients with a key of its own, and the suite that every
// index must pass.
package intaketest

import (
	"strings"
	"testing"

	"yilian.example/exchange/consortium"
)

// Index derives references under a key that stands here for the consortium's.
type Index struct{ Org consortium.OrgID }

func key() []byte { return []byte("0123456789abcdef0123456789abcdef") }

// Ref derives the reference of a national identifier.
func (Index) Ref(system, value string) consortium.PatientRef {
	return consortium.NewPatientRef(key(), system, value)
}

// Local derives the reference of a patient without one.
func (i Index) Local(id string) consortium.PatientRef {
	return consortium.NewLocalPatientRef(key(), i.Org, id)
}

// PatientIndex is intake's port. It is repeated here, so that tests within intake can use this package.
type PatientIndex interface {
	Ref(system, value string) consortium.PatientRef
	Local(id string) consortium.PatientRef
}

// Conformance checks that an index keeps what the port of intake promises. Open gives the index of a member of one
// consortium.
func Conformance(t *testing.T, open func(t *testing.T, org consortium.OrgID) PatientIndex) {
	donghu, qingshan := open(t, "donghu"), open(t, "qingshan")
	t.Run("references name their identifier and nothing else does", func(t *testing.T) { apart(t, donghu) })
	t.Run("members know a patient under one reference", func(t *testing.T) {
		if donghu.Ref("urn:id", "1") != qingshan.Ref("urn:id", "1") {
			t.Error("the national identifier leads to two patients")
		}
		if donghu.Local("1") == qingshan.Local("1") {
			t.Error("what is local is matched between members")
		}
	})
	t.Run("an identifier is read as people write it", func(t *testing.T) {
		if donghu.Ref("urn:id", "99x") != donghu.Ref("urn:id", " 99X ") {
			t.Error("space or letter case make another patient")
		}
	})
}

func apart(t *testing.T, index PatientIndex) {
	seen := map[consortium.PatientRef]string{}
	for name, derive := range map[string]func() consortium.PatientRef{
		"one":              func() consortium.PatientRef { return index.Ref("urn:id", "990000199001011234") },
		"another value":    func() consortium.PatientRef { return index.Ref("urn:id", "990000199001011235") },
		"another system":   func() consortium.PatientRef { return index.Ref("urn:passport", "990000199001011234") },
		"another boundary": func() consortium.PatientRef { return index.Ref("urn:id9", "90000199001011234") },
		"local":            func() consortium.PatientRef { return index.Local("990000199001011234") },
		"another local":    func() consortium.PatientRef { return index.Local("990000199001011235") },
	} {
		ref := derive()
		if ref != derive() || !ref.Valid() {
			t.Errorf("%s: %q is not valid, or not the same twice", name, ref)
		}
		if was, ok := seen[ref]; ok {
			t.Errorf("%s and %s have one reference", was, name)
		}
		if strings.Contains(string(ref), "99000019") {
			t.Errorf("%s: %q shows the identifier", name, ref)
		}
		seen[ref] = name
	}
}
