package consenttest

import "yilian.example/exchange/fault"

// Codes of what cannot be done, or went wrong.
const (
	CodeAlreadyExists        fault.Code = "ALREADY_EXISTS"
	CodeClaimLost            fault.Code = "CLAIM_LOST"
	CodeLedgerOutcomeUnknown fault.Code = "LEDGER_OUTCOME_UNKNOWN"
	CodeLedgerUnavailable    fault.Code = "LEDGER_UNAVAILABLE"
	CodeNotFound             fault.Code = "NOT_FOUND"
	CodeSealBroken           fault.Code = "SEAL_BROKEN"
)
