package consent

import (
	"context"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/consortium"
	"yilian.example/exchange/logbook"
)

// Keys encrypts under the data key of a patient at this organisation; aad binds a ciphertext to its place.
type Keys interface {
	Seal(ctx context.Context, patient consortium.PatientRef, aad, plaintext []byte) ([]byte, error)
	// Open is fault.Gone where the key was destroyed, and an error where the bytes or their place were changed.
	Open(ctx context.Context, patient consortium.PatientRef, aad, ciphertext []byte) ([]byte, error)
}

// Ending is what is kept when a consent ends.
type Ending struct {
	At     time.Time
	Sealed []byte // opens the log entry's commitment; under the patient's data key
	Entry  logbook.Entry
	// Carried says that the ledger has the withdrawal already: another member carried it.
	Carried bool
}

// Store keeps consents. Each write is one transaction with its log entry.
type Store interface {
	// Add keeps a pending consent and the order to carry its grant to the ledger; fault.Conflict where the id exists.
	Add(ctx context.Context, c Consent, e logbook.Entry) error
	// Withdraw ends a consent from this moment. A grant that was never tried is dropped, so that it never reaches the
	// ledger; otherwise the withdrawal is ordered to be carried there after it. It is false, and nothing is changed, when
	// the consent had ended before, and fault.NotFound where there is no such consent.
	Withdraw(ctx context.Context, custodian consortium.OrgID, id ID, end Ending) (bool, error)
	// One returns a consent; fault.NotFound where there is none.
	One(ctx context.Context, custodian consortium.OrgID, id ID) (Consent, error)
	// OfPatient returns a patient's consents at a custodian, newest first.
	OfPatient(ctx context.Context, custodian consortium.OrgID, patient consortium.PatientRef) ([]Consent, error)
}

// Op is what an order asks the ledger to do.
type Op string

// The operations.
const (
	OpGrant    Op = "grant"
	OpWithdraw Op = "withdraw"
)

// Order is one operation to be carried to the ledger, claimed by one worker for a time.
type Order struct {
	Custodian consortium.OrgID
	ID        ID
	Op        Op
	Attempts  int    // this one included
	Claim     string // UUID: fences what this worker writes
}

// Outcome is how an order ended for good.
type Outcome struct {
	// Receipt is set for a grant that the ledger committed: sealed. The consent becomes granted unless it was withdrawn
	// meanwhile.
	Receipt []byte
	// Refused is set for a grant that the ledger will never take: the code of its refusal.
	Refused string
	At      time.Time
}

// Outbox hands out orders, each to one worker at a time, a consent's grant always before its withdrawal.
type Outbox interface {
	// Claim takes up to limit orders that are due, for lease; a worker that dies loses its claim when the lease ends.
	Claim(ctx context.Context, custodian consortium.OrgID, now time.Time, lease time.Duration, limit int) ([]Order, error)
	// Settle removes the order and writes its outcome in one transaction; fault.Conflict where the claim was lost.
	Settle(ctx context.Context, o Order, out Outcome) error
	// Postpone returns the order back until then, with the code of the reason; fault.Conflict where the claim was lost.
	Postpone(ctx context.Context, o Order, until time.Time, code string) error
}

// Ledger is the consent contract. An error that holds a *ledger.Refusal means that nothing was changed; after any other
// error the outcome is unknown and is looked up before the next attempt.
type Ledger interface {
	GrantConsent(ctx context.Context, g ledger.Grant) (ledger.ConsentState, error)
	WithdrawConsent(ctx context.Context, w ledger.Withdrawal) (ledger.ConsentState, error)
	LedgerReader
}

// LedgerReader reads one consent as committed; fault.NotFound where the ledger has none.
type LedgerReader interface {
	Consent(ctx context.Context, id string) (ledger.ConsentState, error)
}

// People tells how old a patient is, from this organisation's own records; fault.NotFound where they do not tell.
type People interface {
	BirthDate(ctx context.Context, actor consortium.Actor) (time.Time, error)
}

// Directory names the members.
type Directory interface {
	Member(id consortium.OrgID) (Party, bool)
}
