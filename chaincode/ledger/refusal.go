package ledger

import "strings"

// Code is the stable name of a refusal by the contract. An error's text is "<CODE>: <sentence>"; programs read the code
// only.
type Code string

// The codes. The first group says that the request is wrong in itself, the others that the ledger's state does not
// allow it.
const (
	CodeArgument Code = "ARGUMENT_INVALID" // not the JSON expected, or a field out of range
	CodeCaller   Code = "CALLER_FORBIDDEN" // wrong member or missing attribute
	// the transaction's time is more than five minutes from the endorser's clock
	CodeTime      Code = "TIME_OUT_OF_BOUNDS"
	CodeSignature Code = "SIGNATURE_INVALID"    // a signature does not verify
	CodeState     Code = "LEDGER_STATE_INVALID" // what is stored cannot be read: a defect

	CodeLogUnknown      Code = "WITNESS_UNKNOWN"      // no such log
	CodeLogRegistered   Code = "WITNESS_REGISTERED"   // registered with another key
	CodeLogDomain       Code = "WITNESS_DOMAIN"       // named otherwise than <member>.<the ledger's domain>/log
	CodeLogSmaller      Code = "WITNESS_SMALLER"      // the new tree has fewer entries
	CodeLogInconsistent Code = "WITNESS_INCONSISTENT" // same size with another root, or the proof does not verify

	CodeConsentUnknown   Code = "CONSENT_UNKNOWN"   // no such consent
	CodeConsentExists    Code = "CONSENT_EXISTS"    // granted already with other content
	CodeConsentWithdrawn Code = "CONSENT_WITHDRAWN" // withdrawn: cannot be granted again
	CodeConsentUntil     Code = "CONSENT_UNTIL"     // ends in the past or too far in the future
	CodeStaffUnknown     Code = "STAFF_UNKNOWN"     // no such staff key at this member, or retired
)

// Refusal is an error of the contract: it means that the ledger was not changed.
type Refusal struct {
	Code Code
	Text string
}

// Error returns the form that travels through Fabric.
func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Text }

// FindRefusal looks for a known code in the text of an error that came through Fabric, which wraps contract errors in
// texts of its own.
func FindRefusal(text string) (*Refusal, bool) {
	best := -1
	var found *Refusal
	for _, code := range Codes() {
		i := strings.Index(text, string(code)+": ")
		if i < 0 || (best >= 0 && i >= best) {
			continue
		}
		best = i
		found = &Refusal{Code: code, Text: text[i+len(code)+2:]}
	}
	return found, found != nil
}

// Codes lists them all.
func Codes() []Code {
	return []Code{
		CodeArgument, CodeCaller, CodeTime, CodeSignature, CodeState,
		CodeLogUnknown, CodeLogRegistered, CodeLogDomain, CodeLogSmaller, CodeLogInconsistent,
		CodeConsentUnknown, CodeConsentExists, CodeConsentWithdrawn, CodeConsentUntil, CodeStaffUnknown,
	}
}
