// Package purpose reads what a caller of an API says the data are for.
package purpose

import (
	"net/http"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// Of gives the purpose of a request: the header Purpose-Of-Use, or what the role is there for.
func Of(r *http.Request, role consortium.Role) (consortium.Purpose, error) {
	return From(r.Header.Values("Purpose-Of-Use"), role)
}

func From(given []string, role consortium.Role) (consortium.Purpose, error) {
	if len(given) > 0 {
		p := consortium.Purpose(given[0])
		if len(given) > 1 || !p.Valid() {
			return "", fault.New(
				fault.Malformed, "PURPOSE", "Purpose-Of-Use must be one code of HL7's PurposeOfUse, for example TREAT.",
			)
		}
		return p, nil
	}
	defaults := map[consortium.Role]consortium.Purpose{
		consortium.RoleSystem: consortium.Operations, consortium.RoleClinician: consortium.Treatment,
		consortium.RolePatient: consortium.PatientRequest, consortium.RoleAssessor: consortium.Payment,
	}
	if p, ok := defaults[role]; ok {
		return p, nil
	}
	return "", fault.New(
		fault.Malformed, "PURPOSE", "Say what for: send the header Purpose-Of-Use with a code of HL7's PurposeOfUse.",
	)
}
