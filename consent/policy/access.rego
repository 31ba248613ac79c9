# METADATA
# title: Access to health records
# description: |
#   Decides one query: who, why, about whom, what, from whom. Refuses unless a basis is found and nothing prohibits it.
#   Articles are of the Personal Information Protection Law (PIPL, 个人信息保护法).
package policy

# METADATA
# description: The answer. Reasons are the bases when allowed, and all grounds of refusal, most specific first, when not.
# entrypoint: true
decision := {
	"allow": allow,
	"reasons": [{"code": entry[1], "article": entry[2]} | some entry in sort({catalogue[code] | some code in codes})],
	"consent": consent,
	"obligations": obligations,
}

default allow := false

allow if {
	bases != set()
	prohibitions == set()
}

codes := bases if {
	allow
} else := refusals if {
	refusals != set()
} else := {"NO_BASIS"}

refusals := prohibitions | grounds

# Prohibitions refuse whatever else is true.

prohibitions contains "INPUT_MISSING" if not complete

prohibitions contains "MARKETING_PROHIBITED" if input.query.purpose == "HMARKT"

prohibitions contains "PURPOSE_UNKNOWN" if {
	complete
	not purposes[input.query.purpose]
}

prohibitions contains "KIND_UNKNOWN" if {
	complete
	not known_kinds
}

prohibitions contains "NOT_CUSTODIAN" if {
	complete
	not own_records
}

# Bases permit.

bases contains "RECORD_KEEPING" if {
	input.query.actor.role == "system"
	at_home
	about_patient
	input.query.purpose == "HOPERAT"
	input.query.action in {"store", "read"}
}

bases contains "TREATMENT_RELATION" if {
	input.query.actor.role == "clinician"
	at_home
	about_patient
	input.query.purpose == "TREAT"
	input.query.action in {"read", "locate"}
	input.facts.care == true
}

bases contains "PATIENT_SELF" if {
	input.query.actor.role == "patient"
	at_home
	about_patient
	is_the_patient
	input.query.purpose == "PATRQT"
	input.query.action in {"read", "locate"}
}

bases contains "PATIENT_CONSENT" if {
	input.query.action == "release"
	about_patient
	not at_home
	role_serves_purpose
	role_may_act
	sufficient != set()
}

# What another member released is shown again only while the consent that it came under holds.
bases contains "PATIENT_CONSENT" if {
	input.query.action == "recall"
	about_patient
	at_home
	role_serves_purpose
	role_may_act
	some c in input.facts.invitations
	permits(c, input.org)
}

# An insurer's assessor may look for a person who invited the insurer; the custodian decides on what is handed over.
bases contains "PATIENT_INVITATION" if {
	input.query.actor.role == "assessor"
	at_home
	about_patient
	input.query.purpose == "HPAYMT"
	input.query.action == "locate"
	some c in input.facts.invitations
	permits(c, input.org)
}

bases contains "DIRECTORY" if {
	about_nobody
	at_home
	role_serves_purpose
	role_may_act
	input.query.action in {"store", "read"}
}

# Grounds explain a refusal for want of a basis.

grounds contains code if {
	complete
	input.query.action == "release"
	about_patient
	some code in consent_grounds
}

grounds contains code if {
	complete
	input.query.action == "recall"
	about_patient
	some code in recall_grounds
}

grounds contains "NO_TREATMENT_RELATION" if {
	complete
	about_patient
	input.query.actor.role == "clinician"
	input.query.action in {"read", "locate"}
	not input.facts.care
}

grounds contains "NOT_INVITED" if {
	complete
	about_patient
	input.query.actor.role == "assessor"
	input.query.action == "locate"
}

grounds contains "NOT_THE_PATIENT" if {
	complete
	about_patient
	input.query.actor.role == "patient"
	not is_the_patient
}

grounds contains "AUDITOR_NO_CONTENT" if {
	complete
	input.query.actor.role == "auditor"
}

grounds contains "OTHER_ORGANISATION" if {
	complete
	not input.query.action == "release"
	not at_home
}

grounds contains "PURPOSE_NOT_ALLOWED" if {
	complete
	purposes[input.query.purpose]
	not role_serves_purpose
}

grounds contains "ROLE_NOT_ALLOWED" if {
	complete
	not role_may_act
}

# What the bases rest on.

at_home if input.query.actor.org == input.org

own_records if input.query.custodian == input.org

is_the_patient if input.query.actor.patient == input.query.patient

about_patient if {
	input.query.patient != ""
	kinds != set()
	object.subset(patient_kinds, kinds)
}

kinds := {kind | some kind in input.query.kinds}

about_nobody if {
	input.query.patient == ""
	input.query.kinds == ["directory"]
}

known_kinds if about_patient

known_kinds if about_nobody

role_serves_purpose if roles[input.query.actor.role].purposes[input.query.purpose]

role_may_act if roles[input.query.actor.role].actions[input.query.action]

# What a decision needs to know. A fact that is missing is not a fact that is false.

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
