package consent

import (
	"time"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/exchange/tlog"
)

// statementType says what a statement is, so that signed bytes of one kind can never be taken for another's.
const statementType = "yilian/consent"

// Statement is what the patient signs over: the terms, and the very words that were shown. Its canonical JSON (RFC
// 8785) is committed to.
type Statement struct {
	V         int                   `json:"v"`
	Type      string                `json:"type"`
	Consent   ID                    `json:"consent"` // empty in a draft: the browser makes the key and so the id
	Patient   consortium.PatientRef `json:"patient"`
	Custodian consortium.OrgID      `json:"custodian"`
	Recipient consortium.OrgID      `json:"recipient"`
	Purpose   consortium.Purpose    `json:"purpose"`
	Kinds     []consortium.Kind     `json:"kinds"`
	From      string                `json:"from"`  // RFC 3339, UTC, whole seconds
	Until     string                `json:"until"` // likewise
	Notice    string                `json:"notice"`
	Lang      Lang                  `json:"lang"`
	Text      string                `json:"text"`
}

// NewStatement builds the statement of a consent from its terms and the text shown.
func NewStatement(id ID, t Terms, text string) Statement {
	return Statement{
		V: 1, Type: statementType, Consent: id, Patient: t.Patient, Custodian: t.Custodian, Recipient: t.Recipient,
		Purpose: t.Purpose, Kinds: t.Kinds, From: stamp(t.From), Until: stamp(t.Until), Notice: t.Notice, Lang: t.Lang,
		Text: text,
	}
}

// Canonical returns the bytes that are committed to.
func (s Statement) Canonical() ([]byte, error) { return tlog.Canonical(s) }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// withdrawal is what the log commits to when a consent ends.
type withdrawal struct {
	V       int                   `json:"v"`
	Type    string                `json:"type"`
	Consent ID                    `json:"consent"`
	Patient consortium.PatientRef `json:"patient"`
	By      string                `json:"by"` // who asked: patient, or ledger when another member carried it
	Time    string                `json:"time"`
}

// terms reads the terms back out of a statement. What cannot be read back is refused, never guessed.
func (s Statement) terms() (Terms, error) {
	from, errFrom := time.Parse(time.RFC3339, s.From)
	until, errUntil := time.Parse(time.RFC3339, s.Until)
	if s.V != 1 || s.Type != statementType || errFrom != nil || errUntil != nil {
		return Terms{}, fault.New(
			fault.Invalid, CodeConsentStatement, "The statement is not of the documented form. Please load the page again.",
		)
	}
	return Terms{
		Patient: s.Patient, Custodian: s.Custodian, Recipient: s.Recipient, Purpose: s.Purpose, Kinds: s.Kinds,
		From: from.UTC(), Until: until.UTC(), Notice: s.Notice, Lang: s.Lang,
	}, nil
}
