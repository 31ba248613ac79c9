package fabric

import "yilian.example/exchange/fault"

// Codes of what cannot be done, or went wrong.
const (
	CodeLedgerOutcomeUnknown fault.Code = "LEDGER_OUTCOME_UNKNOWN"
	CodeLedgerUnavailable    fault.Code = "LEDGER_UNAVAILABLE"
)
