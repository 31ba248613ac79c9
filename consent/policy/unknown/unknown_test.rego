package policy.unknown_test

import data.policy.lib_test.base
import data.policy.lib_test.codes
import data.policy.unknown

test_an_action_without_rules_is_refused if {
	answer := unknown.decision with input as object.union(base, {"query": {"action": "export"}})
	not answer.allow
	codes(answer) == ["ACTION_UNKNOWN", "ROLE_NOT_ALLOWED"]
}

test_an_empty_action_is_missing_input if {
	answer := unknown.decision with input as object.union(base, {"query": {"action": ""}})
	not answer.allow
	codes(answer) == ["INPUT_MISSING"]
}

# Even an action that the table of roles names.
test_a_known_action_without_rules_is_refused if {
	answer := unknown.decision with input as base
	not answer.allow
	codes(answer) == ["ACTION_UNKNOWN"]
}
