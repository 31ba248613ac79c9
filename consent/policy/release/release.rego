# METADATA
# title: Hand records to another organisation
package policy.release

import data.policy.lib

# METADATA
# description: Only a consent that the patient gave to that organisation permits it.
# entrypoint: true
decision := lib.allowed(bases, consent, ["ONLY_KINDS", "RECEIPT", "NO_ONWARD"]) if {
	allow
} else := lib.refused(grounds)

default allow := false

allow if {
	bases != set()
	input.query.action == "release"
	lib.in_order
}

bases contains "PATIENT_CONSENT" if {
	lib.about_patient
	not lib.at_home
	sufficient != set()
}

# METADATA
# description: The consent that the release rests on, the one that lasts longest.
consent := id if [_, id] := max(sufficient)

sufficient contains [c.until, c.id] if {
	some c in input.facts.consents
	lib.permits(c, input.query.actor.org)
}

# Each consent that names the recipient says how far it comes. That the patient gave consents to others is told only as one code, and
# only when none names this recipient.

grounds contains "CONSENT_MISSING" if {
	lib.about_patient
	input.facts.consents == []
}

grounds contains "CONSENT_RECIPIENT" if {
	lib.about_patient
	input.facts.consents != []
	for_recipient == set()
}

grounds contains lib.shortcoming(c) if {
	lib.about_patient
	some c in for_recipient
}

for_recipient contains c if {
	some c in input.facts.consents
	c.recipient == input.query.actor.org
}
