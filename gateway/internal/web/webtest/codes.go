package webtest

import "yilian.example/exchange/fault"

// Codes of what cannot be done, or went wrong.
const (
	CodeIdentifier fault.Code = "IDENTIFIER"
	CodeNotFound   fault.Code = "NOT_FOUND"
)
