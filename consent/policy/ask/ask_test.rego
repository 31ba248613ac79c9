package policy.ask_test

import data.policy.ask
import data.policy.lib_test.asking
import data.policy.lib_test.assessor
import data.policy.lib_test.codes
import data.policy.lib_test.self

patient := object.union(self, {"query": {"action": "ask"}})

test_clinician_with_a_patient_in_care_allowed if {
	answer := ask.decision with input as asking
	answer.allow
	codes(answer) == ["TREATMENT_RELATION"]
	answer.consent == ""
	answer.obligations == []
}

test_clinician_without_encounter_denied if {
	answer := ask.decision with input as object.union(asking, {"facts": {"care": false}})
	not answer.allow
	codes(answer) == ["NO_TREATMENT_RELATION"]
}

test_clinician_for_another_purpose_denied if {
	answer := ask.decision with input as object.union(asking, {"query": {"purpose": "PATRQT"}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED"]
}

test_patient_about_themself_allowed if {
	answer := ask.decision with input as patient
	answer.allow
	codes(answer) == ["PATIENT_SELF"]
}

test_patient_about_somebody_else_denied if {
	answer := ask.decision with input as object.union(patient, {"query": {"patient": "p2"}})
	not answer.allow
	codes(answer) == ["NOT_THE_PATIENT"]
}

test_assessor_allowed_without_a_fact if {
	answer := ask.decision with input as assessor
	answer.allow
	codes(answer) == ["ASKING_CUSTODIANS"]
}

test_assessor_for_treatment_denied if {
	answer := ask.decision with input as object.union(assessor, {"query": {"purpose": "TREAT"}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED"]
}

test_people_of_another_member_denied if {
	every fixture in [asking, patient, assessor] {
		answer := ask.decision with input as object.union(fixture, {"query": {"actor": {"org": "qingshan"}}})
		not answer.allow
		codes(answer) == ["OTHER_ORGANISATION"]
	}
}

test_directory_is_not_asked_for if {
	answer := ask.decision with input as object.union(assessor, {"query": {"patient": "", "kinds": ["directory"]}})
	not answer.allow
	codes(answer) == ["NO_BASIS"]
}

test_systems_and_auditors_denied if {
	every role in ["system", "auditor", "gateway"] {
		answer := ask.decision with input as object.union(asking, {"query": {"actor": {"role": role}}})
		not answer.allow
	}
}
