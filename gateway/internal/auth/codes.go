package auth

import "yilian.example/exchange/fault"

// Codes of callers who are not known, or not for here.
const (
	CodeSignIn              fault.Code = "SIGN_IN"
	CodeWrongRole           fault.Code = "WRONG_ROLE"
	CodeSignInFailed        fault.Code = "SIGN_IN_FAILED"
	CodeSessionEnded        fault.Code = "SESSION_ENDED"
	CodeInvalidToken        fault.Code = "INVALID_TOKEN"
	CodeWrongOrganisation   fault.Code = "WRONG_ORGANISATION"
	CodeUnknownRole         fault.Code = "UNKNOWN_ROLE"
	CodeNoIdentifier        fault.Code = "NO_IDENTIFIER"
	CodeCrossOrigin         fault.Code = "CROSS_ORIGIN"
	CodeIdentityUnavailable fault.Code = "IDENTITY_UNAVAILABLE"
	CodeUnknownMember       fault.Code = "UNKNOWN_MEMBER"
	CodeUnknownGateway      fault.Code = "UNKNOWN_GATEWAY"
)
