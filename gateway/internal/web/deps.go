package web

import (
	"context"
	"log/slog"
	"time"

	"github.com/gin-gonic/gin"

	"yilian.example/consent"
	"yilian.example/exchange"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/evidence"
	"yilian.example/exchange/oversight"
	"yilian.example/exchange/release"
	"yilian.example/gateway/config"
	"yilian.example/gateway/internal/auth"
)

// Deps is all that the pages need; gateway/run.go plugs it together. Every field is required but where it says
// otherwise.
type Deps struct {
	Org     consortium.OrgID
	Members []config.Member // names and addresses of all members, to show
	Systems []string        // FHIR identifier systems by which patients can be found, best first

	Records  Records
	Access   AccessLog
	Proofs   Proofs
	Evidence EvidenceBuilder
	Consents Consents
	Holdings Holdings
	Requests Requests
	Audit    Audit

	// Ref turns a national identifier into the reference under which the consortium knows the person. It says nothing
	// about whether anybody holds anything. fault.Invalid when the value cannot be of that system.
	Ref func(system, value string) (consortium.PatientRef, error)
	// Verify checks an evidence file (evidence.Verify with the members' roots). fault.Invalid: it is none.
	Verify func(file []byte) (evidence.Report, error)

	// Authenticate puts the caller into the request's context and calls fail for a bad session or token
	// (auth.Auth.Authenticate).
	Authenticate func(fail auth.Fail) gin.HandlerFunc

	Log *slog.Logger
	Now func() time.Time // nil: time.Now
	// RequestID names the request for support; nil: the response header X-Request-Id.
	RequestID func(*gin.Context) string
}

// Records reads this organisation's records on a patient; *records.Reading is one. Every call is decided and logged
// there; a refusal is an *exchange.Refused (fault.Forbidden).
type Records interface {
	// List gives the newest version of each record of the kinds, in any order.
	List(
		ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, patient consortium.PatientRef,
		kinds []consortium.Kind,
	) ([]exchange.Version, error)
	// Read gives one version of one record; number 0 is the newest.
	Read(
		ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, ref exchange.RecordRef, number int,
	) (exchange.Version, error)
}

// AccessLog is the patient's own view of who looked at this organisation; *records.Keeper is one.
type AccessLog interface {
	// AccessLog gives up to limit entries with a number below before, newest first, having checked that none is missing;
	// before 0 means from the newest.
	AccessLog(ctx context.Context, patient consortium.PatientRef, before int64, limit int) ([]exchange.AccessEntry, error)
}

// Proofs tells which log entries stand in a checkpoint that the ledger has witnessed. Entries that are not in the
// answer do not.
type Proofs interface {
	Witnessed(ctx context.Context, entries []string) (map[string]bool, error)
}

// EvidenceBuilder builds the evidence file of a record's current version, under a logged decision. fault.Conflict with
// code NOT_WITNESSED: not yet, try again soon.
type EvidenceBuilder interface {
	Evidence(ctx context.Context, actor consortium.Actor, purpose consortium.Purpose, typ, id string) ([]byte, error)
	// ReceivedEvidence is Evidence for a record that another member released to the caller.
	ReceivedEvidence(ctx context.Context, actor consortium.Actor, release, typ, id string) ([]byte, error)
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
	// Show gives an earlier answer to the one who asked.
	Show(ctx context.Context, actor consortium.Actor, id string) (release.Result, error)
}

// Audit returns the state of every member's log, for the auditor.
type Audit interface {
	Logs(ctx context.Context) ([]LogState, error)
}

// LogState is one log, as its member's public address and the ledger each tell it.
type LogState = oversight.LogState

// Consents is the patient's own grants at this organisation; *consent.Consents is one.
type Consents interface {
	List(ctx context.Context, actor consortium.Actor) ([]consent.Consent, error)
	// Draft writes the statement that the patient is asked to sign.
	Draft(ctx context.Context, actor consortium.Actor, choice consent.Choice) (consent.Draft, error)
	// Withdraw counts at once; carrying it to the ledger is the implementation's work.
	Withdraw(ctx context.Context, actor consortium.Actor, id consent.ID) (consent.Consent, error)
}
