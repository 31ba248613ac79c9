package consent

import "yilian.example/exchange/fault"

// The codes of this domain's errors.
const (
	// CodeObligationUnknown: the policy asks for something that no code here carries out.
	CodeObligationUnknown fault.Code = "OBLIGATION_UNKNOWN"
)
