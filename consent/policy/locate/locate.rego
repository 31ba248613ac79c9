# METADATA
# title: Tell which members hold what kinds of data on a patient, or what this one holds
package policy.locate

import data.policy.lib

# METADATA
# description: Asked by people here and, through their gateway, by people of other members.
# entrypoint: true
decision := lib.allowed(bases, consent, []) if {
	allow
} else := lib.refused(grounds)

default allow := false

allow if {
	bases != set()
	input.query.action == "locate"
	lib.in_order
}

# People of, or at, this organisation.

bases contains "TREATMENT_RELATION" if {
	input.query.actor.role == "clinician"
	lib.at_home
	lib.about_patient
	input.query.purpose == "TREAT"
	input.facts.care == true
}

bases contains "PATIENT_SELF" if {
	input.query.actor.role == "patient"
	lib.at_home
	lib.about_patient
	lib.is_the_patient
	input.query.purpose == "PATRQT"
}

# People of other members. The member that asks vouches for the treatment and for who its patient is: it decided `ask`
# by its own facts, and its question is signed.

bases contains "MEMBER_TREATMENT" if {
	input.query.actor.role == "clinician"
	not lib.at_home
	lib.about_patient
	input.query.purpose == "TREAT"
}

bases contains "MEMBER_PATIENT" if {
	input.query.actor.role == "patient"
	not lib.at_home
	lib.about_patient
	lib.is_the_patient
	input.query.purpose == "PATRQT"
}

# An insurer learns what is held here only under a consent given here.
bases contains "PATIENT_CONSENT" if {
	input.query.actor.role == "assessor"
	not lib.at_home
	lib.about_patient
	input.query.purpose == "HPAYMT"
	sufficient != set()
}

# METADATA
# description: The consent that telling an insurer rests on, the one that lasts longest; empty where there is none.
default consent := ""

consent := id if {
	not lib.at_home
	input.query.actor.role == "assessor"
	[_, id] := max(sufficient)
}

sufficient contains [c.until, c.id] if {
	some c in input.facts.consents
	lib.permits(c, input.query.actor.org)
}

grounds contains "NO_TREATMENT_RELATION" if {
	lib.about_patient
	lib.at_home
	input.query.actor.role == "clinician"
	not input.facts.care
}

# Also to an insurer's own assessor, who has no basis here: it is what they read when no custodian tells them anything.
grounds contains "NOT_INVITED" if {
	lib.about_patient
	input.query.actor.role == "assessor"
}
