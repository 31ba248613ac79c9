# What fits a consent.
#
# Everything is asked positively, so that what is missing never matches.
package policy.lib

# METADATA
# description: A consent permits an organisation what is asked.
permits(c, org) if {
	c.id != ""
	c.recipient == org
	names_purpose(c)
	names_kinds(c)
	c.state == "granted"
	has_begun(c)
	has_not_ended(c)
}

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

# METADATA
# description: Why a consent that names the recipient does not permit what is asked, the most telling reason alone.
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
