// Package identity says when two identifiers are one and the same, and which of them name one person and no other. What
// it does not vouch for is never matched on: two people joined by mistake read each other's records.
package identity

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"yilian.example/exchange/fault"
)

// Codes of identifiers by which nobody is recognised.
const (
	// CodeSystem: identifiers of this system do not name a person nationally.
	CodeSystem fault.Code = "IDENTIFIER_SYSTEM"
	// CodeNumber: the value is a placeholder, or not a number that can have been given out.
	CodeNumber fault.Code = "IDENTITY_NUMBER"
)

// ResidentNumber is the FHIR system of the resident identity number: the OID of WS/T 500 for 居民身份证号.
const ResidentNumber = "urn:oid:2.16.156.10011.1.3"

// Identifier is an identifier in the form in which it is compared. What is stored stays as it was written.
type Identifier struct{ System, Value string }

// Matching is how one organisation compares identifiers. The zero value knows no national system.
type Matching struct {
	national, other []string
	synonyms        map[string]string
}

// Systems are the FHIR identifier systems that an organisation knows.
type Systems struct {
	National []string          // identify a person nationally, best first
	Other    []string          // known, and nobody is matched by them: a hospital's own numbers, a membership
	Synonyms map[string]string // another name of a system -> the one that counts
}

// NewMatching compares by the given systems, however their names are written there.
func NewMatching(known Systems) Matching {
	m := Matching{synonyms: make(map[string]string, len(known.Synonyms))}
	for also, system := range known.Synonyms {
		m.synonyms[plainSystem(also)] = plainSystem(system)
	}
	for _, system := range known.National {
		m.national = append(m.national, m.system(system))
	}
	for _, system := range known.Other {
		m.other = append(m.other, m.system(system))
	}
	return m
}

// Known reports whether a system is among those that this organisation knows, by whatever name.
func (m Matching) Known(system string) bool {
	system = m.system(system)
	return slices.Contains(m.national, system) || slices.Contains(m.other, system)
}

// National lists the systems that identify a person nationally, best first.
func (m Matching) National() []string { return slices.Clone(m.national) }

// Fold returns an identifier in the form in which it is compared: blanks and marks without width are gone, full-width
// characters are narrow, a bare OID has its prefix, and a system has the one name of its synonyms. Letters of national
// numbers are capitals; those of other systems count as they are, since a hospital may give out a1 and A1.
func (m Matching) Fold(system, value string) Identifier {
	id := Identifier{m.system(system), plain(value)}
	if slices.Contains(m.national, id.System) {
		id.Value = strings.ToUpper(id.Value)
	}
	return id
}

// Person returns the form in which a national identifier names a person. It is fault.Invalid with CodeSystem when the
// system is not a national one, and with CodeNumber when nobody can have been given the number.
func (m Matching) Person(system, value string) (Identifier, error) {
	id := m.Fold(system, value)
	if !slices.Contains(m.national, id.System) {
		return Identifier{}, fault.New(
			fault.Invalid, CodeSystem,
			"Patients are not matched by that kind of identifier. Use the resident identity number.",
		)
	}
	ok := !placeholder(id.Value)
	if id.System == ResidentNumber {
		id.Value, ok = resident(id.Value)
	}
	if !ok {
		return Identifier{}, fault.New(
			fault.Invalid, CodeNumber,
			"That is not a number which a person can have: a digit may be wrong or missing. Compare it with the card.",
		)
	}
	return id, nil
}

// Matchable reports whether what carries an identifier may be taken for what else carries it. A word for "not known" is
// no identifier of anything, in whatever system, nor is a national number that nobody can have.
func (m Matching) Matchable(system, value string) bool {
	id := m.Fold(system, value)
	if slices.Contains(m.national, id.System) {
		_, err := m.Person(system, value)
		return err == nil
	}
	return !slices.Contains(words, strings.ToUpper(id.Value)) && !monotone(id.Value)
}

func (m Matching) system(s string) string {
	s = plainSystem(s)
	if known, ok := m.synonyms[s]; ok {
		return known
	}
	return s
}

// plainSystem writes a system's name without what cannot be seen, and OIDs as URNs (RFC 3061).
func plainSystem(s string) string {
	s = plain(s)
	oid := s
	for _, prefix := range []string{"urn:oid:", "oid:"} {
		if len(s) > len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
			oid = s[len(prefix):]
			break
		}
	}
	if isOID(oid) {
		return "urn:oid:" + oid
	}
	return s
}

// isOID reports whether s is an object identifier in dotted form, with at least three numbers.
func isOID(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) < 3 || len(parts[0]) != 1 || parts[0] > "2" {
		return false
	}
	for _, p := range parts {
		if p == "" || strings.Trim(p, "0123456789") != "" {
			return false
		}
	}
	return true
}

// plain takes out blanks and what has no width (Unicode's format and control characters), and writes compatible
// characters as one (NFKC): full-width digits are digits.
func plain(s string) string {
	return norm.NFKC.String(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Cf, unicode.Cc) {
			return -1
		}
		return r
	}, norm.NFKC.String(s)))
}
