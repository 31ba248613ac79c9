# METADATA
# title: Show again what another member released to this one
package policy.recall

import data.policy.lib

# METADATA
# description: What was received is shown only while the consent that it came under holds.
# entrypoint: true
decision := lib.allowed(bases, "", []) if {
	allow
} else := lib.refused(grounds)

default allow := false

allow if {
	bases != set()
	input.query.action == "recall"
	lib.in_order
}

# The one use of invitations: a consent given at another custodian, of which the ledger says whether it still stands.
bases contains "PATIENT_CONSENT" if {
	lib.about_patient
	lib.at_home
	some c in input.facts.invitations
	lib.permits(c, input.org)
}

# What was received is shown no more once its consent fell short.

grounds contains "CONSENT_MISSING" if {
	lib.about_patient
	input.facts.invitations == []
}

grounds contains lib.shortcoming(c) if {
	lib.about_patient
	some c in input.facts.invitations
}

grounds contains "OTHER_ORGANISATION" if not lib.at_home
