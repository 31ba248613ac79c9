package peering

import "yilian.example/exchange/fault"

// Codes of what goes wrong on the way to another member.
const (
	CodeUnreachable fault.Code = "CUSTODIAN_UNREACHABLE"
	CodeRefused     fault.Code = "CUSTODIAN_REFUSED"
)

// Codes of what cannot be done, or went wrong.
const (
	CodeLogUnreachable   fault.Code = "LOG_UNREACHABLE"
	CodeMemberUnknown    fault.Code = "MEMBER_UNKNOWN"
	CodeMessageMalformed fault.Code = "MESSAGE_MALFORMED"
	CodeMessageSignature fault.Code = "MESSAGE_SIGNATURE"
	CodeMessageType      fault.Code = "MESSAGE_TYPE"
)
