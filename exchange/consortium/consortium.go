// Package consortium is the vocabulary that all domains share: organisations, people who act, purposes, kinds of data,
// and the pseudonymous reference of a patient. It imports nothing but the standard library and does nothing but name
// and check.
package consortium

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
)

// OrgID names a member organisation, for example "donghu": lower-case letters and digits, 2 to 32 of them.
type OrgID string

// Valid reports whether the id has the allowed shape.
func (o OrgID) Valid() bool {
	if len(o) < 2 || len(o) > 32 {
		return false
	}
	for _, r := range string(o) {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return true
}

// LogOrigin is the C2SP origin of an organisation's log: "<org>.<domain>/log".
func LogOrigin(org OrgID, domain string) string { return string(org) + "." + domain + "/log" }

// OrgKind is what sort of member an organisation is.
type OrgKind string

// The sorts of member.
const (
	Hospital   OrgKind = "hospital"
	Insurer    OrgKind = "insurer"
	Commission OrgKind = "commission"
)

// PatientRef is the pseudonymous reference of one person across the consortium: HMAC-SHA-256 of a national identifier
// under a key that only the members' gateways hold, so that the shared database alone cannot be searched by guessing
// identifiers (PIPL 51).
type PatientRef string

// NewPatientRef derives the reference from an identifier's FHIR system and value. Value is compared as written, but for
// surrounding space and letter case (the resident identity number's check digit may be x or X).
func NewPatientRef(indexKey []byte, system, value string) PatientRef {
	return PatientRef("p" + blind(indexKey, "yilian/patient/v1", system, strings.ToUpper(strings.TrimSpace(value))))
}

// NewLocalPatientRef derives the reference of a patient without a national identifier: it can be matched within one
// organisation only.
func NewLocalPatientRef(indexKey []byte, org OrgID, id string) PatientRef {
	return PatientRef("l" + blind(indexKey, "yilian/local-patient/v1", string(org), id))
}

// Valid reports whether the reference has the shape that the constructors give.
func (p PatientRef) Valid() bool {
	if len(p) != 53 || (p[0] != 'p' && p[0] != 'l') {
		return false
	}
	_, err := encoding.DecodeString(strings.ToUpper(string(p[1:])))
	return err == nil
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

func blind(key []byte, parts ...string) string {
	mac := hmac.New(sha256.New, key)
	for _, p := range parts {
		fmt.Fprintf(mac, "%d:%s", len(p), p)
	}
	return strings.ToLower(encoding.EncodeToString(mac.Sum(nil)))
}

// Actor is who is calling. Every field comes from the identity provider, a certificate or a session, never from a
// request.
type Actor struct {
	ID   string `json:"id"`             // stable id at the provider ("sub"), unique within Org
	Name string `json:"name,omitempty"` // for people to read
	// the organisation they act for; for a patient, the one whose portal they use
	Org     OrgID      `json:"org"`
	Role    Role       `json:"role"`              //
	Patient PatientRef `json:"patient,omitempty"` // for RolePatient: who they are
}

// Purpose is why data is asked for, a code of HL7 v3 PurposeOfUse (http://terminology.hl7.org/CodeSystem/v3-ActReason).
type Purpose string

// The purposes that this system knows. A purpose that is not listed is invalid; HMARKT is listed so that its refusal
// can be explained.
const (
	Treatment      Purpose = "TREAT"   // care of this patient
	Emergency      Purpose = "ETREAT"  // emergency treatment (PIPL 13(4))
	PatientRequest Purpose = "PATRQT"  // the patient for themself (PIPL 45)
	Payment        Purpose = "HPAYMT"  // an insurance claim
	Operations     Purpose = "HOPERAT" // running the organisation: storing what its own systems send
	Research       Purpose = "HRESCH"
	PublicHealth   Purpose = "PUBHLTH"
	Marketing      Purpose = "HMARKT" // always refused
)

// Purposes lists them all.
func Purposes() []Purpose {
	return []Purpose{Treatment, Emergency, PatientRequest, Payment, Operations, Research, PublicHealth, Marketing}
}

// Valid reports whether the purpose is known.
func (p Purpose) Valid() bool { return slices.Contains(Purposes(), p) }

// Kind is a kind of data that a consent can name and a person can understand; each clinical FHIR resource type belongs
// to one.
type Kind string

// The kinds.
const (
	Demographics  Kind = "demographics"
	Encounters    Kind = "encounters"
	Diagnoses     Kind = "diagnoses"
	Observations  Kind = "observations" // laboratory values and vital signs
	Reports       Kind = "reports"      // laboratory and imaging reports
	Medications   Kind = "medications"
	Procedures    Kind = "procedures"
	Immunizations Kind = "immunizations"
	Directory     Kind = "directory" // practitioners and organisations: not about a patient
)

// PatientKinds lists the kinds that are about a patient, in the order in which people read them.
func PatientKinds() []Kind {
	return []Kind{Demographics, Encounters, Diagnoses, Observations, Reports, Medications, Procedures, Immunizations}
}

// Valid reports whether the kind is one of PatientKinds.
func (k Kind) Valid() bool { return slices.Contains(PatientKinds(), k) }
