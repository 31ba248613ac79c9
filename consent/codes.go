package consent

import "yilian.example/exchange/fault"

// The codes of this domain's errors.
const (
	// CodeObligationUnknown: the policy asks for something that no code here carries out.
	CodeObligationUnknown fault.Code = "OBLIGATION_UNKNOWN"
)

// Codes of what cannot be done, or went wrong.
const (
	CodeConsentAgeUnknown fault.Code = "CONSENT_AGE_UNKNOWN"
	CodeConsentChanged    fault.Code = "CONSENT_CHANGED"
	CodeConsentCustodian  fault.Code = "CONSENT_CUSTODIAN"
	CodeConsentDraftOld   fault.Code = "CONSENT_DRAFT_OLD"
	CodeConsentGuardian   fault.Code = "CONSENT_GUARDIAN"
	CodeConsentKinds      fault.Code = "CONSENT_KINDS"
	CodeConsentNotice     fault.Code = "CONSENT_NOTICE"
	CodeConsentNotFound   fault.Code = "CONSENT_NOT_FOUND"
	CodeConsentPeriod     fault.Code = "CONSENT_PERIOD"
	CodeConsentPurpose    fault.Code = "CONSENT_PURPOSE"
	CodeConsentRecipient  fault.Code = "CONSENT_RECIPIENT"
	CodeConsentSalt       fault.Code = "CONSENT_SALT"
	CodeConsentSignature  fault.Code = "CONSENT_SIGNATURE"
	CodeConsentStatement  fault.Code = "CONSENT_STATEMENT"
	CodeNotThePatient     fault.Code = "NOT_THE_PATIENT"
	CodePatientOnly       fault.Code = "PATIENT_ONLY"
)
