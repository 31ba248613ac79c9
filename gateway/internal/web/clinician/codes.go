package clinician

import "yilian.example/exchange/fault"

// codeNotFound is of what is not there, or not for the reader.
const codeNotFound fault.Code = "NOT_FOUND"
