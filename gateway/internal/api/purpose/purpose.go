// Package purpose reads what a caller of an API says the data are for. It chooses nothing for them: the law asks for a
// purpose that was stated (PIPL 6), and a log that says "treatment" of everybody who said nothing would be worthless.
package purpose

import (
	"context"
	"net/http"
	"slices"

	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
	"yilian.example/gateway/internal/auth"
)

// Header is where a request states it.
const Header = "Purpose-Of-Use"

// Codes of purposes that are missing, not known, or not those of the access token.
const (
	CodeMissing fault.Code = "PURPOSE_MISSING"
	CodeUnknown fault.Code = "PURPOSE"
	CodeClaimed fault.Code = "PURPOSE_NOT_IN_TOKEN"
)

// Of returns the purpose of a request: that of its header, else the one that its access token was issued for.
func Of(r *http.Request) (consortium.Purpose, error) {
	return From(r.Context(), r.Header.Values(Header))
}

// From is Of for a request whose header's values and context are known. A token that was issued for some purposes
// serves no other, whatever the header says.
func From(ctx context.Context, header []string) (consortium.Purpose, error) {
	claimed := auth.PurposesFrom(ctx)
	switch {
	case len(header) == 0 && len(claimed) == 1:
		header = []string{string(claimed[0])}
	case len(header) == 0:
		return "", fault.New(
			fault.Malformed, CodeMissing,
			"Say what for: send the header "+Header+" with one code of HL7's PurposeOfUse, for example TREAT, or an access "+
				"token that was issued for one purpose (extensions.ihe_iua.purpose_of_use).",
		)
	}
	said := consortium.Purpose(header[0])
	if len(header) > 1 || !said.Valid() {
		return "", fault.New(
			fault.Malformed, CodeUnknown, Header+" must be one code of HL7's PurposeOfUse, for example TREAT.",
		)
	}
	if len(claimed) > 0 && !slices.Contains(claimed, said) {
		return "", fault.New(
			fault.Malformed, CodeClaimed, "The access token was issued for another purpose than "+Header+" names.",
		)
	}
	return said, nil
}
