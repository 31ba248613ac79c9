// Package consent is the domain of permission: what a patient agreed to and took back, and the decision on every
// access.
//
// A consent is a statement that the patient reads and signs in the browser with a key made for it alone. It counts only
// once the ledger has committed it; its withdrawal counts the moment the database has it. So every delay and every
// failure refuses.
//
// The package knows no database, ledger, transport or policy engine: they are behind the ports declared beside their
// use.
package consent

import (
	"slices"
	"time"

	"yilian.example/chaincode/ledger"
	"yilian.example/exchange/consortium"
)

// ID names a consent: lower-case hex of the SHA-256 of its public key (SubjectPublicKeyInfo). It says nothing about the
// patient.
type ID string

// Valid reports whether the id has the shape of a hash.
func (id ID) Valid() bool { return ledger.ValidID(string(id)) }

// MaxPeriod is the longest time that a consent may run: one year, so that it is asked for again while it is remembered
// (PIPL 19).
const MaxPeriod = 366 * 24 * time.Hour

// Terms are what the patient agrees to. A change of any of them needs a fresh consent (PIPL 14, 23).
type Terms struct {
	Patient   consortium.PatientRef
	Custodian consortium.OrgID // who holds the records and will hand them over
	Recipient consortium.OrgID // who may receive them
	Purpose   consortium.Purpose
	Kinds     []consortium.Kind // sorted, without repeats
	From      time.Time         // whole seconds, UTC
	Until     time.Time         // whole seconds, UTC; the consent holds before this moment
	Notice    string            // version of the notice that was shown (PIPL 7, 17)
	Lang      Lang              // language in which it was shown
}

// Covers reports whether the terms name the recipient, the purpose and every kind.
func (t Terms) Covers(recipient consortium.OrgID, purpose consortium.Purpose, kinds []consortium.Kind) bool {
	if t.Recipient != recipient || t.Purpose != purpose || len(kinds) == 0 {
		return false
	}
	for _, k := range kinds {
		if !slices.Contains(t.Kinds, k) {
			return false
		}
	}
	return true
}

// State is where a consent stands at its custodian. Expiry is not a state: it follows from Terms.Until.
type State string

// The states.
const (
	Pending   State = "pending"   // signed, not yet committed by the ledger: does not count
	Granted   State = "granted"   // committed by the ledger
	Refused   State = "refused"   // the ledger will not take it: never counts
	Withdrawn State = "withdrawn" // taken back: final
)

// Consent is one consent as its custodian keeps it.
type Consent struct {
	ID          ID
	Terms       Terms
	State       State
	CreatedAt   time.Time
	WithdrawnAt time.Time // zero unless State is Withdrawn
	// when the withdrawal was known to stand on the ledger, or to have nothing to end there; zero until then
	CarriedAt time.Time
	Sealed    []byte // Secret, encrypted under the patient's data key and bound to ID and Terms
	Receipt   []byte // Receipt, encrypted likewise; empty until the ledger committed the grant
}

// Holds reports whether the consent is granted and in its period. A Granted state must have been proven by the sealed
// receipt first.
func (c Consent) Holds(at time.Time) bool {
	return c.State == Granted && !at.Before(c.Terms.From) && at.Before(c.Terms.Until)
}

// Secret is what is kept encrypted with a consent: all that opens the commitments and all that the ledger needs.
type Secret struct {
	Statement []byte   `json:"statement"` // canonical JSON, what the patient signed over
	Salt      [32]byte `json:"salt"`      // opens the commitment on the ledger
	// opens the commitment in the log, another one so that the two cannot be linked
	LogSalt    [32]byte `json:"logSalt"`
	PublicKey  []byte   `json:"publicKey"`  // SubjectPublicKeyInfo
	Grant      []byte   `json:"grant"`      // signature over ledger.GrantMessage
	Withdrawal []byte   `json:"withdrawal"` // signature over ledger.WithdrawalMessage, made at the same moment
}

// Receipt is the proof, for ourselves, that the ledger committed a grant. It is kept sealed, so that whoever can write
// to the database but lacks the organisation's key cannot turn a pending consent into a granted one, nor move a receipt
// to other terms.
type Receipt struct {
	Tx         string    `json:"tx"` // id of the ledger's transaction
	Commitment []byte    `json:"commitment"`
	Until      int64     `json:"until"` // Unix seconds
	At         time.Time `json:"at"`    // transaction time
}
