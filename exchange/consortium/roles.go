package consortium

import "slices"

// Role is what a caller is, as the identity provider of their organisation says.
type Role string

// The roles.
const (
	RolePatient   Role = "patient"
	RoleClinician Role = "clinician" // registered doctor or nurse
	RoleSystem    Role = "system"    // a hospital system of the same organisation (HIS, LIS, PACS)
	RoleAuditor   Role = "auditor"   // sees logs and sizes, never records
	RoleAssessor  Role = "assessor"  // an insurer's claims assessor
	RoleGateway   Role = "gateway"   // another member's gateway, known by its certificate
)

// Grant is one line of the table of roles: what a role may ever do, and for which purposes. Whether it may in a given
// case is the policy's to say (consent/policy), which permits nothing beyond this table.
type Grant struct {
	Role     Role
	Purposes []Purpose
	Actions  []Action
}

// grants is the one table of roles. Go, the policy's rules and the pages read it; a new role is a line here.
var grants = []Grant{
	{RolePatient, []Purpose{PatientRequest}, []Action{ActionRead, ActionLocate, ActionAsk}},
	{RoleClinician, []Purpose{Treatment}, []Action{ActionRead, ActionLocate, ActionAsk, ActionRelease, ActionRecall}},
	{RoleSystem, []Purpose{Operations}, []Action{ActionStore, ActionRead}},
	{RoleAuditor, nil, nil},
	{RoleAssessor, []Purpose{Payment}, []Action{ActionLocate, ActionAsk, ActionRelease, ActionRecall}},
	{RoleGateway, []Purpose{Treatment, Payment}, []Action{ActionRelease}},
}

// Grants returns a copy of the table of roles.
func Grants() []Grant {
	out := make([]Grant, len(grants))
	for i, g := range grants {
		out[i] = Grant{g.Role, slices.Clone(g.Purposes), slices.Clone(g.Actions)}
	}
	return out
}

// Roles lists them all.
func Roles() []Role {
	out := make([]Role, len(grants))
	for i, g := range grants {
		out[i] = g.Role
	}
	return out
}

// Valid reports whether the role is known.
func (r Role) Valid() bool { return slices.Contains(Roles(), r) }

// May reports whether the role may ever do that.
func (r Role) May(action Action) bool {
	return slices.ContainsFunc(grants, func(g Grant) bool { return g.Role == r && slices.Contains(g.Actions, action) })
}

// Serves reports whether the role may ever act for that purpose.
func (r Role) Serves(purpose Purpose) bool {
	return slices.ContainsFunc(grants, func(g Grant) bool { return g.Role == r && slices.Contains(g.Purposes, purpose) })
}
