package keyring

import "yilian.example/exchange/fault"

// Codes of what cannot be done, or went wrong.
const (
	CodeKeyBroken  fault.Code = "KEY_BROKEN"
	CodeSealBroken fault.Code = "SEAL_BROKEN"
)
