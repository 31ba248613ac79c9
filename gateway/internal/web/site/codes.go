package site

import "yilian.example/exchange/fault"

// Codes of what cannot be done, or went wrong.
const (
	CodeNotFound fault.Code = "NOT_FOUND"
)
