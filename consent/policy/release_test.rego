package policy_test

import data.policy

test_release_allowed if {
	answer := policy.decision with input as release
	answer.allow
	codes(answer) == ["PATIENT_CONSENT"]
	answer.consent == "c1"
	answer.obligations == ["ONLY_KINDS", "RECEIPT", "NO_ONWARD"]
}

test_release_to_insurer_allowed if {
	query := {"actor": {"id": "a1", "org": "anhe", "role": "assessor"}, "purpose": "HPAYMT"}
	answer := policy.decision with input as object.union(with_consent({"recipient": "anhe", "purpose": "HPAYMT"}), {"query": query})
	answer.allow
}

test_release_without_consent_denied if {
	answer := policy.decision with input as object.union(release, {"facts": {"consents": []}})
	not answer.allow
	codes(answer) == ["CONSENT_MISSING"]
	answer.consent == ""
	answer.obligations == []
}

test_release_despite_encounter_needs_consent if {
	answer := policy.decision with input as object.union(release, {"facts": {"care": true, "consents": []}})
	not answer.allow
}

test_release_pending_denied if {
	answer := policy.decision with input as with_consent({"state": "pending"})
	not answer.allow
	codes(answer) == ["CONSENT_PENDING"]
}

test_release_refused_denied if {
	answer := policy.decision with input as with_consent({"state": "refused"})
	not answer.allow
	codes(answer) == ["CONSENT_REFUSED"]
}

test_release_withdrawn_denied if {
	answer := policy.decision with input as with_consent({"state": "withdrawn"})
	not answer.allow
	codes(answer) == ["CONSENT_WITHDRAWN"]
	some reason in answer.reasons
	reason.article == "PIPL 15"
}

test_release_unknown_state_denied if {
	answer := policy.decision with input as with_consent({"state": "fine"})
	not answer.allow
	codes(answer) == ["CONSENT_PENDING"]
}

test_release_at_the_end_denied if {
	answer := policy.decision with input as with_consent({"until": now})
	not answer.allow
	codes(answer) == ["CONSENT_EXPIRED"]
}

test_release_just_before_the_end_allowed if {
	answer := policy.decision with input as with_consent({"until": now + 1})
	answer.allow
}

test_release_before_the_beginning_denied if {
	answer := policy.decision with input as with_consent({"from": now + 1})
	not answer.allow
	codes(answer) == ["CONSENT_NOT_BEGUN"]
}

test_release_to_another_recipient_denied if {
	answer := policy.decision with input as with_consent({"recipient": "anhe"})
	not answer.allow
	codes(answer) == ["CONSENT_RECIPIENT"]
}

test_release_for_another_purpose_denied if {
	answer := policy.decision with input as with_consent({"purpose": "HPAYMT"})
	not answer.allow
	codes(answer) == ["CONSENT_PURPOSE"]
}

test_release_of_another_kind_denied if {
	answer := policy.decision with input as with_consent({"kinds": ["diagnoses"]})
	not answer.allow
	codes(answer) == ["CONSENT_KIND"]
}

test_release_by_a_role_that_does_not_treat_denied if {
	answer := policy.decision with input as object.union(release, {"query": {"actor": {"role": "assessor"}}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED"]
}

test_release_to_a_patient_denied if {
	answer := policy.decision with input as object.union(release, {"query": {"actor": {"role": "patient", "patient": "p1"}, "purpose": "PATRQT"}})
	not answer.allow
}

# Two consents that cover the kinds only together do not permit.
test_release_needs_one_consent_for_all_kinds if {
	parts := [object.union(granted, {"kinds": ["diagnoses"]}), object.union(granted, {"id": "c2", "kinds": ["observations"]})]
	answer := policy.decision with input as object.union(release, {"facts": {"consents": parts}})
	not answer.allow
	codes(answer) == ["CONSENT_KIND"]
}

test_release_rests_on_the_consent_that_lasts_longest if {
	longer := object.union(granted, {"id": "c2", "until": now + 7200})
	answer := policy.decision with input as object.union(release, {"facts": {"consents": [granted, longer, object.union(granted, {"id": "c3"})]}})
	answer.consent == "c2"
}

test_release_names_all_grounds_in_order if {
	several := [
		object.union(granted, {"state": "pending"}),
		object.union(granted, {"id": "c2", "state": "withdrawn"}),
		object.union(granted, {"id": "c3", "kinds": ["diagnoses"]}),
		object.union(granted, {"id": "c4", "recipient": "anhe"}),
	]
	answer := policy.decision with input as object.union(release, {"facts": {"consents": several}})
	not answer.allow
	codes(answer) == ["CONSENT_WITHDRAWN", "CONSENT_PENDING", "CONSENT_KIND"]
}

# A consent that lacks a field never permits.
test_release_incomplete_consent_denied if {
	every field in ["/id", "/recipient", "/purpose", "/kinds", "/from", "/until", "/state"] {
		answer := policy.decision with input as object.union(release, {"facts": {"consents": [json.remove(granted, [field])]}})
		not answer.allow
		count(answer.reasons) > 0
	}
}

# Rego orders values of different types, so a text must not pass for a late or early time.
test_release_consent_with_text_times_denied if {
	every change in [{"until": "9999"}, {"from": null}] {
		answer := policy.decision with input as with_consent(change)
		not answer.allow
	}
}

# What was received before.

test_recall_allowed_while_the_consent_holds if {
	answer := policy.decision with input as recall
	answer.allow
	codes(answer) == ["PATIENT_CONSENT"]
}

test_recall_after_withdrawal_denied if {
	answer := policy.decision with input as received_under({"state": "withdrawn"})
	not answer.allow
	codes(answer) == ["CONSENT_WITHDRAWN"]
}

test_recall_after_the_end_denied if {
	answer := policy.decision with input as received_under({"until": now})
	not answer.allow
	codes(answer) == ["CONSENT_EXPIRED"]
}

test_recall_without_its_consent_denied if {
	answer := policy.decision with input as object.union(recall, {"facts": {"invitations": []}})
	not answer.allow
	codes(answer) == ["CONSENT_MISSING"]
}

test_recall_by_another_member_denied if {
	answer := policy.decision with input as object.union(recall, {"query": {"actor": {"org": "anhe"}}})
	not answer.allow
}

test_recall_by_a_patient_denied if {
	answer := policy.decision with input as object.union(recall, {"query": {"actor": {"role": "patient"}, "purpose": "PATRQT"}})
	not answer.allow
}

test_assessor_sees_what_inviting_custodians_hold if {
	answer := policy.decision with input as invited
	answer.allow
	answer.obligations == ["FROM:qingshan"]
}

test_assessor_may_not_look_for_kinds_that_nobody_named if {
	answer := policy.decision with input as object.union(invited, {"query": {"kinds": ["medications"]}})
	not answer.allow
	codes(answer) == ["NOT_INVITED"]
}
