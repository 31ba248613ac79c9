package patient

import (
	"context"

	"yilian.example/consent"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
)

// Deps is what the patient's pages need; gateway/wire_web.go plugs it together. Every field is required.
type Deps struct {
	Records  Records
	Access   AccessHistory
	Proofs   Proofs
	Evidence Evidence
	Consents Consents
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
	// Read returns one version of one record; number 0 is the newest.
	Read(
		ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, ref exchange.RecordRef, number int,
	) (exchange.Version, error)
}

// AccessHistory is the patient's own view of who looked at this organisation; *records.Keeper is one.
type AccessHistory interface {
	// AccessHistory returns up to limit entries with a number below before, newest first, having checked that none is
	// missing; before 0 means from the newest.
	AccessHistory(
		ctx context.Context, patient consortium.PatientRef, before int64, limit int,
	) ([]exchange.AccessEntry, error)
}

// Proofs tells which log entries stand in a checkpoint that the ledger has witnessed. Entries that are not in the
// answer do not.
type Proofs interface {
	Witnessed(ctx context.Context, entries []string) (map[string]bool, error)
}

// Evidence builds the evidence file of a record's current version, under a logged decision. fault.Conflict with code
// NOT_WITNESSED: not yet, try again soon.
type Evidence interface {
	Evidence(ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, typ, id string) ([]byte, error)
}

// Consents is the patient's own grants at this organisation; *consent.Consents is one.
type Consents interface {
	List(ctx context.Context, actor consortium.Actor) ([]consent.Consent, error)
	// Draft writes the statement that the patient is asked to sign.
	Draft(ctx context.Context, actor consortium.Actor, choice consent.Choice) (consent.Draft, error)
	// Withdraw counts at once; carrying it to the ledger is the implementation's work.
	Withdraw(ctx context.Context, actor consortium.Actor, id consent.ID) (consent.Consent, error)
}
