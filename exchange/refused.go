package exchange

import (
	"errors"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// Refused is a policy's refusal as an error, with the whole decision for those who show its reasons.
type Refused struct {
	Decision consortium.Decision
	fault    *fault.Error
}

// Error returns the text for logs.
func (r *Refused) Error() string { return r.fault.Error() }

// Unwrap returns the classified error.
func (r *Refused) Unwrap() error { return r.fault }

// NewRefused makes the error of a decision that does not allow.
func NewRefused(d consortium.Decision) *Refused {
	code, text := "REFUSED", "The policy does not allow this."
	if len(d.Reasons) > 0 {
		code = d.Reasons[0].Code
		text = "The policy does not allow this (" + code + ", " + d.Reasons[0].Article + ")."
	}
	return &Refused{Decision: d, fault: fault.New(fault.Forbidden, fault.Code(code), text)}
}

// ErrConsentEnded says that a consent which held when it was decided did not hold any more in the transaction that
// acted on the decision. Nothing was done; who decided decides again.
var ErrConsentEnded = errors.New("the consent ended meanwhile")
