package fhir

import "yilian.example/exchange/fault"

// Codes of what FHIR's interface refuses by itself.
const (
	CodeTypeNotKept fault.Code = "TYPE_NOT_KEPT"
	CodeSearch      fault.Code = "SEARCH"
	CodeTooLarge    fault.Code = "TOO_LARGE"
)
