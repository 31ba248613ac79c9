package api

import "yilian.example/exchange/fault"

// Codes of the JSON API and the public log.
const (
	CodeMalformed       fault.Code = "MALFORMED"         // cannot be read as JSON
	CodeNotAsDocumented fault.Code = "NOT_AS_DOCUMENTED" // JSON, but not as the OpenAPI description has it
	CodePatientOnly     fault.Code = "PATIENT_ONLY"
	CodeAuditorOnly     fault.Code = "AUDITOR_ONLY"
	CodeLogNotPublished fault.Code = "LOG_NOT_PUBLISHED"
	CodeNoSuchTile      fault.Code = "NO_SUCH_TILE"
)
