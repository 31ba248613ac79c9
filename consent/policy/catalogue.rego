package policy

# METADATA
# description: |
#   Every code with its rank and the articles it rests on. Reasons are given by rank, most specific first.
catalogue := {
	"INPUT_MISSING": [1, "INPUT_MISSING", "PIPL 5, 6"],
	"MARKETING_PROHIBITED": [2, "MARKETING_PROHIBITED", "PIPL 10, 28"],
	"PURPOSE_UNKNOWN": [3, "PURPOSE_UNKNOWN", "PIPL 6"],
	"KIND_UNKNOWN": [4, "KIND_UNKNOWN", "PIPL 6"],
	"NOT_CUSTODIAN": [5, "NOT_CUSTODIAN", "PIPL 9"],
	"AUDITOR_NO_CONTENT": [6, "AUDITOR_NO_CONTENT", "PIPL 6, 51"],
	"CONSENT_WITHDRAWN": [7, "CONSENT_WITHDRAWN", "PIPL 15"],
	"CONSENT_PENDING": [8, "CONSENT_PENDING", "PIPL 23, 29"],
	"CONSENT_REFUSED": [9, "CONSENT_REFUSED", "PIPL 23, 29"],
	"CONSENT_EXPIRED": [10, "CONSENT_EXPIRED", "PIPL 19, 23"],
	"CONSENT_NOT_BEGUN": [11, "CONSENT_NOT_BEGUN", "PIPL 23, 29"],
	"CONSENT_KIND": [12, "CONSENT_KIND", "PIPL 14, 23"],
	"CONSENT_PURPOSE": [13, "CONSENT_PURPOSE", "PIPL 14, 23"],
	"CONSENT_RECIPIENT": [14, "CONSENT_RECIPIENT", "PIPL 23, 29"],
	"CONSENT_MISSING": [15, "CONSENT_MISSING", "PIPL 23, 29"],
	"NO_TREATMENT_RELATION": [16, "NO_TREATMENT_RELATION", "PIPL 6, 28"],
	"NOT_INVITED": [17, "NOT_INVITED", "PIPL 23, 29"],
	"NOT_THE_PATIENT": [18, "NOT_THE_PATIENT", "PIPL 45"],
	"OTHER_ORGANISATION": [19, "OTHER_ORGANISATION", "PIPL 23"],
	"PURPOSE_NOT_ALLOWED": [20, "PURPOSE_NOT_ALLOWED", "PIPL 6"],
	"ROLE_NOT_ALLOWED": [21, "ROLE_NOT_ALLOWED", "PIPL 6, 51"],
	"NO_BASIS": [22, "NO_BASIS", "PIPL 13"],
	"PATIENT_SELF": [23, "PATIENT_SELF", "PIPL 45"],
	"TREATMENT_RELATION": [24, "TREATMENT_RELATION", "PIPL 13(2), 28"],
	"PATIENT_CONSENT": [25, "PATIENT_CONSENT", "PIPL 23, 29"],
	"PATIENT_INVITATION": [26, "PATIENT_INVITATION", "PIPL 23, 29"],
	"RECORD_KEEPING": [27, "RECORD_KEEPING", "PIPL 13(2), 13(3)"],
	"DIRECTORY": [28, "DIRECTORY", "PIPL 13(2)"],
}

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
	"clinician": {"purposes": {"TREAT"}, "actions": {"read", "locate", "release", "recall"}},
	"patient": {"purposes": {"PATRQT"}, "actions": {"read", "locate"}},
	"assessor": {"purposes": {"HPAYMT"}, "actions": {"locate", "release", "recall"}},
	"gateway": {"purposes": {"TREAT", "HPAYMT"}, "actions": {"release"}},
	"auditor": {"purposes": set(), "actions": set()},
}
