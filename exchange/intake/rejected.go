package intake

import (
	"errors"

	"yilian.example/exchange/fault"
	"yilian.example/exchange/fhir"
)

// Rejected is a resource or bundle that FHIR's or our rules refuse, with all issues. It is fault.Malformed,
// fault.Unsupported or fault.Invalid.
type Rejected struct {
	Issues fhir.Issues
	fault  *fault.Error
}

// Error returns the text for logs: places and rules, no values.
func (r *Rejected) Error() string {
	for _, i := range r.Issues {
		if i.Severity == fhir.SeverityError {
			return string(r.fault.Code) + ": " + i.Expression + ": " + i.Diagnostics
		}
	}
	return r.fault.Error()
}

// Unwrap returns the classified error.
func (r *Rejected) Unwrap() error { return r.fault }

// reject makes the error of issues that refuse.
func reject(issues fhir.Issues) error {
	for _, i := range issues {
		switch i.Code {
		case fhir.CodeInvalid:
			return &Rejected{issues, fault.New(fault.Malformed, CodeMalformed, "The body is not valid JSON.")}
		case fhir.CodeNotSupported:
			return &Rejected{
				issues,
				fault.New(fault.Unsupported, CodeUnknownResource, "FHIR R4 knows no such type of resource."),
			}
		}
	}
	return &Rejected{issues, fault.New(fault.Invalid, CodeInvalid, "The resource breaks rules of FHIR R4.")}
}

// at names the place of an error that is about what was sent. Others, such as a database that does not answer, are
// about no place.
func at(place string, err error) error {
	var known *Rejected
	if errors.As(err, &known) {
		return err
	}
	issue := fhir.Issue{Severity: fhir.SeverityError, Code: fhir.CodeBusinessRule, Expression: place}
	switch f := fault.Of(err); f.Kind {
	case fault.Unsupported, fault.Conflict, fault.Invalid, fault.Malformed:
		issue.Diagnostics, issue.Reason = f.Public, string(f.Code)
		return &Rejected{fhir.Issues{issue}, f}
	}
	return err
}

// refuse makes an error about one place of what was sent.
func refuse(place string, code fault.Code, words string) error {
	issue := fhir.Issue{
		Severity:    fhir.SeverityError,
		Code:        fhir.CodeBusinessRule,
		Diagnostics: words,
		Expression:  place,
		Reason:      string(code),
	}
	return &Rejected{fhir.Issues{issue}, fault.New(fault.Invalid, code, words)}
}
