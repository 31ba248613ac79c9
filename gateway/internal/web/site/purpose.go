package site

import "yilian.example/exchange/consortium"

// purposes repeats, for the roles that have pages about a person, what the policy's table of roles says. It is what
// each opens a person's page for; it stands on the page (the component "purpose"), so that nobody states a purpose
// without knowing it.
var purposes = map[consortium.Role]consortium.Purpose{
	consortium.RolePatient:   consortium.PatientRequest,
	consortium.RoleClinician: consortium.Treatment,
	consortium.RoleAssessor:  consortium.Payment,
}

// PurposeOf returns the purpose for which a role opens a person's page; empty for a role that opens none.
func PurposeOf(r consortium.Role) consortium.Purpose { return purposes[r] }
