# METADATA
# title: Put a question about a patient to other members' gateways
package policy.ask

import data.policy.lib

# METADATA
# description: Whether this organisation asks at all; each custodian decides by itself what it answers.
# entrypoint: true
decision := lib.allowed(bases, "", []) if {
	allow
} else := lib.refused(grounds)

default allow := false

allow if {
	bases != set()
	input.query.action == "ask"
	lib.in_order
}

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

# Nothing at an insurer says whether a patient invited it: the custodians know, and answer only where one did.
bases contains "ASKING_CUSTODIANS" if {
	input.query.actor.role == "assessor"
	lib.at_home
	lib.about_patient
	input.query.purpose == "HPAYMT"
}

grounds contains "NO_TREATMENT_RELATION" if {
	lib.about_patient
	input.query.actor.role == "clinician"
	not input.facts.care
}

grounds contains "OTHER_ORGANISATION" if not lib.at_home
