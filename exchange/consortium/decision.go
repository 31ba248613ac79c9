package consortium

import (
	"slices"
	"time"
)

// Action is what a query wants to do.
type Action string

// The actions.
const (
	ActionStore   Action = "store"   // keep what the organisation's own system sends
	ActionRead    Action = "read"    // show to somebody of, or at, the custodian's own organisation
	ActionLocate  Action = "locate"  // learn which members hold what kinds of data on a patient
	ActionAsk     Action = "ask"     // put a question about a patient to other members' gateways
	ActionRelease Action = "release" // hand to another organisation
	ActionRecall  Action = "recall"  // show again what another member released to this one
)

// Actions lists them all. Each has its rules in a package of consent/policy.
func Actions() []Action {
	return []Action{ActionStore, ActionRead, ActionLocate, ActionAsk, ActionRelease, ActionRecall}
}

// Valid reports whether the action is known.
func (a Action) Valid() bool { return slices.Contains(Actions(), a) }

// Query is one question to the policy: who, why, about whom, what, from whom.
type Query struct {
	Actor     Actor      `json:"actor"`
	Purpose   Purpose    `json:"purpose"`
	Action    Action     `json:"action"`
	Custodian OrgID      `json:"custodian"` // the organisation that holds the data and decides
	Patient   PatientRef `json:"patient"`   // empty for directory data
	Kinds     []Kind     `json:"kinds"`     // sorted, without repeats
	Time      time.Time  `json:"time"`
	Consent   string     `json:"consent,omitempty"` // for ActionRecall: the consent that the copy was received under
}

// Reason is one ground of a decision: a stable code and the articles of law that it rests on, as ParseCitations reads
// them.
type Reason struct {
	Code    string `json:"code"`    // for example CONSENT_MISSING
	Article string `json:"article"` // for example "PIPL 23, 29"
}

// Decision is the policy's answer. It is logged whatever it says.
type Decision struct {
	Query       Query        `json:"query"`
	Allow       bool         `json:"allow"`
	Reasons     []Reason     `json:"reasons"`           // never empty: the basis when allowed, all grounds when refused
	Consent     string       `json:"consent,omitempty"` // id of the consent that it rests on
	Obligations []Obligation `json:"obligations,omitempty"`
	Policy      string       `json:"policy"` // hex SHA-256 of the policy's text
}
