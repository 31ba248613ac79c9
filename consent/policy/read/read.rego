# METADATA
# title: Show records to somebody of, or at, the custodian's own organisation
package policy.read

import data.policy.lib

# METADATA
# description: Bases are record keeping, the treating relation, the patient's own right and the directory.
# entrypoint: true
decision := lib.allowed(bases, "", []) if {
	allow
} else := lib.refused(grounds)

default allow := false

allow if {
	bases != set()
	input.query.action == "read"
	lib.in_order
}

bases contains "RECORD_KEEPING" if {
	input.query.actor.role == "system"
	lib.at_home
	lib.about_patient
	input.query.purpose == "HOPERAT"
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

bases contains "DIRECTORY" if {
	lib.about_nobody
	lib.at_home
}

grounds contains "NO_TREATMENT_RELATION" if {
	lib.about_patient
	input.query.actor.role == "clinician"
	not input.facts.care
}

grounds contains "OTHER_ORGANISATION" if not lib.at_home
