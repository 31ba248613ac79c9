package fhir

import (
	"encoding/json"
	"errors"
)

// Severity of an issue.
type Severity string

// The severities: an error refuses the resource, a warning does not, information is for people.
const (
	SeverityError       Severity = "error"
	SeverityWarning     Severity = "warning"
	SeverityInformation Severity = "information"
)

// Codes of issues, from FHIR's value set issue-type.
const (
	CodeInvalid      = "invalid"
	CodeStructure    = "structure"
	CodeRequired     = "required"
	CodeValue        = "value"
	CodeInvariant    = "invariant"
	CodeCodeInvalid  = "code-invalid"
	CodeNotSupported = "not-supported"
	CodeNotFound     = "not-found"
	CodeBusinessRule = "business-rule"
	CodeTooLong      = "too-long"
)

// Issue is one finding. Diagnostics are plain words that name elements and rules and never quote values.
type Issue struct {
	Severity    Severity `json:"severity"`
	Code        string   `json:"code"`
	Diagnostics string   `json:"diagnostics,omitempty"`
	Expression  string   `json:"-"` // FHIRPath-like place, for example Patient.name[0].given[1]
	Reason      string   `json:"-"` // a stable code of our own, rendered as details.coding; "" for none
}

// ReasonSystem is the code system of Issue.Reason.
const ReasonSystem = "urn:yilian:reason"

// Issues are all findings on one resource or bundle.
type Issues []Issue

// Failed reports whether any issue is an error.
func (is Issues) Failed() bool {
	for _, i := range is {
		if i.Severity == SeverityError {
			return true
		}
	}
	return false
}

// MarshalJSON writes the issue as OperationOutcome.issue has it.
func (i Issue) MarshalJSON() ([]byte, error) {
	type plain Issue
	out := struct {
		plain
		Details    *details `json:"details,omitempty"`
		Expression []string `json:"expression,omitempty"`
	}{plain: plain(i)}
	if i.Reason != "" {
		out.Details = &details{[]coding{{ReasonSystem, i.Reason}}}
	}
	if i.Expression != "" {
		out.Expression = []string{i.Expression}
	}
	return json.Marshal(out)
}

type details struct {
	Coding []coding `json:"coding"`
}

type coding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

// Outcome renders issues as an OperationOutcome. Without issues it says that all is well, since R4 wants at least one.
func Outcome(issues Issues) []byte {
	if len(issues) == 0 {
		issues = Issues{
			{Severity: SeverityInformation, Code: "informational", Diagnostics: "Done. There is nothing to remark."},
		}
	}
	out, err := json.Marshal(struct {
		ResourceType string `json:"resourceType"`
		Issue        Issues `json:"issue"`
	}{"OperationOutcome", issues})
	if err != nil {
		// Strings alone always marshal.
		panic(err)
	}
	return out
}

func syntaxIssue(err error) Issue {
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		return Issue{
			Severity:    SeverityError,
			Code:        CodeInvalid,
			Diagnostics: "The text is not valid JSON: " + syntax.Error() + ".",
		}
	}
	return Issue{Severity: SeverityError, Code: CodeTooLong, Diagnostics: "The text is too large."}
}
