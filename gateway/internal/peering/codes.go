package peering

import "yilian.example/exchange/fault"

// Codes of what goes wrong on the way to another member.
const (
	CodeUnreachable fault.Code = "CUSTODIAN_UNREACHABLE"
	CodeRefused     fault.Code = "CUSTODIAN_REFUSED"
)
