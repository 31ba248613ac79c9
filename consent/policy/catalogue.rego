package policy

# METADATA
# description: |
#   Every code with the articles it rests on, most specific first: reasons are given in this order.
catalogue := [
	{"code": "INPUT_MISSING", "article": "PIPL 5, 6"},
	{"code": "MARKETING_PROHIBITED", "article": "PIPL 10, 28"},
	{"code": "PURPOSE_UNKNOWN", "article": "PIPL 6"},
	{"code": "KIND_UNKNOWN", "article": "PIPL 6"},
	{"code": "NOT_CUSTODIAN", "article": "PIPL 9"},
	{"code": "AUDITOR_NO_CONTENT", "article": "PIPL 6, 51"},
	{"code": "CONSENT_WITHDRAWN", "article": "PIPL 15"},
	{"code": "CONSENT_PENDING", "article": "PIPL 23, 29"},
	{"code": "CONSENT_REFUSED", "article": "PIPL 23, 29"},
	{"code": "CONSENT_EXPIRED", "article": "PIPL 19, 23"},
	{"code": "CONSENT_NOT_BEGUN", "article": "PIPL 23, 29"},
	{"code": "CONSENT_KIND", "article": "PIPL 14, 23"},
	{"code": "CONSENT_PURPOSE", "article": "PIPL 14, 23"},
	{"code": "CONSENT_RECIPIENT", "article": "PIPL 23, 29"},
	{"code": "CONSENT_MISSING", "article": "PIPL 23, 29"},
	{"code": "NO_TREATMENT_RELATION", "article": "PIPL 6, 28"},
	{"code": "NOT_THE_PATIENT", "article": "PIPL 45"},
	{"code": "OTHER_ORGANISATION", "article": "PIPL 23"},
	{"code": "PURPOSE_NOT_ALLOWED", "article": "PIPL 6"},
	{"code": "ROLE_NOT_ALLOWED", "article": "PIPL 6, 51"},
	{"code": "NO_BASIS", "article": "PIPL 13"},
	{"code": "PATIENT_SELF", "article": "PIPL 45"},
	{"code": "TREATMENT_RELATION", "article": "PIPL 13(2), 28"},
	{"code": "PATIENT_CONSENT", "article": "PIPL 23, 29"},
	{"code": "RECORD_KEEPING", "article": "PIPL 13(2), 13(3)"},
	{"code": "DIRECTORY", "article": "PIPL 13(2)"},
]

# METADATA
# description: Purposes that a query may state (HL7 v3 PurposeOfUse). Marketing is known so that its refusal can be explained.
purposes := {"TREAT", "ETREAT", "PATRQT", "HPAYMT", "HOPERAT", "HRESCH", "PUBHLTH", "HMARKT"}

# METADATA
# description: Kinds of data that are about a patient.
patient_kinds := {
	"demographics",
	"encounters",
	"diagnoses",
	"observations",
	"reports",
	"medications",
	"procedures",
	"immunizations",
}

# METADATA
# description: What each role may ever do, and for which purposes. Auditors see logs and sizes, never records.
roles := {
	"system": {"purposes": {"HOPERAT"}, "actions": {"store", "read"}},
	"clinician": {"purposes": {"TREAT"}, "actions": {"read", "locate", "release"}},
	"patient": {"purposes": {"PATRQT"}, "actions": {"read", "locate"}},
	"assessor": {"purposes": {"HPAYMT"}, "actions": {"release"}},
	"gateway": {"purposes": {"TREAT", "HPAYMT"}, "actions": {"release"}},
	"auditor": {"purposes": set(), "actions": set()},
}
