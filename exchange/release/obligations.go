package release

import (
	"fmt"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/fault"
)

// The codes of errors about obligations.
const (
	// CodeObligationUnknown: another member ties what it released to something that no code here carries out.
	CodeObligationUnknown fault.Code = "OBLIGATION_UNKNOWN"
	// CodeReleaseBeyondDecision: a record was about to leave that the decision does not cover.
	CodeReleaseBeyondDecision fault.Code = "RELEASE_BEYOND_DECISION"
)

// releasable carries out ONLY_KINDS and NO_ONWARD at the custodian, whether a decision names them or not: what is
// handed over is of the decided kinds and patient, and is the custodian's own, never what it received from another
// member.
func releasable(d consortium.Decision, versions []exchange.Version) error {
	kinds := map[consortium.Kind]bool{}
	for _, k := range d.Query.Kinds {
		kinds[k] = true
	}
	for i, v := range versions {
		var wrong string
		switch {
		case v.Ref.Org != d.Query.Custodian:
			wrong = "another member's"
		case v.Patient != d.Query.Patient:
			wrong = "another patient's"
		case !kinds[v.Kind]:
			wrong = "of a kind that was not decided on"
		default:
			continue
		}
		return fault.Wrap(
			fmt.Errorf("check release: record %d is %s", i, wrong), fault.Forbidden, CodeReleaseBeyondDecision,
			"Something was about to be released that the decision does not cover, so nothing was. Tell the administrator.",
		)
	}
	return nil
}

// acceptable refuses a reply whose decision is tied to something that nothing here carries out. What is known is: a
// receipt is logged before anything is shown (keep), and what was received is kept where no release reads (releasable).
func acceptable(d consortium.Decision) error {
	for _, o := range d.Obligations {
		if !o.Binds(consortium.ActionRelease) {
			return fault.Wrap(
				fmt.Errorf("check reply: no code carries out %q", o), fault.Unavailable, CodeObligationUnknown,
				"The other organisation ties its answer to something that this gateway cannot carry out, so it was not used. "+
					"Tell your administrator.",
			)
		}
	}
	return nil
}
