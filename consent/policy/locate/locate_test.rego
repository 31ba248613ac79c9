package policy.locate_test

import data.policy.lib_test.assessor
import data.policy.lib_test.base
import data.policy.lib_test.codes
import data.policy.lib_test.granted
import data.policy.lib_test.member_assessor
import data.policy.lib_test.member_clinician
import data.policy.lib_test.member_patient
import data.policy.lib_test.now
import data.policy.lib_test.self
import data.policy.locate

assessor_at_home := object.union(assessor, {"query": {"action": "locate"}})

invitation := object.union(granted, {"recipient": "donghu", "purpose": "HPAYMT"})

test_treatment_locate_allowed if {
	answer := locate.decision with input as object.union(base, {"query": {"action": "locate"}})
	answer.allow
	codes(answer) == ["TREATMENT_RELATION"]
}

test_treatment_locate_without_encounter_denied if {
	answer := locate.decision with input as object.union(base, {"query": {"action": "locate"}, "facts": {"care": false}})
	not answer.allow
	codes(answer) == ["NO_TREATMENT_RELATION"]
}

test_self_locate_about_somebody_else_denied if {
	answer := locate.decision with input as object.union(self, {"query": {"action": "locate", "patient": "p2"}})
	not answer.allow
	codes(answer) == ["NOT_THE_PATIENT"]
}

test_self_locate_allowed if {
	answer := locate.decision with input as object.union(self, {"query": {"action": "locate"}})
	answer.allow
	codes(answer) == ["PATIENT_SELF"]
}

# An insurer's own assessor asks the custodians (`ask`); nothing that stands here helps.
test_assessor_at_home_denied if {
	every facts in [{}, {"consents": [invitation]}, {"invitations": [invitation]}] {
		answer := locate.decision with input as object.union(assessor_at_home, {"facts": facts})
		not answer.allow
		codes(answer) == ["NOT_INVITED"]
	}
}

# People of other members.

test_member_clinician_allowed if {
	answer := locate.decision with input as member_clinician
	answer.allow
	codes(answer) == ["MEMBER_TREATMENT"]
	answer.consent == ""
	answer.obligations == []
}

test_member_clinician_for_another_purpose_denied if {
	answer := locate.decision with input as object.union(member_clinician, {"query": {"purpose": "HPAYMT"}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED"]
}

test_member_patient_allowed if {
	answer := locate.decision with input as member_patient
	answer.allow
	codes(answer) == ["MEMBER_PATIENT"]
}

test_member_patient_about_somebody_else_denied if {
	every change in [{"patient": "p2"}, {"actor": {"patient": ""}}] {
		answer := locate.decision with input as object.union(member_patient, {"query": change})
		not answer.allow
		codes(answer) == ["NOT_THE_PATIENT"]
	}
}

test_member_assessor_allowed_under_a_consent if {
	answer := locate.decision with input as member_assessor
	answer.allow
	codes(answer) == ["PATIENT_CONSENT"]
	answer.consent == "c1"
	answer.obligations == []
}

test_member_assessor_without_a_consent_denied if {
	answer := locate.decision with input as object.union(member_assessor, {"facts": {"consents": []}})
	not answer.allow
	codes(answer) == ["NOT_INVITED"]
	answer.consent == ""
}

test_member_assessor_needs_a_consent_that_permits if {
	every change in [
		{"recipient": "qingshan"}, {"purpose": "TREAT"}, {"kinds": ["diagnoses"]}, {"state": "pending"}, {"state": "withdrawn"},
		{"until": now}, {"from": now + 1},
	] {
		fact := object.union(member_assessor.facts.consents[0], change)
		answer := locate.decision with input as object.union(member_assessor, {"facts": {"consents": [fact]}})
		not answer.allow
		codes(answer) == ["NOT_INVITED"]
	}
}

# What another member's gateway heard from others is no consent given here.
test_member_assessor_with_an_invitation_elsewhere_denied if {
	fact := object.union(granted, {"recipient": "anhe", "purpose": "HPAYMT"})
	answer := locate.decision with input as object.union(member_assessor, {"facts": {"consents": [], "invitations": [fact]}})
	not answer.allow
}

test_other_roles_of_members_denied if {
	every role in ["system", "auditor", "gateway", "admin"] {
		answer := locate.decision with input as object.union(member_clinician, {"query": {"actor": {"role": role}}})
		not answer.allow
	}
}

test_locate_rests_on_the_consent_that_lasts_longest if {
	longer := object.union(member_assessor.facts.consents[0], {"id": "c2", "until": now + 7200})
	answer := locate.decision with input as object.union(
		member_assessor,
		{"facts": {"consents": [member_assessor.facts.consents[0], longer]}},
	)
	answer.consent == "c2"
}
