package clinician

import (
	"context"

	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/release"
)

// Deps is what the pages of clinicians and assessors need; gateway/wire_web.go plugs it together. Every field is
// required.
type Deps struct {
	Systems []string // FHIR identifier systems by which patients can be found, best first
	// Ref turns a national identifier into the reference under which the consortium knows the person. It says nothing
	// about whether anybody holds anything. fault.Invalid when the value cannot be of that system.
	Ref func(system, value string) (consortium.PatientRef, error)

	Records  Records
	Holdings Holdings
	Requests Requests
	Evidence Evidence
}

// Records reads this organisation's records on a patient; *records.Reading is one. Every call is decided and logged
// there; a refusal is an *exchange.Refused (fault.Forbidden).
type Records interface {
	// List returns a page of the newest versions of the records of the kinds, in any order, and how many there are.
	// Without a limit nothing is cut but what the page limits of each kind.
	List(
		ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
		kinds []consortium.Kind, page exchange.Page,
	) (exchange.Listing, error)
	// Read returns the current version of one record (number 0).
	Read(
		ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, ref exchange.RecordRef, number int,
	) (exchange.Version, error)
}

// Holdings tells who holds what on a patient; *records.Reading is one.
type Holdings interface {
	Locate(
		ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
	) ([]exchange.Holding, error)
}

// Requests asks other members for records; *release.Asking is one.
type Requests interface {
	// Ask sends the request and waits for the custodian's answer. A refusal is a Result whose Decision does not allow, not
	// an error.
	Ask(
		ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
		custodian consortium.OrgID, kinds []consortium.Kind,
	) (release.Result, error)
	// Show returns an earlier answer to the one who asked.
	Show(ctx context.Context, actor consortium.Actor, id string) (release.Result, error)
	// More asks the custodian of an earlier answer for the older records that follow; fault.Conflict where none does.
	More(ctx context.Context, actor consortium.Actor, id string) (release.Result, error)
}

// Evidence builds the evidence file of a record that another member released to the caller. fault.Conflict with code
// NOT_WITNESSED: not yet, try again soon.
type Evidence interface {
	ReceivedEvidence(ctx context.Context, actor consortium.Actor, release, typ, id string) ([]byte, error)
}
