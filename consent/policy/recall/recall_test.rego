package policy.recall_test

import data.policy.lib_test.codes
import data.policy.lib_test.now
import data.policy.lib_test.recalling
import data.policy.lib_test.received_under
import data.policy.recall

test_recall_allowed_while_the_consent_holds if {
	answer := recall.decision with input as recalling
	answer.allow
	codes(answer) == ["PATIENT_CONSENT"]
}

test_recall_after_withdrawal_denied if {
	answer := recall.decision with input as received_under({"state": "withdrawn"})
	not answer.allow
	codes(answer) == ["CONSENT_WITHDRAWN"]
}

test_recall_after_the_end_denied if {
	answer := recall.decision with input as received_under({"until": now})
	not answer.allow
	codes(answer) == ["CONSENT_EXPIRED"]
}

test_recall_without_its_consent_denied if {
	answer := recall.decision with input as object.union(recalling, {"facts": {"invitations": []}})
	not answer.allow
	codes(answer) == ["CONSENT_MISSING"]
}

test_recall_by_another_member_denied if {
	answer := recall.decision with input as object.union(recalling, {"query": {"actor": {"org": "anhe"}}})
	not answer.allow
	codes(answer) == ["OTHER_ORGANISATION"]
}

test_recall_by_a_patient_denied if {
	answer := recall.decision with input as object.union(recalling, {"query": {"actor": {"role": "patient"}, "purpose": "PATRQT"}})
	not answer.allow
}
