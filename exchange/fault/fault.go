// Package fault is the small set of error kinds that every domain shares.
//
// A kind says what a caller may do about an error; the wrapped chain says what happened and is for the log only.
// What a user may read is Public and Code: they never carry identifiers, clinical content, tokens or driver texts.
package fault

import (
	"errors"
	"fmt"
)

// Kind is what a caller can do about an error. The gateway maps each kind to one HTTP status in one table.
type Kind int

// The kinds, from "our fault" (the zero value, so that an unclassified error never looks like the caller's) to the
// caller's.
const (
	Internal     Kind = iota // a defect or an unexpected failure: 500, nothing is revealed
	Unavailable              // a dependency is down or we are shedding load: 503, try again later
	Malformed                // the input cannot be read as what it should be: 400
	Invalid                  // the input was read and breaks a rule: 422
	Unauthorized             // who is calling is not known: 401
	Forbidden                // known, but policy refuses: 403, with a reason code and its article
	NotFound                 // absent, or to be treated as absent: 404
	Gone                     // was there, deleted: 410
	Conflict                 // the state does not allow it, or it was done already: 409
	TooLarge                 // over a documented limit: 413
	Unsupported              // a resource, media type or interaction that is not served: 404, 405, 415
	TooMany                  // the caller is over its rate: 429
)

// Code is a stable token for programs and translations (UPPER_SNAKE), for example "CONSENT_MISSING". Each domain
// declares its own as constants; gateway/internal/web/site has a text in both languages for each.
type Code string

// Error is a classified error. Public is a whole sentence in English that is safe to show and says what to do next;
// Code is a stable token for programs and translations (UPPER_SNAKE), for example "CONSENT_MISSING".
type Error struct {
	Kind   Kind
	Code   Code
	Public string
	err    error
}

// Error returns the whole chain, for logs.
func (e *Error) Error() string {
	if e.err == nil {
		return string(e.Code) + ": " + e.Public
	}
	return fmt.Sprintf("%s: %v", e.Code, e.err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// New makes a classified error with no further cause.
func New(kind Kind, code Code, public string) *Error {
	return &Error{Kind: kind, Code: code, Public: public}
}

// Wrap classifies err. The text of err stays in the log.
func Wrap(err error, kind Kind, code Code, public string) *Error {
	return &Error{Kind: kind, Code: code, Public: public, err: err}
}

// KindOf is the kind of the outermost classified error in the chain; Internal where there is none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// Of returns the outermost classified error in the chain, or a generic Internal one, so that a renderer always has safe
// text.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{
		Kind: Internal,
		Code: "INTERNAL",
		Public: "Something went wrong on our side. Nothing was changed. Please try again; if it happens again, give the " +
			"request id to support.",
		err: err,
	}
}

// Is reports whether err is classified as kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }
