package ledger

import (
	"encoding/hex"
	"fmt"
	"time"
)

// TypeConsent says what a ConsentState is.
const TypeConsent = "yilian/consent-state/v1"

// MaxConsentYears is the longest time that a grant may run from its transaction.
const MaxConsentYears = 5

// Mode is how the patient's will was expressed.
type Mode string

// The modes.
const (
	ModeSelf     Mode = "self"     // the patient, in their own session
	ModeAssisted Mode = "assisted" // at a kiosk or on paper; a member of staff vouches for it with their key
)

// Status is where a consent stands. Expiry is not a status: it follows from Until.
type Status string

// The statuses. Withdrawn is final.
const (
	StatusGranted   Status = "granted"
	StatusWithdrawn Status = "withdrawn"
)

// Grant is one consent. The ledger sees a commitment to its text, never the text, the patient, or who may read what.
type Grant struct {
	ID         string `json:"id"`         // ConsentID of PublicKey
	PublicKey  []byte `json:"publicKey"`  // P-256, SubjectPublicKeyInfo in DER; made for this consent alone
	Commitment []byte `json:"commitment"` // 32 bytes: tlog.Commit("consent", salt, statement)
	Until      int64  `json:"until"`      // Unix seconds; ends the consent
	Signature  []byte `json:"signature"`  // by PublicKey over GrantMessage, r||s
	Mode       Mode   `json:"mode"`
	// For ModeAssisted only.
	Staff          string `json:"staff,omitempty"`          // StaffID of a key that the caller's organisation registered
	StaffSignature []byte `json:"staffSignature,omitempty"` // by that key over AssistMessage, r||s
}

// Withdrawal ends a consent for good. Any member's gateway may carry it.
type Withdrawal struct {
	ID        string `json:"id"`
	Signature []byte `json:"signature"` // by the consent's key over WithdrawalMessage, r||s
}

// ConsentQuery asks for one consent.
type ConsentQuery struct {
	ID string `json:"id"`
}

// ConsentState is what the ledger knows of one consent. Signatures are kept, so that a reader can verify grant and
// withdrawal.
type ConsentState struct {
	Type                string     `json:"type"` // TypeConsent
	Channel             string     `json:"channel"`
	ID                  string     `json:"id"`
	Status              Status     `json:"status"`
	PublicKey           []byte     `json:"publicKey"`
	Commitment          []byte     `json:"commitment"`
	Until               int64      `json:"until"` // Unix seconds
	Signature           []byte     `json:"signature"`
	Mode                Mode       `json:"mode"`
	StaffMSP            string     `json:"staffMsp,omitempty"` // for ModeAssisted: whose staff
	Staff               string     `json:"staff,omitempty"`
	StaffSignature      []byte     `json:"staffSignature,omitempty"`
	GrantedAt           time.Time  `json:"grantedAt"` // transaction time
	GrantTx             string     `json:"grantTx"`
	WithdrawnAt         *time.Time `json:"withdrawnAt,omitempty"`
	WithdrawTx          string     `json:"withdrawTx,omitempty"`
	WithdrawalSignature []byte     `json:"withdrawalSignature,omitempty"`
}

// Active reports whether the consent holds at a time: granted, not withdrawn and not expired.
func (s ConsentState) Active(at time.Time) bool {
	return s.Status == StatusGranted && at.Unix() < s.Until
}

// Staff names a staff key, to register or to retire it.
type Staff struct {
	ID        string `json:"id"`        // StaffID of PublicKey
	PublicKey []byte `json:"publicKey"` // P-256, SubjectPublicKeyInfo in DER
}

// StaffState is a registered staff key of one member. Who the person is, only that member knows.
type StaffState struct {
	MSP          string     `json:"msp"`
	ID           string     `json:"id"`
	PublicKey    []byte     `json:"publicKey"`
	RegisteredAt time.Time  `json:"registeredAt"`
	RetiredAt    *time.Time `json:"retiredAt,omitempty"` // no assisted grant is accepted from then on
}

// GrantMessage is what the patient's key signs to grant: nothing in it tells who, to whom or what for.
func GrantMessage(id string, commitment [32]byte, until int64) []byte {
	return fmt.Appendf(nil, "yilian/consent/grant/v1\n%s\n%s\n%d\n", id, hex.EncodeToString(commitment[:]), until)
}

// WithdrawalMessage is what the patient's key signs to withdraw.
func WithdrawalMessage(id string) []byte {
	return fmt.Appendf(nil, "yilian/consent/withdraw/v1\n%s\n", id)
}

// AssistMessage is what a member of staff signs to vouch for a grant that they took down for a patient.
func AssistMessage(staff, id string, commitment [32]byte, until int64) []byte {
	return fmt.Appendf(
		nil, "yilian/consent/assist/v1\n%s\n%s\n%s\n%d\n", staff, id, hex.EncodeToString(commitment[:]), until,
	)
}
