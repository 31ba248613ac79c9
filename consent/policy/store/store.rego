# METADATA
# title: Keep what the organisation's own systems send
package policy.store

import data.policy.lib

# METADATA
# description: Bases are hospital record keeping and the directory.
# entrypoint: true
decision := lib.allowed(bases, "", []) if {
	allow
} else := lib.refused(grounds)

default allow := false

allow if {
	bases != set()
	input.query.action == "store"
	lib.in_order
}

bases contains "RECORD_KEEPING" if {
	input.query.actor.role == "system"
	lib.at_home
	lib.about_patient
	input.query.purpose == "HOPERAT"
}

bases contains "DIRECTORY" if {
	lib.about_nobody
	lib.at_home
}

grounds contains "OTHER_ORGANISATION" if not lib.at_home
