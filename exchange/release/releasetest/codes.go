package releasetest

import "yilian.example/exchange/fault"

// Codes of what cannot be done.
const (
	CodeAlreadyExists fault.Code = "ALREADY_EXISTS"
	CodeConsentEnded  fault.Code = "CONSENT_ENDED"
	CodeNoRequest     fault.Code = "REQUEST_NOT_FOUND"
)
