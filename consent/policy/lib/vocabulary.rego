# Words that the rules of all actions share.
#
# Says things about the input and permits nothing. Roles, purposes and kinds are data: consortium/roles.go and
# consortium/consortium.go, handed over by the engine as data.consortium.
package policy.lib

at_home if input.query.actor.org == input.org

is_the_patient if input.query.actor.patient == input.query.patient

about_patient if {
	input.query.patient != ""
	kinds != set()
	object.subset(data.consortium.kinds, kinds)
}

kinds := {kind | some kind in input.query.kinds}

about_nobody if {
	input.query.patient == ""
	input.query.kinds == ["directory"]
}

known_kinds if about_patient

known_kinds if about_nobody

known_purpose if data.consortium.purposes[input.query.purpose]

role_serves_purpose if data.consortium.roles[input.query.actor.role].purposes[input.query.purpose]

role_may_act if data.consortium.roles[input.query.actor.role].actions[input.query.action]

# METADATA
# description: What a decision needs to know. A fact that is missing is not a fact that is false.
complete if {
	words := {
		input.org,
		input.query.actor.id,
		input.query.actor.org,
		input.query.actor.role,
		input.query.purpose,
		input.query.action,
		input.query.custodian,
	}
	not "" in words
	is_string(input.query.patient)
	input.query.kinds != []
	is_number(input.query.time)
	is_boolean(input.facts.care)
	is_array(input.facts.consents)
	is_array(input.facts.invitations)
}
