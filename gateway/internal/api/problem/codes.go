package problem

import "yilian.example/exchange/fault"

// Codes of what is wrong with a request whatever it asks for.
const (
	CodeMediaType     fault.Code = "MEDIA_TYPE"
	CodeNotAcceptable fault.Code = "NOT_ACCEPTABLE"
	CodeMethod        fault.Code = "METHOD"
	CodeNoSuchAddress fault.Code = "NO_SUCH_ADDRESS"
	CodeTooLarge      fault.Code = "BODY_TOO_LARGE"
	CodeCut           fault.Code = "BODY_CUT"
)
