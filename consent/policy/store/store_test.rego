package policy.store_test

import data.policy.lib_test.base
import data.policy.lib_test.codes
import data.policy.lib_test.self
import data.policy.lib_test.system
import data.policy.store

test_clinician_may_not_store if {
	answer := store.decision with input as object.union(base, {"query": {"action": "store"}})
	not answer.allow
	codes(answer) == ["ROLE_NOT_ALLOWED"]
}

test_system_store_allowed if {
	answer := store.decision with input as system
	answer.allow
	codes(answer) == ["RECORD_KEEPING"]
}

test_system_treatment_denied if {
	answer := store.decision with input as object.union(system, {"query": {"purpose": "TREAT"}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED"]
}

test_system_of_another_member_denied if {
	answer := store.decision with input as object.union(system, {"query": {"actor": {"org": "qingshan"}}})
	not answer.allow
	codes(answer) == ["OTHER_ORGANISATION"]
}

test_self_store_denied if {
	answer := store.decision with input as object.union(self, {"query": {"action": "store"}})
	not answer.allow
}

test_directory_store_by_system_allowed if {
	answer := store.decision with input as object.union(system, {"query": {"patient": "", "kinds": ["directory"]}})
	answer.allow
	codes(answer) == ["DIRECTORY"]
}

test_patient_kinds_without_patient_denied if {
	answer := store.decision with input as object.union(system, {"query": {"patient": ""}})
	not answer.allow
	codes(answer) == ["KIND_UNKNOWN"]
}

test_system_store_for_a_patient_of_another_custodian_denied if {
	answer := store.decision with input as object.union(system, {"query": {"custodian": "qingshan"}})
	not answer.allow
	codes(answer) == ["NOT_CUSTODIAN"]
}

test_directory_store_for_treatment_denied if {
	answer := store.decision with input as object.union(system, {"query": {"patient": "", "kinds": ["directory"], "purpose": "TREAT"}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED"]
}
