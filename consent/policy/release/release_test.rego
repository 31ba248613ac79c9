package policy.release_test

import data.policy.lib_test.codes
import data.policy.lib_test.granted
import data.policy.lib_test.now
import data.policy.lib_test.releasing
import data.policy.lib_test.with_consent
import data.policy.release

test_system_release_denied if {
	answer := release.decision with input as object.union(releasing, {"query": {"actor": {"role": "system"}}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED", "ROLE_NOT_ALLOWED"]
}

test_invitation_is_no_consent if {
	answer := release.decision with input as object.union(releasing, {"facts": {"consents": [], "invitations": [granted]}})
	not answer.allow
	codes(answer) == ["CONSENT_MISSING"]
}

test_marketing_denied_despite_consent if {
	answer := release.decision with input as object.union(with_consent({"purpose": "HMARKT"}), {"query": {"purpose": "HMARKT"}})
	not answer.allow
	codes(answer)[0] == "MARKETING_PROHIBITED"
}

test_no_basis_is_said if {
	answer := release.decision with input as object.union(releasing, {"query": {"actor": {"org": "donghu"}}, "facts": {"consents": [object.union(granted, {"recipient": "donghu"})]}})
	not answer.allow
	codes(answer) == ["NO_BASIS"]
}

test_release_allowed if {
	answer := release.decision with input as releasing
	answer.allow
	codes(answer) == ["PATIENT_CONSENT"]
	answer.consent == "c1"
	answer.obligations == ["ONLY_KINDS", "RECEIPT", "NO_ONWARD"]
}

test_release_to_insurer_allowed if {
	query := {"actor": {"id": "a1", "org": "anhe", "role": "assessor"}, "purpose": "HPAYMT"}
	answer := release.decision with input as object.union(with_consent({"recipient": "anhe", "purpose": "HPAYMT"}), {"query": query})
	answer.allow
}

test_release_without_consent_denied if {
	answer := release.decision with input as object.union(releasing, {"facts": {"consents": []}})
	not answer.allow
	codes(answer) == ["CONSENT_MISSING"]
	answer.consent == ""
	answer.obligations == []
}

test_release_despite_encounter_needs_consent if {
	answer := release.decision with input as object.union(releasing, {"facts": {"care": true, "consents": []}})
	not answer.allow
}

test_release_pending_denied if {
	answer := release.decision with input as with_consent({"state": "pending"})
	not answer.allow
	codes(answer) == ["CONSENT_PENDING"]
}

test_release_refused_denied if {
	answer := release.decision with input as with_consent({"state": "refused"})
	not answer.allow
	codes(answer) == ["CONSENT_REFUSED"]
}

test_release_withdrawn_denied if {
	answer := release.decision with input as with_consent({"state": "withdrawn"})
	not answer.allow
	codes(answer) == ["CONSENT_WITHDRAWN"]
	some reason in answer.reasons
	reason.article == "PIPL 15"
}

test_release_unknown_state_denied if {
	answer := release.decision with input as with_consent({"state": "fine"})
	not answer.allow
	codes(answer) == ["CONSENT_PENDING"]
}

test_release_at_the_end_denied if {
	answer := release.decision with input as with_consent({"until": now})
	not answer.allow
	codes(answer) == ["CONSENT_EXPIRED"]
}

test_release_just_before_the_end_allowed if {
	answer := release.decision with input as with_consent({"until": now + 1})
	answer.allow
}

test_release_before_the_beginning_denied if {
	answer := release.decision with input as with_consent({"from": now + 1})
	not answer.allow
	codes(answer) == ["CONSENT_NOT_BEGUN"]
}

test_release_to_another_recipient_denied if {
	answer := release.decision with input as with_consent({"recipient": "anhe"})
	not answer.allow
	codes(answer) == ["CONSENT_RECIPIENT"]
}

test_release_for_another_purpose_denied if {
	answer := release.decision with input as with_consent({"purpose": "HPAYMT"})
	not answer.allow
	codes(answer) == ["CONSENT_PURPOSE"]
}

test_release_of_another_kind_denied if {
	answer := release.decision with input as with_consent({"kinds": ["diagnoses"]})
	not answer.allow
	codes(answer) == ["CONSENT_KIND"]
}

test_release_by_a_role_that_does_not_treat_denied if {
	answer := release.decision with input as object.union(releasing, {"query": {"actor": {"role": "assessor"}}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED"]
}

test_release_to_a_patient_denied if {
	answer := release.decision with input as object.union(releasing, {"query": {"actor": {"role": "patient", "patient": "p1"}, "purpose": "PATRQT"}})
	not answer.allow
}

# Two consents that cover the kinds only together do not permit.
test_release_needs_one_consent_for_all_kinds if {
	parts := [object.union(granted, {"kinds": ["diagnoses"]}), object.union(granted, {"id": "c2", "kinds": ["observations"]})]
	answer := release.decision with input as object.union(releasing, {"facts": {"consents": parts}})
	not answer.allow
	codes(answer) == ["CONSENT_KIND"]
}

test_release_rests_on_the_consent_that_lasts_longest if {
	longer := object.union(granted, {"id": "c2", "until": now + 7200})
	answer := release.decision with input as object.union(releasing, {"facts": {"consents": [granted, longer, object.union(granted, {"id": "c3"})]}})
	answer.consent == "c2"
}

test_release_names_all_grounds_in_order if {
	several := [
		object.union(granted, {"state": "pending"}),
		object.union(granted, {"id": "c2", "state": "withdrawn"}),
		object.union(granted, {"id": "c3", "kinds": ["diagnoses"]}),
		object.union(granted, {"id": "c4", "recipient": "anhe"}),
	]
	answer := release.decision with input as object.union(releasing, {"facts": {"consents": several}})
	not answer.allow
	codes(answer) == ["CONSENT_WITHDRAWN", "CONSENT_PENDING", "CONSENT_KIND"]
}

# A consent that lacks a field never permits.
test_release_incomplete_consent_denied if {
	every field in ["/id", "/recipient", "/purpose", "/kinds", "/from", "/until", "/state"] {
		answer := release.decision with input as object.union(releasing, {"facts": {"consents": [json.remove(granted, [field])]}})
		not answer.allow
		count(answer.reasons) > 0
	}
}

# Rego orders values of different types, so a text must not pass for a late or early time.
test_release_consent_with_text_times_denied if {
	every change in [{"until": "9999"}, {"from": null}] {
		answer := release.decision with input as with_consent(change)
		not answer.allow
	}
}
