package recordstest

import "yilian.example/exchange/fault"

// Codes of what cannot be done.
const (
	CodeConsentEnded    fault.Code = "CONSENT_ENDED"
	CodeErased          fault.Code = "ERASED"
	CodePatientChanged  fault.Code = "RECORD_PATIENT_CHANGED"
	CodeRecordExists    fault.Code = "RECORD_EXISTS"
	CodeVersionConflict fault.Code = "VERSION_CONFLICT"
)
