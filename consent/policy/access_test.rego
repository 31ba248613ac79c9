package policy_test

import data.policy

# Staff with a treating relation.

test_treatment_allowed if {
	answer := policy.decision with input as base
	answer.allow
	codes(answer) == ["TREATMENT_RELATION"]
	answer.consent == ""
	answer.obligations == []
}

test_treatment_locate_allowed if {
	answer := policy.decision with input as object.union(base, {"query": {"action": "locate"}})
	answer.allow
}

test_treatment_without_encounter_denied if {
	answer := policy.decision with input as object.union(base, {"facts": {"care": false}})
	not answer.allow
	codes(answer) == ["NO_TREATMENT_RELATION"]
}

test_treatment_locate_without_encounter_denied if {
	answer := policy.decision with input as object.union(base, {"query": {"action": "locate"}, "facts": {"care": false}})
	not answer.allow
}

test_treatment_for_operations_denied if {
	answer := policy.decision with input as object.union(base, {"query": {"purpose": "HOPERAT"}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED"]
}

test_clinician_may_not_store if {
	answer := policy.decision with input as object.union(base, {"query": {"action": "store"}})
	not answer.allow
	codes(answer) == ["ROLE_NOT_ALLOWED"]
}

test_clinician_of_another_member_may_not_read if {
	answer := policy.decision with input as object.union(base, {"query": {"actor": {"org": "qingshan"}}})
	not answer.allow
	codes(answer) == ["OTHER_ORGANISATION"]
}

# The organisation's own systems.

test_system_store_allowed if {
	answer := policy.decision with input as system
	answer.allow
	codes(answer) == ["RECORD_KEEPING"]
}

test_system_read_allowed if {
	answer := policy.decision with input as object.union(system, {"query": {"action": "read"}})
	answer.allow
}

test_system_treatment_denied if {
	answer := policy.decision with input as object.union(system, {"query": {"purpose": "TREAT"}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED"]
}

test_system_of_another_member_denied if {
	answer := policy.decision with input as object.union(system, {"query": {"actor": {"org": "qingshan"}}})
	not answer.allow
	codes(answer) == ["OTHER_ORGANISATION"]
}

test_system_release_denied if {
	answer := policy.decision with input as object.union(release, {"query": {"actor": {"role": "system"}}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED", "ROLE_NOT_ALLOWED"]
}

# Patients for themselves.

test_self_allowed if {
	answer := policy.decision with input as self
	answer.allow
	codes(answer) == ["PATIENT_SELF"]
}

test_self_locate_allowed if {
	answer := policy.decision with input as object.union(self, {"query": {"action": "locate"}})
	answer.allow
}

test_self_about_somebody_else_denied if {
	answer := policy.decision with input as object.union(self, {"query": {"patient": "p2"}})
	not answer.allow
	codes(answer) == ["NOT_THE_PATIENT"]
}

test_self_without_reference_denied if {
	answer := policy.decision with input as object.union(self, {"query": {"actor": {"patient": ""}}})
	not answer.allow
}

test_self_for_treatment_denied if {
	answer := policy.decision with input as object.union(self, {"query": {"purpose": "TREAT"}})
	not answer.allow
	codes(answer) == ["PURPOSE_NOT_ALLOWED"]
}

test_self_store_denied if {
	answer := policy.decision with input as object.union(self, {"query": {"action": "store"}})
	not answer.allow
}

# Directory data is about no patient.

test_directory_allowed if {
	answer := policy.decision with input as object.union(base, {"query": {"patient": "", "kinds": ["directory"]}, "facts": {"care": false}})
	answer.allow
	codes(answer) == ["DIRECTORY"]
}

test_directory_store_by_system_allowed if {
	answer := policy.decision with input as object.union(system, {"query": {"patient": "", "kinds": ["directory"]}})
	answer.allow
}

test_directory_for_another_member_denied if {
	answer := policy.decision with input as object.union(base, {"query": {"actor": {"org": "qingshan"}, "patient": "", "kinds": ["directory"]}})
	not answer.allow
	codes(answer) == ["OTHER_ORGANISATION"]
}

test_directory_with_patient_kinds_denied if {
	answer := policy.decision with input as object.union(base, {"query": {"patient": "", "kinds": ["diagnoses", "directory"]}})
	not answer.allow
	codes(answer) == ["KIND_UNKNOWN"]
}

test_patient_kinds_without_patient_denied if {
	answer := policy.decision with input as object.union(system, {"query": {"patient": ""}})
	not answer.allow
	codes(answer) == ["KIND_UNKNOWN"]
}

# Others.

test_auditor_denied if {
	answer := policy.decision with input as object.union(base, {"query": {"actor": {"role": "auditor"}}})
	not answer.allow
	codes(answer) == ["AUDITOR_NO_CONTENT", "PURPOSE_NOT_ALLOWED", "ROLE_NOT_ALLOWED"]
}

test_assessor_read_denied if {
	answer := policy.decision with input as object.union(base, {"query": {"actor": {"role": "assessor"}, "purpose": "HPAYMT"}})
	not answer.allow
	codes(answer) == ["ROLE_NOT_ALLOWED"]
}

test_unknown_role_denied if {
	answer := policy.decision with input as object.union(base, {"query": {"actor": {"role": "admin"}}})
	not answer.allow
}

# An insurer's assessors look for those who invited the insurer.

test_invited_locate_allowed if {
	answer := policy.decision with input as invited
	answer.allow
	codes(answer) == ["PATIENT_INVITATION"]
	answer.consent == ""
}

test_uninvited_locate_denied if {
	answer := policy.decision with input as object.union(invited, {"facts": {"invitations": []}})
	not answer.allow
	codes(answer) == ["NOT_INVITED"]
}

test_invitation_of_another_member_denied if {
	answer := policy.decision with input as object.union(invited, {"query": {"actor": {"org": "anhe"}}})
	not answer.allow
}

test_invitation_that_does_not_permit_denied if {
	every change in [
		{"recipient": "qingshan"}, {"purpose": "TREAT"}, {"kinds": ["diagnoses"]}, {"state": "pending"}, {"state": "withdrawn"},
		{"until": now}, {"from": now + 1},
	] {
		fact := object.union(invited.facts.invitations[0], change)
		answer := policy.decision with input as object.union(invited, {"facts": {"invitations": [fact]}})
		not answer.allow
	}
}

test_invitation_is_no_consent if {
	answer := policy.decision with input as object.union(release, {"facts": {"consents": [], "invitations": [granted]}})
	not answer.allow
	codes(answer) == ["CONSENT_MISSING"]
}

# Prohibitions.

test_marketing_denied if {
	every fixture in [base, system, self, release, invited] {
		answer := policy.decision with input as object.union(fixture, {"query": {"purpose": "HMARKT"}})
		not answer.allow
		codes(answer)[0] == "MARKETING_PROHIBITED"
	}
}

test_marketing_denied_despite_consent if {
	answer := policy.decision with input as object.union(with_consent({"purpose": "HMARKT"}), {"query": {"purpose": "HMARKT"}})
	not answer.allow
	codes(answer)[0] == "MARKETING_PROHIBITED"
}

test_unknown_purpose_denied if {
	answer := policy.decision with input as object.union(base, {"query": {"purpose": "CURIOSITY"}})
	not answer.allow
	codes(answer)[0] == "PURPOSE_UNKNOWN"
}

test_purposes_without_rules_denied if {
	every purpose in ["ETREAT", "HRESCH", "PUBHLTH"] {
		answer := policy.decision with input as object.union(base, {"query": {"purpose": purpose}})
		not answer.allow
		codes(answer) == ["PURPOSE_NOT_ALLOWED"]
	}
}

test_unknown_kind_denied if {
	answer := policy.decision with input as object.union(base, {"query": {"kinds": ["genome"]}})
	not answer.allow
	codes(answer)[0] == "KIND_UNKNOWN"
}

test_foreign_records_denied if {
	every fixture in [base, system, self, release, invited] {
		answer := policy.decision with input as object.union(fixture, {"query": {"custodian": "anhe"}})
		not answer.allow
		codes(answer)[0] == "NOT_CUSTODIAN"
	}
}

# Missing input.

test_missing_input_denied if {
	every path in [
		"/org", "/query", "/query/actor", "/query/actor/id", "/query/actor/org", "/query/actor/role", "/query/purpose", "/query/action",
		"/query/custodian", "/query/patient", "/query/kinds", "/query/time", "/facts", "/facts/care", "/facts/consents", "/facts/invitations",
	] {
		every fixture in [base, system, self, release, invited] {
			answer := policy.decision with input as json.remove(fixture, [path])
			not answer.allow
			codes(answer)[0] == "INPUT_MISSING"
		}
	}
}

test_empty_input_denied if {
	answer := policy.decision with input as {}
	not answer.allow
	codes(answer) == ["INPUT_MISSING"]
}

test_empty_words_denied if {
	every change in [
		{"org": ""}, {"query": {"actor": {"id": ""}}}, {"query": {"actor": {"org": ""}}}, {"query": {"purpose": ""}},
		{"query": {"kinds": []}}, {"query": {"time": "now"}}, {"facts": {"care": "yes"}}, {"facts": {"consents": {}}},
	] {
		answer := policy.decision with input as object.union(base, change)
		not answer.allow
		codes(answer)[0] == "INPUT_MISSING"
	}
}

test_no_basis_is_said if {
	answer := policy.decision with input as object.union(release, {"query": {"actor": {"org": "donghu"}}, "facts": {"consents": [object.union(granted, {"recipient": "donghu"})]}})
	not answer.allow
	codes(answer) == ["NO_BASIS"]
}

test_every_code_has_an_article if {
	every code, entry in policy.catalogue {
		code == entry[1]
		startswith(entry[2], "PIPL ")
	}
}

test_ranks_are_distinct if {
	count({rank | some [rank, _, _] in policy.catalogue}) == count(policy.catalogue)
}
