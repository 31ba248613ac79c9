# How every action answers.
#
# Access is permitted when the action's own package found a basis, nothing prohibits it, and the table of roles lets
# the role do this for this purpose.
package policy.lib

# METADATA
# description: |
#   What every allowance needs besides a basis, said positively, so that what is missing permits nothing. The prohibitions
#   below say which part was wanting.
in_order if {
	complete
	input.query.purpose != "HMARKT"
	known_purpose
	known_kinds
	input.query.custodian == input.org
	role := data.consortium.roles[input.query.actor.role]
	role.purposes[input.query.purpose]
	role.actions[input.query.action]
}

# METADATA
# description: An answer that allows. Its reasons are the bases.
allowed(bases, consent, obligations) := {
	"allow": true,
	"reasons": reasons(bases),
	"consent": consent,
	"obligations": obligations,
}

# METADATA
# description: An answer that refuses. Its reasons are all grounds that apply, most specific first.
refused(grounds) := {
	"allow": false,
	"reasons": reasons(refusals(grounds)),
	"consent": "",
	"obligations": [],
}

reasons(codes) := [{"code": entry[1], "article": entry[2]} | some entry in sort({catalogue[code] | some code in codes})]

refusals(grounds) := prohibitions if {
	not complete
} else := found if {
	found := (prohibitions | general) | grounds
	found != set()
} else := {"NO_BASIS"}

# Prohibitions refuse whatever else is true.

prohibitions contains "INPUT_MISSING" if not complete

prohibitions contains "MARKETING_PROHIBITED" if input.query.purpose == "HMARKT"

prohibitions contains "PURPOSE_UNKNOWN" if {
	complete
	not known_purpose
}

prohibitions contains "KIND_UNKNOWN" if {
	complete
	not known_kinds
}

prohibitions contains "NOT_CUSTODIAN" if {
	complete
	not input.query.custodian == input.org
}

# Grounds that explain a refusal of any action.

general contains "NOT_THE_PATIENT" if {
	about_patient
	input.query.actor.role == "patient"
	not is_the_patient
}

general contains "AUDITOR_NO_CONTENT" if input.query.actor.role == "auditor"

general contains "PURPOSE_NOT_ALLOWED" if {
	known_purpose
	not role_serves_purpose
}

general contains "ROLE_NOT_ALLOWED" if not role_may_act
