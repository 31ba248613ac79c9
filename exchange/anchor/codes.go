package anchor

import "yilian.example/exchange/fault"

// Codes of what cannot be done, or went wrong.
const (
	CodeLogLag     fault.Code = "LOG_LAG"
	CodeLogRefused fault.Code = "LOG_REFUSED"
)
