package records

import "yilian.example/exchange/fault"

// Codes of what cannot be done, or went wrong.
const (
	CodeAccessHistoryBroken fault.Code = "ACCESS_LOG_BROKEN"
	CodeBatchTooLarge       fault.Code = "BATCH_TOO_LARGE"
	CodeDecisionMismatch    fault.Code = "DECISION_MISMATCH"
	CodeNotFound            fault.Code = "NOT_FOUND"
	CodeRecordContent       fault.Code = "RECORD_CONTENT"
	CodeRecordDeleted       fault.Code = "RECORD_DELETED"
	CodeRecordIntegrity     fault.Code = "RECORD_INTEGRITY"
	CodeRecordInvalid       fault.Code = "RECORD_INVALID"
	CodeRecordPatient       fault.Code = "RECORD_PATIENT"
	CodeRecordRepeated      fault.Code = "RECORD_REPEATED"
	CodeSearchEmpty         fault.Code = "SEARCH_EMPTY"
)
