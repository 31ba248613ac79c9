package policy.lib_test

import data.policy.lib
import data.policy.read
import data.policy.unknown

# One of each action and basis, so that what is said here holds for all of them.
allowed_today := [
	base, system, self, releasing, assessor, recalling, asking, member_clinician, member_patient,
	member_assessor,
]

test_fixtures_are_allowed if {
	every fixture in allowed_today {
		answer := data.policy[fixture.query.action].decision with input as fixture
		answer.allow
		count(answer.reasons) == 1
	}
}

test_marketing_denied if {
	every fixture in allowed_today {
		answer := data.policy[fixture.query.action].decision with input as object.union(fixture, {"query": {"purpose": "HMARKT"}})
		not answer.allow
		codes(answer)[0] == "MARKETING_PROHIBITED"
	}
}

test_foreign_records_denied if {
	every fixture in allowed_today {
		answer := data.policy[fixture.query.action].decision with input as object.union(fixture, {"query": {"custodian": "anhe"}})
		not answer.allow
		codes(answer)[0] == "NOT_CUSTODIAN"
	}
}

test_missing_input_denied if {
	every path in [
		"/org", "/query", "/query/actor", "/query/actor/id", "/query/actor/org", "/query/actor/role", "/query/purpose", "/query/action",
		"/query/custodian", "/query/patient", "/query/kinds", "/query/time", "/facts", "/facts/care", "/facts/consents", "/facts/invitations",
	] {
		every fixture in allowed_today {
			answer := data.policy[fixture.query.action].decision with input as json.remove(fixture, [path])
			not answer.allow
			codes(answer)[0] == "INPUT_MISSING"
		}
	}
}

test_empty_input_denied if {
	answer := unknown.decision with input as {}
	not answer.allow
	codes(answer) == ["INPUT_MISSING"]
}

test_every_code_has_an_article if {
	every code, entry in lib.catalogue {
		code == entry[1]
		entry[2] != ""
	}
}

test_ranks_are_distinct if {
	count({rank | some [rank, _, _] in lib.catalogue}) == count(lib.catalogue)
}

# What every action rests on.

test_a_basis_suffices_when_all_is_in_order if {
	lib.in_order with input as base
	answer := read.decision with input as base with read.bases as {"DIRECTORY"}
	answer.allow
}

test_no_basis_permits_nothing if {
	answer := read.decision with input as base with read.bases as set()
	not answer.allow
}

test_rules_of_another_action_permit_nothing if {
	answer := read.decision with input as releasing with read.bases as {"DIRECTORY"}
	not answer.allow
}

test_a_basis_does_not_reach_beyond_the_table_of_roles if {
	every actor in [{"role": "auditor"}, {"role": "system"}, {"role": "gateway"}, {"role": "admin"}] {
		changed := object.union(base, {"query": {"actor": actor}})
		not lib.in_order with input as changed
		answer := read.decision with input as changed with read.bases as {"DIRECTORY"}
		not answer.allow
	}
}

test_a_prohibition_refuses_despite_a_basis if {
	every change in [
		{"query": {"custodian": "anhe"}}, {"query": {"kinds": ["genome"]}}, {"query": {"purpose": "CURIOSITY"}},
		{"query": {"purpose": "HMARKT"}}, {"query": {"actor": {"id": ""}}},
	] {
		changed := object.union(base, change)
		not lib.in_order with input as changed
		prohibitions := lib.prohibitions with input as changed
		prohibitions != set()
		answer := read.decision with input as changed with read.bases as {"DIRECTORY"}
		not answer.allow
	}
}

test_what_is_in_order_is_not_prohibited if {
	every fixture in allowed_today {
		lib.in_order with input as fixture
		prohibitions := lib.prohibitions with input as fixture
		prohibitions == set()
	}
}

test_a_new_role_is_data if {
	nurse := object.union(base, {"query": {"actor": {"role": "nurse"}}})
	not lib.in_order with input as nurse
	table := {"nurse": {"purposes": {"TREAT": true}, "actions": {"read": true}}}
	lib.in_order with input as nurse with data.consortium.roles as table
}

test_all_grounds_are_said_in_order if {
	answer := lib.refused({"NOT_INVITED", "CONSENT_MISSING"}) with input as object.union(base, {"query": {"actor": {"role": "auditor"}}})
	codes(answer) == ["AUDITOR_NO_CONTENT", "CONSENT_MISSING", "NOT_INVITED", "PURPOSE_NOT_ALLOWED", "ROLE_NOT_ALLOWED"]
	answer.consent == ""
	answer.obligations == []
}

test_a_refusal_always_has_a_reason if {
	answer := lib.refused(set()) with input as base
	codes(answer) == ["NO_BASIS"]
}

test_incomplete_input_tells_nothing_else if {
	answer := lib.refused({"CONSENT_MISSING"}) with input as json.remove(base, ["/query/time"])
	codes(answer) == ["INPUT_MISSING"]
}
