package policy

# METADATA
# description: The consent that a release rests on, the one that lasts longest; empty where there is none.
default consent := ""

consent := id if {
	allow
	input.query.action == "release"
	[_, id] := max(sufficient)
}

default obligations := []

# The recipient gets the kinds asked for and no others, keeps a receipt in its log, and may not hand the records on (PIPL 6, 23).
obligations := ["ONLY_KINDS", "RECEIPT", "NO_ONWARD"] if {
	allow
	input.query.action == "release"
}

# An insurer's assessor learns only what the inviting custodians hold (PIPL 6).
obligations := [concat(":", ["FROM", custodian]) | some custodian in inviting] if {
	allow
	input.query.action == "locate"
	input.query.actor.role == "assessor"
}

inviting contains c.custodian if {
	some c in input.facts.invitations
	permits(c, input.org)
}

# METADATA
# description: The consents that permit this release, each with its end.
sufficient contains [c.until, c.id] if {
	some c in input.facts.consents
	permits(c, input.query.actor.org)
}

# METADATA
# description: A consent permits an organisation what is asked. Everything is asked positively, so that what is missing never matches.
permits(c, org) if {
	c.id != ""
	c.recipient == org
	names_purpose(c)
	names_kinds(c)
	c.state == "granted"
	has_begun(c)
	has_not_ended(c)
}

names_recipient(c) if c.recipient == input.query.actor.org

names_purpose(c) if c.purpose == input.query.purpose

names_kinds(c) if {
	kinds != set()
	object.subset(c.kinds, kinds)
}

has_begun(c) if {
	is_number(c.from)
	c.from <= input.query.time
}

has_not_ended(c) if {
	is_number(c.until)
	input.query.time < c.until
}

# Each consent that names the recipient says how far it comes. That the patient gave consents to others is told only as one code, and
# only when none names this recipient.

consent_grounds contains "CONSENT_MISSING" if input.facts.consents == []

consent_grounds contains "CONSENT_RECIPIENT" if {
	input.facts.consents != []
	for_recipient == set()
}

consent_grounds contains code if {
	some c in for_recipient
	code := shortcoming(c)
}

for_recipient contains c if {
	some c in input.facts.consents
	names_recipient(c)
}

shortcoming(c) := "CONSENT_PURPOSE" if {
	not names_purpose(c)
} else := "CONSENT_KIND" if {
	not names_kinds(c)
} else := "CONSENT_WITHDRAWN" if {
	c.state == "withdrawn"
} else := "CONSENT_REFUSED" if {
	c.state == "refused"
} else := "CONSENT_PENDING" if {
	not c.state == "granted"
} else := "CONSENT_NOT_BEGUN" if {
	not has_begun(c)
} else := "CONSENT_EXPIRED" if {
	not has_not_ended(c)
}

# What was received is shown no more once its consent fell short.

recall_grounds contains "CONSENT_MISSING" if input.facts.invitations == []

recall_grounds contains code if {
	some c in input.facts.invitations
	code := shortcoming(c)
}
