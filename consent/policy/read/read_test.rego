package policy.read_test

import data.policy.lib_test.base
import data.policy.lib_test.codes
import data.policy.lib_test.self
import data.policy.lib_test.system
import data.policy.read

test_treatment_allowed if {
	answer := read.decision with input as base
	answer.allow
	codes(answer) == ["TREATMENT_RELATION"]
	answer.consent == ""
	answer.obligations == []
}

test_treatment_without_encounter_denied if {
	answer := read.decision with input as object.union(base, {"facts": {"care": false}})
	not answer.allow
	codes(answer) == ["NO_TREATMENT_RELATION"]
}

test_treatment_for_operations_denied if {
	answer := read.decision with input as object.union(base, {"query": {"purpose": "HOPERAT"}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED"]
}

test_clinician_of_another_member_may_not_read if {
	answer := read.decision with input as object.union(base, {"query": {"actor": {"org": "qingshan"}}})
	not answer.allow
	codes(answer) == ["OTHER_ORGANISATION"]
}

test_system_read_allowed if {
	answer := read.decision with input as object.union(system, {"query": {"action": "read"}})
	answer.allow
	codes(answer) == ["RECORD_KEEPING"]
}

test_self_allowed if {
	answer := read.decision with input as self
	answer.allow
	codes(answer) == ["PATIENT_SELF"]
}

test_self_about_somebody_else_denied if {
	answer := read.decision with input as object.union(self, {"query": {"patient": "p2"}})
	not answer.allow
	codes(answer) == ["NOT_THE_PATIENT"]
}

test_self_without_reference_denied if {
	answer := read.decision with input as object.union(self, {"query": {"actor": {"patient": ""}}})
	not answer.allow
}

test_self_for_treatment_denied if {
	answer := read.decision with input as object.union(self, {"query": {"purpose": "TREAT"}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED"]
}

test_directory_allowed if {
	answer := read.decision with input as object.union(base, {"query": {"patient": "", "kinds": ["directory"]}, "facts": {"care": false}})
	answer.allow
	codes(answer) == ["DIRECTORY"]
}

test_directory_for_another_member_denied if {
	answer := read.decision with input as object.union(base, {"query": {"actor": {"org": "qingshan"}, "patient": "", "kinds": ["directory"]}})
	not answer.allow
	codes(answer) == ["OTHER_ORGANISATION"]
}

test_directory_with_patient_kinds_denied if {
	answer := read.decision with input as object.union(base, {"query": {"patient": "", "kinds": ["diagnoses", "directory"]}})
	not answer.allow
	codes(answer) == ["KIND_UNKNOWN"]
}

test_auditor_denied if {
	answer := read.decision with input as object.union(base, {"query": {"actor": {"role": "auditor"}}})
	not answer.allow
	codes(answer) == ["AUDITOR_NO_CONTENT", "PURPOSE_NOT_ALLOWED", "ROLE_NOT_ALLOWED"]
}

test_assessor_read_denied if {
	answer := read.decision with input as object.union(base, {"query": {"actor": {"role": "assessor"}, "purpose": "HPAYMT"}})
	not answer.allow
	codes(answer) == ["ROLE_NOT_ALLOWED"]
}

test_unknown_role_denied if {
	answer := read.decision with input as object.union(base, {"query": {"actor": {"role": "admin"}}})
	not answer.allow
}

test_unknown_purpose_denied if {
	answer := read.decision with input as object.union(base, {"query": {"purpose": "CURIOSITY"}})
	not answer.allow
	codes(answer)[0] == "PURPOSE_UNKNOWN"
}

test_purposes_without_rules_denied if {
	every purpose in ["ETREAT", "HRESCH", "PUBHLTH"] {
		answer := read.decision with input as object.union(base, {"query": {"purpose": purpose}})
		not answer.allow
		codes(answer) == ["PURPOSE_NOT_ALLOWED"]
	}
}

test_unknown_kind_denied if {
	answer := read.decision with input as object.union(base, {"query": {"kinds": ["genome"]}})
	not answer.allow
	codes(answer)[0] == "KIND_UNKNOWN"
}

test_empty_words_denied if {
	every change in [
		{"org": ""}, {"query": {"actor": {"id": ""}}}, {"query": {"actor": {"org": ""}}}, {"query": {"purpose": ""}},
		{"query": {"kinds": []}}, {"query": {"time": "now"}}, {"facts": {"care": "yes"}}, {"facts": {"consents": {}}},
	] {
		answer := read.decision with input as object.union(base, change)
		not answer.allow
		codes(answer)[0] == "INPUT_MISSING"
	}
}
