package fabric

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hyperledger/fabric-protos-go-apiv2/gateway"
	"google.golang.org/grpc/status"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/fault"
)

// The three outcomes of a write that did not simply succeed; test with errors.Is.
var (
	// ErrNotSubmitted: nothing reached the orderers. Try again whenever you like.
	ErrNotSubmitted = errors.New("transaction was not submitted")
	// ErrUnknown: it may be, or may yet become, committed. Ask Outcome with the transaction's id before writing again.
	ErrUnknown = errors.New("transaction's outcome is unknown")
	// ErrRejected: the contract or the validation refused it for good. The ledger is unchanged.
	ErrRejected = errors.New("transaction was rejected")
)

// Codes of rejections that come from validation at commit rather than from the contract.
const (
	CodeConflict ledger.Code = "LEDGER_CONFLICT" // what it read had changed, three times in a row
	CodeInvalid  ledger.Code = "LEDGER_INVALID"  // any other validation code, for example an endorsement policy not met
)

// WriteError is how every write fails. It is classified (exchange/fault) for those who only need to know what to tell
// the user.
type WriteError struct {
	Outcome error // ErrNotSubmitted, ErrUnknown or ErrRejected
	TxID    string
	Code    ledger.Code // for ErrRejected
	err     error
}

// Error returns the whole chain, for logs.
func (e *WriteError) Error() string {
	return fmt.Sprintf("%v (tx %s): %v", e.Outcome, e.TxID, e.err)
}

// Is matches the outcome.
func (e *WriteError) Is(target error) bool { return target == e.Outcome }

// Unwrap returns the classified cause.
func (e *WriteError) Unwrap() error { return e.err }

// CodeOf is the contract's code of a refused read or write; empty for other errors.
func CodeOf(err error) ledger.Code {
	var w *WriteError
	if errors.As(err, &w) && w.Code != "" {
		return w.Code
	}
	var r *ledger.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

func notSubmitted(function string, err error) error {
	return &WriteError{Outcome: ErrNotSubmitted, err: unavailable(function, err)}
}

func unknown(function, txID string, err error) error {
	cause := fault.Wrap(fmt.Errorf("%s: %w", function, err), fault.Unavailable, CodeLedgerOutcomeUnknown,
		"The ledger has not confirmed this yet. It will be looked up; please look again in a minute before repeating it.")
	return &WriteError{Outcome: ErrUnknown, TxID: txID, err: cause}
}

func rejected(function, txID string, refusal *ledger.Refusal) error {
	return &WriteError{Outcome: ErrRejected, TxID: txID, Code: refusal.Code, err: refused(function, refusal)}
}

func unavailable(function string, err error) error {
	return fault.Wrap(fmt.Errorf("%s: %w", function, err), fault.Unavailable, CodeLedgerUnavailable,
		"The consortium's ledger cannot be reached. Nothing was changed on it. Please try again in a minute.")
}

// refused classifies a contract's refusal.
func refused(function string, refusal *ledger.Refusal) error {
	k, known := kinds[refusal.Code]
	if !known {
		k = kinds[ledger.CodeState]
	}
	return fault.Wrap(fmt.Errorf("%s: %w", function, refusal), k.kind, fault.Code(refusal.Code), k.public)
}

// kinds maps each code to what a caller can do about it.
var kinds = map[ledger.Code]struct {
	kind   fault.Kind
	public string
}{
	ledger.CodeArgument:  {fault.Invalid, "The ledger does not accept this input. Correct it and try again."},
	ledger.CodeSignature: {fault.Invalid, "A signature does not verify. Sign again with the right key."},
	ledger.CodeConsentUntil: {
		fault.Invalid,
		"A consent must end in the future, within five years. Choose another end.",
	},
	ledger.CodeCaller: {fault.Forbidden, "The ledger does not allow this organisation to do that."},
	ledger.CodeTime: {
		fault.Unavailable,
		"This gateway's clock differs from the other members' by more than five minutes. Ask its operator to correct it.",
	},
	ledger.CodeState: {
		fault.Internal,
		"The ledger's answer could not be understood. Give the request id to support.",
	},
	ledger.CodeLogUnknown: {fault.NotFound, "This log is not registered on the ledger."},
	ledger.CodeLogRegistered: {
		fault.Conflict,
		"This log is registered with another key. Rotate the key with both keys.",
	},
	ledger.CodeLogDomain: {
		fault.Forbidden,
		"A log's name is its member's and the consortium's domain: the configured domain is not the ledger's.",
	},
	ledger.CodeLogSmaller:       {fault.Conflict, "The ledger has witnessed a larger log than this one."},
	ledger.CodeLogInconsistent:  {fault.Conflict, "This log does not extend the one that the ledger witnessed."},
	ledger.CodeConsentUnknown:   {fault.NotFound, "The ledger does not have this consent."},
	ledger.CodeConsentExists:    {fault.Conflict, "This consent's key was used for another consent already. Start again."},
	ledger.CodeConsentWithdrawn: {fault.Conflict, "This consent was withdrawn, which is final. Give a new one instead."},
	ledger.CodeStaffUnknown: {
		fault.Forbidden,
		"This staff key is not registered, or is retired. Register a key first.",
	},
	CodeConflict: {
		fault.Conflict,
		"Somebody else changed the same thing at the same moment. Please try again.",
	},
	CodeInvalid: {fault.Internal, "The ledger refused the transaction. Give the request id to support."},
}

// refusalOf finds the contract's code in an error of the Fabric gateway: in its text, or in the details that name each
// peer's answer.
func refusalOf(err error) (*ledger.Refusal, bool) {
	for _, d := range details(err) {
		if refusal, found := ledger.FindRefusal(d.GetMessage()); found {
			return refusal, true
		}
	}
	return ledger.FindRefusal(err.Error())
}

func details(err error) []*gateway.ErrorDetail {
	var found []*gateway.ErrorDetail
	for _, d := range status.Convert(err).Details() {
		if detail, ok := d.(*gateway.ErrorDetail); ok {
			found = append(found, detail)
		}
	}
	return found
}

// describe returns an error with the peers' own words, for the log.
func describe(err error) string {
	var b strings.Builder
	b.WriteString(err.Error())
	for _, d := range details(err) {
		fmt.Fprintf(&b, "; %s: %s", d.GetMspId(), d.GetMessage())
	}
	return b.String()
}
