package site

import "yilian.example/exchange/consortium"

// PurposeOf returns the purpose for which a role opens a page about a person: the one that the consortium's table of
// roles has for it. It is empty for a role with none, and for one with several, since a page must not choose between
// them for its reader. It stands on the page (the component "purpose"), so that nobody states a purpose without knowing
// it.
func PurposeOf(r consortium.Role) consortium.Purpose {
	for _, grant := range consortium.Grants() {
		if grant.Role == r && len(grant.Purposes) == 1 {
			return grant.Purposes[0]
		}
	}
	return ""
}
