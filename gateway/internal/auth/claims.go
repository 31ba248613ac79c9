package auth

import (
	"encoding/json"
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// claims is what the gateway reads of a verified token.
type claims struct {
	Subject    string      `json:"sub"`
	Name       string      `json:"name"`
	Org        string      `json:"yilian_org"`
	Role       string      `json:"yilian_role"`
	Identifier *identifier `json:"yilian_identifier"`
}

// grants is what the gateway reads of an access token besides: what the data are for, as IHE IUA has it.
type grants struct {
	Extensions struct {
		IUA struct {
			PurposeOfUse []coding `json:"purpose_of_use"`
		} `json:"ihe_iua"`
	} `json:"extensions"`
}

// coding is a code of a terminology.
type coding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

// The names of the code system of purposes, HL7 v3 ActReason: as an address and as an OID.
const (
	purposeSystem = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	purposeOID    = "urn:oid:2.16.840.1.113883.5.8"
)

// identifier is a patient's national identifier: FHIR system and value.
type identifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

// Bounds of what the provider may say of a person.
const (
	maxSubject = 255 // OpenID Connect Core 2
	maxName    = 200
)

// readActor turns a verified token's payload into the caller. The token is genuine; this decides whether it is for
// here.
func readActor(
	payload []byte, org consortium.OrgID, patient func(system, value string) (consortium.PatientRef, error),
) (consortium.Actor, error) {
	var c claims
	if err := json.Unmarshal(payload, &c); err != nil {
		return consortium.Actor{}, invalidToken(fmt.Errorf("read claims: %w", err))
	}
	switch {
	case !plain(c.Subject, maxSubject) || c.Subject == "" || !plain(c.Name, maxName):
		return consortium.Actor{}, invalidToken(fmt.Errorf("subject or name is missing, too long or not plain text"))
	case c.Org != string(org):
		return consortium.Actor{}, fault.New(fault.Forbidden, CodeWrongOrganisation,
			"Your account belongs to another organisation. Please sign in at your own organisation's address.")
	}
	a := consortium.Actor{ID: c.Subject, Name: c.Name, Org: org, Role: consortium.Role(c.Role)}
	// A gateway is known by its certificate alone, never by a token.
	if !slices.Contains(consortium.Roles(), a.Role) || a.Role == consortium.RoleGateway {
		return consortium.Actor{}, fault.New(fault.Forbidden, CodeUnknownRole,
			"Your account has no role here yet. Please ask your organisation's administrator.")
	}
	if a.Role != consortium.RolePatient {
		return a, nil
	}
	if c.Identifier == nil || c.Identifier.System == "" || c.Identifier.Value == "" {
		return consortium.Actor{}, fault.New(fault.Forbidden, CodeNoIdentifier,
			"Your account is not linked to an identity document yet. Please have it linked at the hospital's service desk.")
	}
	ref, err := patient(c.Identifier.System, c.Identifier.Value)
	if err != nil {
		return consortium.Actor{}, fmt.Errorf("derive patient reference: %w", err)
	}
	if !ref.Valid() {
		return consortium.Actor{}, fmt.Errorf("derive patient reference: result is not a valid reference")
	}
	a.Patient = ref
	return a, nil
}

// readPurposes returns the purposes that a verified access token was issued for. Codes of other systems are kept as
// what no purpose is called, so that a token which is for something else is for nothing here.
func readPurposes(payload []byte) ([]consortium.Purpose, error) {
	var g grants
	if err := json.Unmarshal(payload, &g); err != nil {
		return nil, invalidToken(fmt.Errorf("read purposes: %w", err))
	}
	var out []consortium.Purpose
	for _, p := range g.Extensions.IUA.PurposeOfUse {
		code := p.Code
		if p.System != purposeSystem && p.System != purposeOID {
			code = p.System + "|" + p.Code
		}
		out = append(out, consortium.Purpose(code))
	}
	return out, nil
}

// plain reports whether s is at most max bytes of printable text.
func plain(s string, max int) bool {
	if len(s) > max || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

func invalidToken(err error) error {
	return fault.Wrap(
		err, fault.Unauthorized, CodeInvalidToken,
		"The token is not valid here or has expired. Please get a new one and try again.",
	)
}
