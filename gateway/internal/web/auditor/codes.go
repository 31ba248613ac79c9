package auditor

import "yilian.example/exchange/fault"

// Codes of what cannot be done, or went wrong.
const (
	CodeEvidenceMissing  fault.Code = "EVIDENCE_MISSING"
	CodeEvidenceTooLarge fault.Code = "EVIDENCE_TOO_LARGE"
)
