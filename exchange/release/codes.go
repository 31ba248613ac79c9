package release

import "yilian.example/exchange/fault"

// Codes of questions between members, and of their answers.
const (
	CodeSignature   fault.Code = "REQUEST_SIGNATURE"
	CodeMalformed   fault.Code = "REQUEST_MALFORMED"
	CodeMisdirected fault.Code = "REQUEST_MISDIRECTED"
	CodeStale       fault.Code = "REQUEST_STALE"
	CodeReplayed    fault.Code = "REQUEST_REPLAYED"
	CodeSuspended   fault.Code = "RELEASE_SUSPENDED"
	CodeTooLarge    fault.Code = "RELEASE_TOO_LARGE" // of a reply that is larger than one may be
	CodeNoMore      fault.Code = "RELEASE_COMPLETE"
	CodeUntrusted   fault.Code = "REPLY_UNTRUSTED"
	// CodeNoConsent: the ledger does not know the consent that a reply names.
	CodeNoConsent fault.Code = "REPLY_WITHOUT_CONSENT"
	CodeNoRequest fault.Code = "REQUEST_NOT_FOUND"
	CodeNoRecord  fault.Code = "NOT_FOUND"
	CodeTimedOut  fault.Code = "TIMED_OUT"
	CodePurpose   fault.Code = "PURPOSE_INVALID"
	CodePatient   fault.Code = "PATIENT_INVALID"
	CodeCustodian fault.Code = "CUSTODIAN_INVALID"
	CodeNoKinds   fault.Code = "KINDS_MISSING"
	CodeKind      fault.Code = "KIND_INVALID"
)
